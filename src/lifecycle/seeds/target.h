// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the catalogue of the database says of the tables that seeds go into.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "drivers/pg/quote.h"

namespace caisson::seeds {

struct Column {
    std::string name;
    std::string type;       ///< As SQL under the present search_path.
    std::string collation;  ///< Quoted, where it is not the type's own; else empty.
    std::string fallback;  ///< SQL of what a row gets that says nothing: default, or next identity.
    std::string sequence;  ///< Quoted name of the sequence that gives its numbers, or empty.
    bool not_null = false;
    bool always_identity = false;
    bool generated = false;
    bool json = false;  ///< json or jsonb, or a domain over them.
    bool array = false;
    bool json_elements = false;  ///< An array of json.
};

struct UniqueKey {
    std::string name;
    bool primary = false;
    bool not_null = false;  ///< All of its columns are.
    std::vector<std::string> columns;
};

struct Table {
    pg::QualifiedName name;
    std::string oid;
    std::string kind;  ///< pg_class.relkind: r and p can be seeded.
    std::vector<Column> columns;
    std::vector<UniqueKey> keys;  ///< Usable ones; the primary key first, then by fewest columns.

    const Column* column(const std::string& column) const;
    std::vector<std::string> column_names() const;
    /// What a row is known by for good: the primary key, else a unique key that allows no NULL.
    const UniqueKey* identity() const;
};

struct ForeignKey {
    std::string name;
    pg::QualifiedName child;
    pg::QualifiedName parent;
    std::vector<std::string> child_columns;
    std::vector<std::string> parent_columns;
    bool deferrable = false;
    /// "schema"."name": for SET CONSTRAINTS.
    std::string quoted() const { return pg::identifier(child.schema, name); }
};

/// What is known of the database's tables, by name.
struct Target {
    std::map<pg::QualifiedName, Table> tables;
    std::vector<ForeignKey> foreign_keys;

    const Table* table(const pg::QualifiedName& name) const;
};
/// These tables, as far as they exist, and every foreign key of the database.
Target read_target(pg::Connection& connection, const std::vector<pg::QualifiedName>& tables);
/// Every table of users, as people write it.
std::vector<std::string> table_names(pg::Connection& connection);

/// `{"a","b"}`: a list as PostgreSQL reads a text[].
std::string array_literal(const std::vector<std::string>& values);
/// A list that a statement gave as array_to_string(…, chr(31)).
std::vector<std::string> list_of(std::string_view text);

}  // namespace caisson::seeds
