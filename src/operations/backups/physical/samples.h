// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A named point in the log, and what some tables hold exactly there: what a restore to that point
/// must give again.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "operations/backups/physical/engine.h"
#include "operations/backups/sets/set.h"

namespace caisson::backups::physical {

struct SampleLimits {
    std::size_t tables = 24;                         ///< Of each database.
    std::uint64_t bytes = std::uint64_t{64} << 20U;  ///< Of all of them.
    std::chrono::milliseconds time{2000};            ///< Of reading; tables that were not read
                                                     ///< by then are no samples.
};

struct Sampled {
    std::string restore_point;
    std::string lsn;  ///< Of the point.
    std::string at;   ///< RFC 3339.
    std::vector<TableContent> tables;
};
/// Makes the point `name`. For that moment, a millisecond or so, nobody writes the tables that are
/// sampled; a table that somebody is writing is left out rather than waited for.
/// Errors: cannot_connect; database_rejected.
Sampled sample_at_point(const trust::Run& run, const std::string& name,
                        const SampleLimits& limits = {});

/// What each database is: identity, last migration, structure.
std::vector<Origin> origins_of(const trust::Run& run);

/// The content of one table as it is seen by the session; its `is_sample` is set.
TableContent content_of(pg::Connection& connection, const TableContent& table);

/// A table that does not hold what it held.
struct Deviation {
    TableContent table;
    std::string what;
};
/// Reads the same tables again. `connect` gives a session in the database of this name.
std::vector<Deviation> deviations_of(
    const std::vector<TableContent>& expected,
    const std::function<pg::Connection(const std::string& database)>& connect);

}  // namespace caisson::backups::physical
