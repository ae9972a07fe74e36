// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/database_probe.h"

#include <memory>

#include "app/daemon/migration_watch.h"
#include "base/clock.h"

namespace caisson::daemon {
namespace {

/// Half of what a finding waits for: the other half is for the migrations.
constexpr std::chrono::milliseconds limit{1'000};

Reading read(Pools& pools, std::size_t index, MigrationWatch& watch) {
    Reading reading;
    const Stopwatch stopwatch;
    const auto rows = pools.query(index, "select pg_is_in_recovery() as standby", limit);
    reading.latency = stopwatch.elapsed();
    reading.presence = rows.front().get<bool>("standby") ? Presence::standby : Presence::connected;
    reading.migrations = watch.look();
    return reading;
}

}  // namespace

Probe database_probe(const Database& database, Pools& pools, std::size_t index) {
    const auto watch = std::make_shared<MigrationWatch>(database);
    return {database.name, true, [&pools, index, watch] {
                try {
                    return read(pools, index, *watch);
                } catch (const std::exception&) {
                    watch->forget();
                    throw;
                }
            }};
}

}  // namespace caisson::daemon
