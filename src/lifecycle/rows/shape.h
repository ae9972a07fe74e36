// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a row of a table must look like, as the catalogues say it.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"

namespace caisson::rows {

struct Column {
    std::string name;  ///< As SQL writes it: quoted by the server where that is needed.
    std::string bare;  ///< Without quotes.
    std::string
        type;  ///< For casts, without lengths: `pg_catalog.int4`; of a domain, what it is of.
    std::string base;          ///< The bare name of that type: `int4`, `text`, `uuid`, `_text`.
    char category = 'U';       ///< pg_type.typcategory: N numbers, S text, D dates, A arrays, …
    bool is_required = false;  ///< NOT NULL, by itself or by its domain.
    bool is_counted = false;   ///< Identity, or a default that asks a sequence.
    std::string fallback;      ///< The default's expression; empty: none.
    std::string generated;     ///< The expression of a generated column; empty: an ordinary one.
    int length = 0;     ///< Characters of varchar and char, bits, dimensions of a vector; 0: any.
    int precision = 0;  ///< Digits of numeric in all, and after the point; 0: any.
    int scale = 0;
    std::vector<std::string> labels;  ///< Of an enum, in order.
};

/// A condition that rows meet: a CHECK, that of a domain with the column in the place of VALUE, or
/// the bounds of the partitions.
struct Check {
    std::string name;
    std::string expression;
    std::vector<std::string> columns;  ///< Column::name.
};

/// What may not be there twice.
struct Key {
    std::string name;
    std::vector<std::string> columns;  ///< What may not be twice; those of expressions as well.
    std::vector<std::string> read;     ///< Those, and what its condition and INCLUDE name.
    bool is_primary = false;
    bool is_plain = false;      ///< Columns alone: no expression, no condition.
    bool is_exclusion = false;  ///< EXCLUDE.
};

struct ForeignKey {
    std::string name;
    std::vector<std::string> columns;
    std::string parent;  ///< Table::name.
    std::vector<std::string> targets;
};

struct Table {
    std::string name;  ///< `public.users`, as SQL writes it.
    std::string bare_schema;
    std::string bare_name;
    std::int64_t oid = 0;
    bool is_partitioned = false;
    std::vector<Column> columns;
    std::vector<Check> checks;
    std::vector<Key> keys;
    std::vector<ForeignKey> foreign_keys;

    const Column* find(const std::string& column) const;
    /// The columns that an expression, as the server words it, names; in the table's order.
    std::vector<std::string> named_in(const std::string& expression) const;
    /// The columns to be written so that this one holds something: itself, or, where it is
    /// generated, those that it is made of.
    std::vector<std::string> written_for(const std::string& column) const;
};

/// Tables by Table::name.
using Shapes = std::map<std::string, Table>;

/// Whether rows are put into partitioned tables, or into each partition as a table of its own.
enum class Partitions { as_whole, as_tables };

/// The tables that rows are put into. The schema caisson and what belongs to extensions are left
/// out.
Shapes read_shapes(pg::Connection& connection, Partitions partitions = Partitions::as_whole);

}  // namespace caisson::rows
