// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/pg/connection.h"

namespace caisson::schema {

/// One thing in the database. `name` is qualified and quoted where SQL needs it
/// (`public.users.email` for a column, `public.area(integer)` for a function); `definition` is SQL
/// in the server's own words with every name qualified, the same after a dump and a restore.
struct Object {
    /// `table`, `column`, `materialized view`, …: docs/reference/schema.md lists them.
    std::string kind;
    std::string name;
    std::string definition;
    /// Keys of what must be there first, sorted; what the name itself tells (a column's table) is
    /// not repeated. No part of what the object is: neither compared nor hashed.
    std::vector<std::string> needs = {};

    /// `column public.users.email`: unique in a snapshot.
    std::string key() const { return kind + ' ' + name; }
    bool operator==(const Object& other) const {
        return kind == other.kind && name == other.name && definition == other.definition;
    }
    std::strong_ordering operator<=>(const Object& other) const;
};

/// All objects of users, ordered by kind and name.
struct Snapshot {
    std::vector<Object> objects;
    bool operator==(const Snapshot&) const = default;
};

/// What a snapshot takes in.
struct Scope {
    /// Owners, grants and default privileges, as objects of their own.
    bool rights = false;
    /// Roles that provisioning makes: what they own and were given is provisioning's matter and
    /// stays out, as do the owner of schema public and what PUBLIC may there.
    std::set<std::string> provisioned_roles = {};
    /// The order of a table's columns, as an object a table. A column that was dropped and made
    /// again stands last, so a schema that came back by a down file differs in it.
    bool column_order = false;
    /// What the columns of views are called and of what type, as an object a view. Their queries
    /// tell it as well, so that it is compared nowhere.
    bool view_columns = false;
};

/// What the database has now; reads only the catalogues. Left out: system schemas, `caisson`,
/// triggers that call into it, what belongs to extensions, tablespaces, passwords of foreign
/// servers, indexes and triggers that stand for a constraint, and what partitions and children have
/// just as their parents.
Snapshot snapshot(pg::Connection& connection, const Scope& scope = {});

/// SHA-256 of kinds, names and definitions, 64 hexadecimal digits.
std::string hash(const Snapshot& snapshot);

/// The text form: a header with the version, then one object a line: kind, name, definition and
/// what it needs, separated by tabs; \ n r t are escaped by a backslash.
std::string to_text(const Snapshot& snapshot);
/// The reverse of to_text(). Errors: catalogue_newer for a format this version does not know,
/// internal for a text that is no snapshot or one of the first format, which knew less.
Snapshot parse(std::string_view text);
/// Whether a text begins as one that parse() reads.
bool is_snapshot(std::string_view text);

/// "public.users.email" in its parts "public.users" and "email"; dots inside quotes do not count.
std::pair<std::string, std::string> split_name(const std::string& name);

}  // namespace caisson::schema
