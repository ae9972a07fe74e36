// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace caisson::sources {

/// `VERSION_name[.dialect][.autocommit].up.sql` taken apart. Source: ory/x, popx/match.go.
struct PopxName {
    std::string version;
    std::string name;
    std::string dialect;  ///< Empty: for all.
    bool autocommit = false;
    bool is_down = false;
    bool is_fizz = false;  ///< In pop's own language.
};
/// Nothing for a file that popx leaves out.
std::optional<PopxName> parse_popx_name(std::string_view file);

}  // namespace caisson::sources
