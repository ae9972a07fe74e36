// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "drivers/pg/connection.h"
#include "operations/monitor/sample/sample.h"

namespace caisson::monitor {

/// Reads the console of a PgBouncer over a connection that is kept. Threads: one at a time.
class PgBouncerCollector {
 public:
    /// `console`: the database `pgbouncer`, as one of its stats_users.
    explicit PgBouncerCollector(pg::Settings console);
    /// Adds the group `pgbouncer`, at most `most` pools. One that never answered is unknown, one
    /// that does not any more is down. Throws nothing but interrupted.
    void read(Sample& sample, std::size_t most = 50);

 private:
    void ask(Sample& sample, std::size_t most);
    pg::Settings console_;
    std::unique_ptr<pg::Connection> connection_;
    bool was_there_ = false;
};

}  // namespace caisson::monitor
