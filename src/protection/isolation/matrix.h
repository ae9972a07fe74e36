// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What each role may do, by whatever way it has the right: its own, a group's, everybody's.

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "drivers/pg/connection.h"

namespace caisson::isolation {

/// Rights, such as `select` and `update (name, email)`, by object and role. An object is what SQL
/// calls it behind ON: `table public.users`, `sequence public.numbers`, `function public.f(uuid)`,
/// `schema public`, and `database`. The role `public` is everybody.
using Matrix = std::map<std::string, std::map<std::string, std::set<std::string>>>;

/// Of those of the roles that exist. Tables of the schema caisson are left out.
Matrix read_matrix(pg::Connection& connection, const std::vector<std::string>& roles);

/// A right that is there and should not be, or the other way round.
struct Deviation {
    std::string object;
    std::string role;
    std::string right;
    bool is_found = false;
    /// SQL that would put it right.
    std::string remedy;
};
/// What differs between an expected matrix and the one found. An object that only one of them has
/// is drift, and said by no right. What everybody has is said of `public` alone. `database` is its
/// name where the matrix was found. Pure.
std::vector<Deviation> compare(const Matrix& expected, const Matrix& found,
                               const std::string& database = {});

/// The matrix as a table: relations by role, in psql's letters (arwdDxt). Pure.
std::string to_table(const Matrix& matrix, const std::vector<std::string>& roles);

}  // namespace caisson::isolation
