// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace caisson::sources {

/// `001_name` taken apart, however it is spelled: `1`, `001-name`, `V1_name`, `1.2.3_name`,
/// `2024-01-02T03-04-05_name`.
struct PlainName {
    std::string version;
    /// Empty where the number stands alone, and where it is a day: two files of one day are told
    /// apart by their names, so all of it is the version.
    std::string name;
};
/// Without extension. Nothing when it does not begin with a number.
std::optional<PlainName> parse_plain_name(std::string_view stem);

}  // namespace caisson::sources
