// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Everything that is measured, sample after sample.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operations/monitor/collect/host.h"
#include "operations/monitor/collect/pgbouncer.h"
#include "operations/monitor/collect/postgres.h"
#include "operations/monitor/collect/redis.h"
#include "operations/monitor/sample/derive.h"

namespace caisson::monitor {

/// What to look at.
struct Targets {
    std::vector<Target> databases;  ///< The first one also stands for the server; may be empty.
    std::optional<redis::Settings> redis;
    std::optional<pg::Settings> pgbouncer;  ///< Its console, as one of its stats_users.
    HostPlaces host;
    /// Further readings, such as those of Caisson itself. Throws nothing.
    std::vector<std::function<void(Sample&)>> more;
};

/// Threads: one at a time.
class Collector {
 public:
    Collector(Targets targets, Limits limits);

    /// The next sample, with what follows from those before it. `everything`: what is expensive,
    /// too, although it is not due. Errors: interrupted.
    Sample collect(bool everything = false);
    PostgresCollector& postgres() { return postgres_; }
    const Queries& queries() const { return postgres_.queries(); }

 private:
    Targets targets_;
    PostgresCollector postgres_;
    std::unique_ptr<RedisCollector> redis_;
    std::unique_ptr<PgBouncerCollector> pgbouncer_;
    Deriver derive_;
};

}  // namespace caisson::monitor
