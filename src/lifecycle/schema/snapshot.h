// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "drivers/pg/connection.h"

namespace caisson::schema {

/// One thing in the database. `name` is qualified and quoted where SQL needs it
/// (`public.users.email` for a column, `public.area(integer)` for a function); `definition` is SQL
/// in the server's own words with every name qualified, the same after a dump and a restore.
struct Object {
    /// schema, table, column, constraint, index, enum, domain, type, view, materialized view,
    /// sequence, function, trigger, policy or extension.
    std::string kind;
    std::string name;
    std::string definition;
    auto operator<=>(const Object&) const = default;
};

/// All objects of users, ordered by kind and name.
struct Snapshot {
    std::vector<Object> objects;
    bool operator==(const Snapshot&) const = default;
};

/// What the database has now: one statement, which reads only the catalogues. Left out: system
/// schemas, `caisson`, triggers that call into it, what belongs to extensions, owners and rights
/// (those are verified apart), indexes and triggers that stand for a constraint.
Snapshot snapshot(pg::Connection& connection);

/// SHA-256 of to_text().
std::string hash(const Snapshot& snapshot);

/// One object a line, its three parts separated by tabs; \ n r t are escaped by a backslash.
std::string to_text(const Snapshot& snapshot);
/// The reverse of to_text(). Errors: catalogue_newer for a format this version does not know,
/// internal for a text that is no snapshot.
Snapshot parse(std::string_view text);

}  // namespace caisson::schema
