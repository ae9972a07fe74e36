// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/database_probe.h"

#include <utility>

#include "base/clock.h"
#include "base/log.h"

namespace caisson::daemon {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// The migrations of a database, asked for again when they are a second old.
class MigrationWatch {
 public:
    explicit MigrationWatch(Database database) : database_(std::move(database)) {}

    std::optional<MigrationState> look(pg::Connection& connection) {
        if (database_.migrations && steady_clock::now() >= next_) {
            next_ = steady_clock::now() + 1s;
            try {
                state_ = database_.migrations(connection);
                has_failed_ = false;
            } catch (const std::exception& failure) {
                state_.reset();
                if (!std::exchange(has_failed_, true)) {
                    log::warning("migrations_unknown",
                                 {{"name", database_.name}, {"error", failure.what()}});
                }
            }
        }
        return state_;
    }
    void forget() {
        next_ = {};
        state_.reset();
    }

 private:
    Database database_;
    steady_clock::time_point next_{};
    std::optional<MigrationState> state_;
    bool has_failed_ = false;
};

Reading read(pg::Connections& pool, MigrationWatch& watch) {
    Reading reading;
    const auto lease = pool.acquire();
    const Stopwatch stopwatch;
    const bool is_standby =
        lease->query("select pg_is_in_recovery() as standby").front().boolean("standby");
    reading.latency = stopwatch.elapsed();
    reading.presence = is_standby ? Presence::standby : Presence::connected;
    reading.migrations = watch.look(*lease);
    return reading;
}

}  // namespace

std::shared_ptr<pg::Connections> pool_for(const Database& database) {
    auto settings = database.settings;
    settings.connect_limit = 1s;
    pg::ConnectionLimits limits;
    limits.acquire = 1s;
    limits.answer = 1s;
    return std::make_shared<pg::Connections>(std::move(settings), limits);
}

Probe database_probe(const Database& database, std::shared_ptr<pg::Connections> pool) {
    const auto watch = std::make_shared<MigrationWatch>(database);
    return {database.name, true, [pool = std::move(pool), watch] {
                try {
                    auto reading = read(*pool, *watch);
                    pool->maintain();
                    return reading;
                } catch (const std::exception&) {
                    watch->forget();
                    throw;
                }
            }};
}

}  // namespace caisson::daemon
