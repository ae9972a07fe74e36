// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lifecycle/seeds/upsert.h"

namespace caisson::seeds {

constexpr std::size_t most_rows_told = 100;

/// One file on its way into its table. The plan table says for each record what happens to it:
/// same, kept, equal, update, insert or overridden. decide() fills it from the surest to the least,
/// upsert() writes accordingly, remember() tracks what was written.
class UpsertRun {
 public:
    UpsertRun(pg::Connection& connection, const UpsertJob& job, const Prepared& prepared,
              Stage stage);

    /// Runs a statement in which {rows}, {plan}, {target} (with its alias), {row} (that alias) and
    /// {record} stand for names.
    pg::Result query(std::string statement, const pg::Parameters& parameters = {});
    /// `row.k = s.k and …` over the key of the upsert.
    std::string key_matches() const;
    /// Numbers of the file's columns that an UPDATE sets.
    std::vector<std::size_t> updated_columns() const;
    /// SQL: whether the record `s` leaves this column out.
    std::string is_absent(std::size_t column) const;
    /// How rows of the table are tracked today.
    const Shape& shape();

    pg::Connection& connection;
    const UpsertJob& job;
    const Prepared& prepared;
    Stage stage;
    const Table& table;
    std::string target;
    Counts counts;
    FileReport report;

 private:
    std::optional<Shape> shape_;
};

/// Errors: seed_invalid for records without a key and for two that contradict one another.
void decide(UpsertRun& run);
/// Errors: seed_failed when a row is not there under its key.
void remember(UpsertRun& run);
/// Of rows that the file no longer gives: the count and the first keys.
void tell_left_rows(pg::Connection& connection, const UpsertJob& job, Counts& counts,
                    FileReport& report);

}  // namespace caisson::seeds
