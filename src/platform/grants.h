// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The grants of [roles.*]: SQL's GRANT without the words `grant` and `to`, read into values so
/// that whoever applies them quotes every name.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::platform {

/// `select` or `update (name, email)`. Lower case; `all` stands for all privileges.
struct Privilege {
    std::string name;
    std::vector<std::string> columns;
};

struct GrantTarget {
    std::string schema;     ///< Empty where the statement leaves it to the search path.
    std::string name;       ///< For `all … in schema x`: the schema's name.
    std::string arguments;  ///< Of a function, as written between its parentheses.
    bool has_arguments = false;
};

enum class GrantObject { table, sequence, function, procedure, routine, schema, type };

struct Grant {
    std::vector<Privilege> privileges;
    GrantObject object = GrantObject::table;
    bool all_in_schema = false;  ///< `all tables in schema x, y`: the targets are schemas.
    std::vector<GrantTarget> targets;
};

/// Reads "select, insert on schema.table", "usage on schema x", "execute on all functions in schema
/// x". Names are folded to lower case unless they are in double quotes (PostgreSQL, "Identifiers
/// and Key Words"). Nothing, with the reason in `why`, when it is not a grant.
std::optional<Grant> parse_grant(std::string_view text, std::string& why);

/// "table", "function": the word GRANT uses.
std::string_view grant_object_text(GrantObject object);

}  // namespace caisson::platform
