// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What each role may do, by whatever way it has the right: its own, a group's, everybody's.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"

namespace caisson::privileges {

/// Rights, such as `select` and `update (name, email)`, by object and role. An object is what SQL
/// calls it behind ON: `table public.users`, `sequence public.numbers`, `function public.f(uuid)`,
/// `schema public`, and `database`. The role `public` is everybody.
using Matrix = std::map<std::string, std::map<std::string, std::set<std::string>>>;

/// What was found of some roles.
struct Privileges {
    Matrix matrix;  ///< Of the roles that exist, of everybody, and of the roles' groups.
    std::map<std::string, std::set<std::string>> groups;  ///< What a role is a member of.
    std::set<std::string> superusers;                     ///< They may do everything.
    /// Roles whose rights a user should have, so that it may be a member of them.
    std::map<std::string, std::set<std::string>> stands_for = {};
    bool has(const std::string& role) const;
};

/// Tables of the schema caisson and objects of extensions are left out.
Privileges read_privileges(pg::Connection& connection, const std::vector<std::string>& roles);

/// The same under other names: `users` says as whom a role connects. A user that several roles
/// connect as has the rights of all of them; it may have them as a member of these roles. Pure.
Privileges as_users(const Privileges& privileges, const std::map<std::string, std::string>& users);

/// A right, or a membership, that is there and should not be, or the other way round.
struct Deviation {
    std::string object;  ///< Empty: it is about the role itself.
    std::string role;
    std::string right;  ///< Of a role: `exist`, `be a superuser`, `be a member of desk`.
    bool is_found = false;
    std::string by{};  ///< The group that gives the right; empty: the role's own, or everybody's.
    std::string remedy{};  ///< SQL that would put it right, or a sentence.
};
/// What differs between what is expected of these roles and what was found. An object that only one
/// side has is drift, and said by no right; a role that only one side has is a difference. What
/// everybody has is said of `public` alone, and what a group gives of the group. `database` is its
/// name where the matrix was found. Pure.
std::vector<Deviation> compare(const Privileges& expected, const Privileges& found,
                               const std::vector<std::string>& roles,
                               const std::string& database = {});

/// The matrix as a table: relations by role, in psql's letters (arwdDxt). Pure.
std::string to_table(const Matrix& matrix, const std::vector<std::string>& roles);

}  // namespace caisson::privileges
