// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace caisson::sources {

/// What the `--! Key: value` lines at the top of a committed file say.
/// Source: graphile/migrate, src/migration.ts, FORMATS.md.
struct GraphileHeader {
    std::string previous;  ///< The hash of the file before it; `-` for the first; empty: not said.
    std::string hash;
    std::string message;
    bool allows_invalid_hash = false;
    bool no_transaction = false;  ///< `--! no-transaction` at the top of the body.
    std::size_t body = 0;         ///< Where the lines of the header end.
};
GraphileHeader read_graphile_header(std::string_view text);

/// `sha1:` of the previous hash and the body. `previous` is empty for the first.
std::string graphile_hash(std::string_view text, const GraphileHeader& header,
                          const std::string& previous);

}  // namespace caisson::sources
