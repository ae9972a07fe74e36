// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Pure: what the server has and what the manifest wants, to what is to be done.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "trust/session.h"

namespace caisson::provision {

/// How the comment of a role begins that a shadow made and removes again. Provisioning takes the
/// comment away: from then on the role is the platform's.
inline constexpr std::string_view shadow_role_mark = "Made by Caisson for a shadow";

/// A role as it is, or as it should be.
struct RoleState {
    bool can_login = false;
    bool bypasses_rls = false;
    bool is_powerful = false;  ///< A superuser, or may make databases or roles, or replicate.
    std::set<std::string> member_of;
    bool operator==(const RoleState&) const = default;
};

/// What the server has, of what we care for.
struct Survey {
    bool database_exists = false;
    bool admin_is_superuser = true;
    std::string admin;
    std::map<std::string, RoleState> roles;
    std::map<std::string, std::string> installed;  ///< Extensions of the database: name to version.
    std::map<std::string, std::string> offered;    ///< Extensions that the server could install.
};

/// One thing to do. `sql` may hold a SCRAM verifier, never a password.
struct Action {
    std::string description;
    std::string sql;
    /// Done without where the server refuses, such as an extension whose library it did not load.
    bool is_optional = false;
    /// The server does it outside of a transaction only.
    bool is_alone = false;
};

/// The roles a database should have, by name: the built-in ones and the manifest's own.
std::map<std::string, RoleState> wanted_roles(const platform::Manifest& manifest,
                                              const platform::Database& database);

/// Makes the verifier of a role's new password and keeps the password.
using NewPassword = std::function<std::string(const std::string& role)>;

/// Roles and the database, which PostgreSQL knows as `database_name` in this environment. A role
/// gets a new password when it is new or when we have no secret for it.
std::vector<Action> plan_server(const Survey& found, const platform::Manifest& manifest,
                                const platform::Database& database,
                                const std::string& database_name,
                                const std::set<std::string>& roles_with_secret,
                                const NewPassword& new_password);

struct ExtensionPlan {
    std::vector<Action> actions;
    std::vector<std::string> notes;
};
/// Errors: extension_missing for a required one that the server does not offer, naming the package.
ExtensionPlan plan_extensions(const Survey& found, const platform::Database& database,
                              int server_major);

/// The value of ALTER SYSTEM. Of a setting that is a list of names each one is quoted by itself: as
/// one text, `'a, b'` would become one name, and the server would not start again.
std::string setting_literal(const std::string& name, const std::string& value);

/// Every right the roles have, as one idempotent script: on the database, schema public, what the
/// owner will make, and the schema caisson.
std::string rights(const platform::Manifest& manifest, const platform::Database& database,
                   const std::string& database_name);

/// A grant of a role of the manifest's own, such as "select, insert on businesses", as SQL.
struct Grant {
    std::string role;
    std::string object;             ///< For messages.
    std::set<std::string> schemas;  ///< Whose usage it needs.
    std::string exists;             ///< SQL condition that holds when all of it is there.
    std::string sql;
};
std::vector<Grant> grants(const platform::Manifest& manifest, const platform::Database& database);

}  // namespace caisson::provision
