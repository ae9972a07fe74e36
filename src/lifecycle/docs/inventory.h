// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A snapshot in the order of a reader: what belongs to a table stands with it, what a table is
/// referred to by too. Names are spelled as SQL spells them. Nothing of the snapshot is lost: what
/// has no place of its own is in `others`.

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lifecycle/docs/clauses.h"
#include "lifecycle/schema/snapshot.h"
#include "lifecycle/schema/wording.h"

namespace caisson::docs {

struct Column {
    std::string name;
    schema::Column parts;
    std::string comment;
    bool in_primary_key = false;
    bool is_unique = false;  ///< By itself.
    bool is_inherited = false;
    std::vector<std::size_t> references{};  ///< Those of the table that it takes part in.
};

/// Anything that is told in its own words.
struct Thing {
    std::string kind;
    std::string name;
    std::string definition;
    std::string comment;
};

/// A partition, at whatever depth below its table.
struct Partition {
    std::string name;
    std::string parent;
    std::string bounds;       ///< `FOR VALUES FROM … TO …`, `DEFAULT`
    std::string partitioned;  ///< `by HASH (a)`, where it has partitions itself.
    std::string comment;
    std::vector<Thing> own{};  ///< What it has otherwise than its table.
};

/// Who refers to a table.
struct Referrer {
    std::size_t table = 0;      ///< In Inventory::tables.
    std::size_t reference = 0;  ///< In its references.
};

struct Table {
    std::string name;
    std::string definition;  ///< `table`, `foreign table server …`, `table partition by …`
    std::string comment;
    std::vector<Column> columns{};
    std::vector<Constraint> constraints{};
    std::vector<Reference> references{};
    std::vector<Referrer> referrers{};
    std::vector<Index> indexes{};
    std::vector<Policy> policies{};
    std::vector<Trigger> triggers{};
    std::vector<Partition> partitions{};
    std::vector<std::string> parents{};  ///< It inherits from them.
    std::vector<Thing> details{};        ///< Rules, statistics, storage, settings of columns.
    bool has_row_security = false;
    bool forces_row_security = false;

    std::string schema() const { return schema::split_name(name).first; }
    /// Nothing when there is none.
    const Column* column(const std::string& name) const;
};

struct View {
    std::string name;
    bool is_materialized = false;
    std::string definition;
    std::string comment;
    std::vector<std::pair<std::string, std::string>> columns{};  ///< Name and type.
    std::map<std::string, std::string> column_comments{};
    std::vector<Index> indexes{};
    std::vector<Trigger> triggers{};
    std::vector<Thing> details{};
    std::vector<std::string> reads{};  ///< Tables and views, sorted.

    std::string schema() const { return schema::split_name(name).first; }
};

/// `select, insert` by role, of one object.
using Grants = std::map<std::string, std::string>;

struct Inventory {
    std::vector<Thing> schemas;  ///< Each that something lies in; a comment is all they have.
    std::vector<Table> tables;   ///< By name; partitions are in theirs.
    std::vector<View> views;
    std::vector<Thing>
        types;  ///< Enums, domains with their constraints as text, composites, ranges.
    std::vector<Thing> routines;                         ///< Functions, procedures, aggregates.
    std::vector<Thing> sequences;                        ///< Those that no column owns.
    std::map<std::string, std::string> owned_sequences;  ///< Column to sequence.
    std::vector<Thing> extensions;
    std::vector<Thing> others;
    std::map<std::string, std::string> owners;  ///< By key: `table public.users`.
    std::map<std::string, Grants> grants;       ///< By key.
    std::vector<Thing> default_privileges;

    /// Its place in `tables`; partitions lead to their table. `tables.size()` when there is none.
    std::size_t table(const std::string& name) const;
    std::map<std::string, std::size_t> table_places{};
};

/// The snapshot should be taken with Scope::column_order and view_columns, or columns come by name
/// and views without theirs.
Inventory inventory(const schema::Snapshot& snapshot);

/// `public.users` as `users`; other schemas stay.
std::string short_name(const std::string& name);
/// The last part of a name: of a function with its arguments.
std::string own_name(const std::string& name);
/// The schema of a name, for functions and operators too.
std::string schema_of(const std::string& name);

}  // namespace caisson::docs
