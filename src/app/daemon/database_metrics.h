// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What /v1/database/metrics says: the figures of each database at the moment of asking.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/daemon/daemon.h"
#include "app/daemon/pools.h"

namespace caisson::daemon {

/// Counters are PostgreSQL's own, since `statistics_since`. Source: PostgreSQL, "The Cumulative
/// Statistics System".
struct DatabaseFigures {
    std::string name;
    bool is_reachable = false;
    std::int64_t size_bytes = 0;
    std::int64_t connections = 0;  ///< Of all clients, to this database.
    std::int64_t active = 0;
    std::int64_t idle_in_transaction = 0;
    std::int64_t waiting_for_locks = 0;
    std::int64_t max_connections = 0;                  ///< Of the server.
    std::optional<double> oldest_transaction_seconds;  ///< Nothing when none is open.
    std::int64_t committed = 0;
    std::int64_t rolled_back = 0;
    std::optional<double> cache_hit_ratio;  ///< 0 to 1; nothing before the first block was read.
    std::int64_t deadlocks = 0;
    std::int64_t temp_bytes = 0;
    std::int64_t rows_returned = 0;
    std::int64_t rows_written = 0;  ///< Inserted, updated, deleted.
    std::string statistics_since;   ///< RFC 3339; empty where they were never reset.
    PoolFigures pool;               ///< Of the daemon.
};

/// Asks all of them at once, each over a connection of its own, because it is another role's than
/// the pool's; one that does not answer is not reachable, and has no other figures. `pools`: the
/// daemon's, of these databases.
std::vector<DatabaseFigures> figures_of(const std::vector<Database>& databases, Pools& pools);

/// The body, as JSON; what is unknown is null, never 0. `monitor` is JSON, or empty.
std::string metrics_body(const std::string& platform, const std::string& environment,
                         const std::vector<DatabaseFigures>& databases,
                         const std::string& monitor = {});

}  // namespace caisson::daemon
