// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "lifecycle/queries/types.h"
#include "platform/platform.h"

namespace caisson::queries {

struct TableColumn {
    int number = 0;  ///< attnum
    std::string name;
    std::string sql;  ///< Its name, quoted.
    std::string cpp;  ///< Its name in C++.
    const Type* type = nullptr;
    std::string doc;
    bool not_null = false;
    bool has_default = false;
    bool is_generated = false;  ///< GENERATED ALWAYS AS (…): never written.
    bool is_identity = false;   ///< The server numbers it.
    bool is_always = false;     ///< GENERATED ALWAYS AS IDENTITY: written by upserts alone.
    bool is_kept = false;       ///< The application may change other columns, and not this one.

    /// Must be given when a row is inserted.
    bool is_required() const { return not_null && !has_default && !is_generated && !is_identity; }
};

struct OrderColumn {
    std::size_t column = 0;  ///< Index in Table::columns.
    bool falls = false;
};

/// A table as its repository needs it.
struct Table {
    pg::TypeId id = 0;
    std::string schema;
    std::string name;
    std::string sql;  ///< `"public"."users"`
    std::string cpp;  ///< The namespace of its repository.
    std::string doc;
    bool is_partitioned = false;
    bool has_row_security = false;
    std::vector<TableColumn> columns;
    std::vector<std::size_t> key;        ///< Of the primary key, in its order; may be empty.
    std::vector<OrderColumn> order;      ///< Of lists; empty without a primary key.
    std::optional<std::size_t> removed;  ///< The column that marks a removed row.
    std::optional<std::size_t> version;  ///< The column that every update changes.
};

/// What the catalogues say of relations, for queries and for repositories.
struct Relations {
    std::vector<Table> tables;  ///< In the order of schema (public first) and name.
    std::set<std::pair<pg::TypeId, int>> not_null;  ///< Columns, by table and attnum.
    struct Deprecated {
        std::string schema;
        std::string table;
        std::string column;  ///< Empty: all of the table.
        std::string remark;  ///< What its comment says.
    };
    std::vector<Deprecated> deprecated;  ///< Whose comment begins with "deprecated".
    std::set<std::string> orders;        ///< Those of [generate.order] whose table is there.
};

/// Tables of users, without partitions, what belongs to extensions, and `left_out` (`schema.name`).
/// Mistakes of [generate] are added. `application` is the role whose rights decide what an upsert
/// changes; one that is not there may change everything.
Relations read_relations(pg::Connection& connection, const Types& types,
                         const platform::Generate& settings, const std::set<std::string>& left_out,
                         const std::string& application, std::vector<platform::Mistake>& mistakes);

/// An order that no table of any database took is a mistake. `tables`: names that may have been
/// meant. Pure.
void check_orders(const platform::Generate& settings, const std::set<std::string>& taken,
                  const std::vector<std::string>& tables, std::vector<platform::Mistake>& mistakes);

}  // namespace caisson::queries
