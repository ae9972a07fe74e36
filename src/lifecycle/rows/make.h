// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lifecycle/rows/candidates.h"
#include "lifecycle/rows/choose.h"

namespace caisson::rows {

/// What is known of a row before it is made.
struct Recipe {
    /// SQL expressions that a column may become, in place of all others.
    std::map<std::string, std::vector<std::string>> fixed;
    /// Rows that the table has or had: their values are tried where nothing simpler holds.
    std::vector<Values> examples;
};

/// Values that a column might take, as SQL: by its type, by what the table's checks name, and by
/// what `more` names.
std::vector<std::string> candidates_for(const Table& table, const Column& column, bool is_unique,
                                        const Tag& tag, const Hints& more = {});

/// A new row: what must be said, by type, by what checks name, by what examples have.
Choices choices_for(const Table& table, const Recipe& recipe, const Tag& tag);
/// A row like the example, but for what the recipe fixes and what must be unique.
Choices choices_like(const Table& table, const Values& example, const Recipe& recipe,
                     const Tag& tag);

/// All columns in the order of the table, for a list behind SELECT or RETURNING.
std::vector<std::string> all_columns(const Table& table);
/// The values of a row of a query that asked for `columns`, in that order.
Values values_of(const pg::Row& row, const std::vector<std::string>& columns);

/// `insert into T (…) overriding system value values (…)`. Columns that the values do not name get
/// their defaults; generated ones are left out. `into` is what leads to the table: a partition, a
/// view; empty: itself.
std::string insert_of(const Table& table, const Values& values, const std::string& into = {});

/// Why a row was not taken.
struct Refusal {
    std::string sqlstate;
    std::string message;
};

/// The row as it lies there, all columns said, generated ones among them.
struct Put {
    Values values;
    std::optional<Refusal> refusal;
};
/// Inserts within a savepoint: a refusal leaves the transaction usable.
Put put(pg::Connection& connection, const Table& table, const Values& values);

}  // namespace caisson::rows
