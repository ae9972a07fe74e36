// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// caisson.seed_scale_*: what was made, from which file, in which transactions. Of the rows
/// themselves nothing is kept: their keys are made again when they are wanted.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "lifecycle/scale/layout.h"
#include "lifecycle/scale/scale.h"
#include "lifecycle/scale/source.h"

namespace caisson::scale {

/// Which makers made the rows: another number means that the same file gives other rows.
constexpr int generation = 1;

struct Chunk {
    std::uint64_t first = 0;
    std::uint64_t rows = 0;
    bool cleared = false;  ///< Taken back, but for rows that had to stay.
};
struct Recorded {
    std::int64_t id = 0;
    pg::QualifiedName table;
    std::int64_t source = 0;
    std::string digest;
    int generation = 0;
    std::uint64_t rows = 0;
    double factor = 1;
    std::vector<std::string> key;
    std::string begun_at;
    std::string finished_at;
    std::string applied_by;
    std::vector<Chunk> chunks;

    std::uint64_t there() const;
};

/// Whether the database has the tables of tracking.
bool is_tracked(pg::Connection& connection);
/// Errors: database_rejected, with the way to install them.
void require_tracking(pg::Connection& connection);
std::vector<Recorded> recorded_tables(pg::Connection& connection);
/// What the rows of tables were made from, inputs and all. Errors: seed_invalid.
std::unique_ptr<const Source> recorded_source(pg::Connection& connection, std::int64_t id);
/// The rows of other tables that were frozen for some table, all of them together.
Inputs recorded_inputs(pg::Connection& connection);

/// Inside a transaction of the caller, which waits for what a run that was cut off is still doing
/// at the server, and forgets tables of which no row was ever made.
void settle_tracking(pg::Connection& connection);
/// Inside a transaction of the caller. The number of the source, stored when it is new.
std::int64_t record_source(pg::Connection& connection, const Source& source);
/// Stores that rows of a table are about to be made, and gives its number.
std::int64_t record_table(pg::Connection& connection, const Layout& layout, std::uint64_t rows,
                          const std::string& digest, std::int64_t source);
/// Before its rows are written, in the transaction that writes them. A chunk that was cleared
/// becomes whole again. `run` is the transaction with which the run began.
void record_chunk(pg::Connection& connection, std::int64_t table, const std::string& run,
                  const Chunk& chunk);
/// Whether the server refused it because another run has it.
bool is_taken(const pg::DatabaseError& error);
void record_finish(pg::Connection& connection, std::int64_t table);

}  // namespace caisson::scale
