// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::projects {

/// What SQL asks of the server beside the right to make tables.
struct Needs {
    std::vector<std::string> extensions;  ///< In order; each once.
    std::set<std::string> roles_named;    ///< By OWNER TO, GRANT, policies, SET ROLE.
    std::set<std::string> roles_made;     ///< By CREATE ROLE, USER or GROUP.
    /// What only an administrator may do: `creates roles`; empty: nothing was seen.
    std::string admin;
};

/// Reads the words of one script and adds what it needs. Never fails; what it does not know it
/// passes over.
void read_needs(std::string_view sql, Needs& needs);

}  // namespace caisson::projects
