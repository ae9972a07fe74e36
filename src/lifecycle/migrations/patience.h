// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "lifecycle/migrations/apply.h"
#include "lifecycle/migrations/blockers.h"

namespace caisson::migrations {

/// Whether an SQLSTATE says that somebody else held a lock: 55P03, or a deadlock, 40P01.
bool is_lock_failure(std::string_view sqlstate);

/// How a run deals with locks that others hold: each statement waits for a short while only, its
/// transaction is given up and tried again after a pause, a bounded number of times. So nobody
/// queues behind us for longer than the lock_timeout. Threads: one at a time.
class Patience {
 public:
    Patience(const Options& options, const pg::Connection& connection, bool pooled);

    /// How long the statements of a step wait; zero: for ever.
    std::chrono::milliseconds lock_timeout(const Step& step) const;

    /// While it lives, somebody looks whom the session waits for.
    class Watched {
     public:
        explicit Watched(const Patience& patience);
        Watched(const Watched&) = delete;
        Watched& operator=(const Watched&) = delete;
        ~Watched();

     private:
        const Patience& patience_;
    };

    /// After the `attempt`-th failure (from 1): pauses, so that the caller may try again.
    /// Errors: locked, naming the blockers, when that was the last attempt; interrupted.
    void pause(const Step& step, const Error& error, int attempt);

 private:
    const Options& options_;
    int process_ = 0;
    std::unique_ptr<BlockerWatch> watch_;
};

}  // namespace caisson::migrations
