// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// pg_stat_statements as differences between snapshots, honest across resets, evictions and
/// restarts. Pure. Source: PostgreSQL, "pg_stat_statements".

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace caisson::monitor {

struct StatementKey {
    std::int64_t query = 0;
    std::uint32_t user = 0;
    std::uint32_t database = 0;
    bool is_toplevel = true;
    auto operator<=>(const StatementKey&) const = default;
};

/// What the server has counted of a statement, or what it counted between two snapshots. Times in
/// seconds.
struct StatementFigures {
    double calls = 0;
    double seconds = 0;
    double squares = 0;  ///< Sum of the squared deviations from the mean.
    double plans = 0;
    double plan_seconds = 0;
    double rows = 0;
    double blocks_hit = 0;
    double blocks_read = 0;
    double blocks_dirtied = 0;
    double blocks_written = 0;
    double temp_blocks = 0;
    double read_seconds = 0;
    double write_seconds = 0;
    double wal_bytes = 0;
    double longest = 0;  ///< The longest call since statistics run: not a difference.

    double mean() const { return calls > 0 ? seconds / calls : 0; }
    double deviation() const;
};

struct StatementSnapshot {
    double since = 0;    ///< When statistics were reset, seconds since the epoch.
    double evicted = 0;  ///< How often entries were thrown out.
    std::map<StatementKey, StatementFigures> entries;
    double evicted_after = 0;  ///< How often they were once the entries had been read.
};

struct StatementUse {
    StatementKey key;
    StatementFigures figures;  ///< Since the snapshot before.
    bool is_at_least = false;  ///< The entry had been thrown out in between: it was more.
};

struct StatementDifference {
    std::vector<StatementUse> uses;  ///< Of statements that were called; the costliest first.
    bool is_comparable = false;      ///< Whether there was a snapshot to compare with.
    std::string gap;                 ///< Why there are none, or are too few; empty: neither.
};

/// Keeps the last snapshot. Threads: one at a time.
class StatementHistory {
 public:
    /// What was done between the snapshot before and this one, which is kept. A reset, of which the
    /// server tells by its moment, gives none. An entry that was thrown out and came back counts
    /// from nothing: all that it shows was done in between, and what is lost is said to be.
    StatementDifference add(StatementSnapshot snapshot);
    const StatementSnapshot* last() const { return last_ ? &*last_ : nullptr; }
    /// The next snapshot is compared with nothing.
    void forget() { last_.reset(); }

 private:
    std::optional<StatementSnapshot> last_;
};

/// What was done between two states of one entry; nothing when `now` is not later than `before`.
std::optional<StatementFigures> difference(const StatementFigures& before,
                                           const StatementFigures& now);

}  // namespace caisson::monitor
