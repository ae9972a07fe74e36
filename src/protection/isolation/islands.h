// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Tenants that are made for the trial. Each has rows in every table of tenants, which refer to one
/// another and to nothing of another tenant: an island. Whose a row is, is known because we made
/// it.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protection/isolation/tenancy.h"

namespace caisson::isolation {

/// A row as it is put there, every column said.
struct Row {
    const rows::Table* table = nullptr;
    rows::Values values;
    bool needs_quiet =
        false;  ///< Triggers and foreign keys refuse it: they are off while it is put.
    /// A trigger puts another one there under the same key: by these columns it makes room.
    std::vector<std::string> replaces = {};

    std::string insert() const { return rows::insert_of(*table, values); }
    /// A condition that holds for rows with the same values in these columns.
    std::string condition_of(const std::vector<std::string>& columns) const;
    const std::optional<std::string>& value(const std::string& column) const {
        return values.at(column);
    }
};

/// A condition that holds where the column has this value, as the server writes it.
std::string equals(const rows::Column& column, const std::optional<std::string>& value);
std::string literal_or_null(const std::optional<std::string>& value);

struct Tenant {
    std::string name;       ///< `tenant a`.
    std::string id;         ///< What the setting holds.
    std::vector<Row> rows;  ///< Parents before children.
    /// The first row in a table; null where it has none.
    const Row* first(const std::string& table) const;
};

struct Islands {
    std::vector<Tenant> tenants;
    std::vector<Row> shared;  ///< Of nobody: what tenants' rows refer to and was not there.
    std::map<std::string, std::string> without;  ///< Tables of tenants that took no row, and why.
    std::vector<std::string> touched;            ///< Relation::name of what triggers wrote besides.

    /// Whose values these are: a value that only one tenant's rows have, to that tenant's index.
    std::map<std::string, std::size_t> owners() const;
};

/// Rows that the platform's own seeds put there, as examples; at most three of each table.
using Examples = std::map<std::string, std::vector<rows::Values>>;
Examples read_examples(pg::Connection& connection, const rows::Shapes& shapes,
                       const Tenancy& tenancy);
/// Empties the tables of tenants. For a superuser on a shadow: no trigger and no foreign key asks.
void wipe(pg::Connection& connection, const Tenancy& tenancy);

struct IslandPlan {
    const rows::Shapes& shapes;
    const Tenancy& tenancy;
    const platform::Isolation& isolation;
    const Examples& examples;
    std::size_t tenants = 3;
};
/// Makes them in a transaction that is rolled back: the database stays as it was.
Islands make_islands(pg::Connection& connection, const IslandPlan& plan);

/// The rows that a row refers to, of the same tenant, parents first; itself is the last.
std::vector<const Row*> with_parents(const Tenant& tenant, const Row& row);

}  // namespace caisson::isolation
