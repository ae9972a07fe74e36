// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The daemon's pools, one for each database, and the thread that runs them. Whoever asks waits for
/// the answer, which comes by its deadline whatever the server does.

#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "app/daemon/daemon.h"
#include "drivers/pg/pool.h"

namespace caisson::daemon {

struct PoolFigures {
    pg::PoolStats stats;
    std::size_t max = 0;  ///< Lanes, at most.

    std::size_t in_use() const { return stats.lanes - stats.idle; }
};

/// Threads: any.
class Pools {
 public:
    /// Connects to nothing before start().
    explicit Pools(std::vector<Database> databases);
    Pools(const Pools&) = delete;
    Pools& operator=(const Pools&) = delete;
    /// As close(); returns when the thread has ended. Nobody asks any more.
    ~Pools();

    /// Once.
    void start();

    std::size_t size() const;
    const std::string& name(std::size_t database) const;

    /// The rows of a statement, on behalf of nobody. Errors: DatabaseError, Unanswered.
    pg::Rows query(std::size_t database, std::string statement, std::chrono::milliseconds deadline);
    /// The same over a connection that is made for it and closed afterwards, as anybody.
    std::future<pg::Rows> query_once(pg::Settings settings, std::string statement,
                                     std::chrono::milliseconds deadline);
    /// At this moment; before start() there is nothing.
    PoolFigures figures(std::size_t database) const;
    /// Of all of them together.
    PoolFigures sum() const;
    /// Who waits is told so at once, and who asks from then on, too.
    void close();

 private:
    struct Inside;
    std::unique_ptr<Inside> inside_;
};

}  // namespace caisson::daemon
