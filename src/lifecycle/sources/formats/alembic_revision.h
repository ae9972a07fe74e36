// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::sources {

/// What a Python file of Alembic's says of itself, read without running it.
struct AlembicRevision {
    std::string id;
    std::vector<std::string> parents;     ///< `down_revision`: two for a merge, none for a base.
    std::vector<std::string> depends_on;  ///< Of other branches.
    std::string message;                  ///< The first line of its docstring.
    std::string made_at;                  ///< `Create Date:`, as written.
};
/// Nothing for a file that assigns no `revision` and `down_revision`.
std::optional<AlembicRevision> parse_alembic_revision(std::string_view text);

}  // namespace caisson::sources
