// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/sql/tree.h"
#include "lifecycle/lint/type.h"

namespace caisson::lint {

struct Column {
    Type type;
    bool is_not_null = false;
    std::size_t made_in = 0;  ///< Number of the file.
};

struct Constraint {
    enum class Kind { check, foreign_key, unique, primary_key, exclusion };
    Kind kind = Kind::check;
    bool is_valid = true;
    std::vector<std::string> columns;  ///< Of its own table.
    std::string references;            ///< Foreign keys: the other table.
    std::string not_null_column;       ///< CHECK (column IS NOT NULL).
    std::size_t made_in_transaction = 0;
};

struct Index {
    std::string table;
    std::vector<std::string> columns;  ///< The leading ones that are plain columns.
    bool is_partial = false;
};

struct Table {
    std::map<std::string, Column, std::less<>> columns;
    std::map<std::string, Constraint, std::less<>> constraints;
    std::size_t made_in = 0;  ///< Number of the file.
    bool is_temporary = false;
    bool has_comment = false;
};

struct View {
    std::set<std::string> tables;   ///< What it reads.
    std::set<std::string> columns;  ///< Names of columns that occur in it.
    bool is_materialised = false;
    std::size_t made_in = 0;
};

/// What the files so far made of the schema, as far as their text says: never complete, because
/// a database may hold more than its migrations tell. Names in schema public are kept without it.
struct State {
    std::map<std::string, Table, std::less<>> tables;
    std::map<std::string, Index, std::less<>> indexes;
    std::map<std::string, View, std::less<>> views;
    /// Enum types made by CREATE TYPE, and the file each was made in.
    std::map<std::string, std::size_t, std::less<>> enums;

    const Table* table(std::string_view name) const;
    const Column* column(std::string_view table, std::string_view column) const;
    const Constraint* constraint(std::string_view table, std::string_view name) const;
    /// Whether the table, or the materialised view, was made by this file, so that nobody uses it.
    bool is_new(std::string_view relation, std::size_t file) const;
    /// Whether the table has an index, a primary key or a unique constraint that begins with these
    /// columns in any order.
    bool has_index(std::string_view table, const std::vector<std::string>& columns) const;
    /// Takes in what the statement does; `file` and `transaction` are their numbers.
    void apply(sql::Node statement, std::size_t file, std::size_t transaction);
};

/// `orders` or `sales.orders`, of a node of kind RangeVar.
std::string relation_name(sql::Node range_var);
/// The same of a list of strings, such as the names in DROP.
std::string object_name(const std::vector<sql::Node>& names);
/// The strings of a list: names of columns.
std::vector<std::string> strings_of(const std::vector<sql::Node>& nodes);

}  // namespace caisson::lint
