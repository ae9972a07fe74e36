// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>

#include "app/daemon/daemon.h"

namespace caisson::daemon {

/// Runs verifications, one at a time, and knows the last one. Threads: any.
class Verifier {
 public:
    using Run = std::function<Verification()>;
    using Last = std::function<std::optional<Verification>()>;
    /// `done` is told of each run.
    Verifier(Run run, Last last, std::function<void(const Verification&)> done);

    /// Runs it now. Errors: locked when one is running, what the run throws; usage when there is
    /// nothing to run.
    Verification run();
    /// The last one, of this process or another. What cannot be read counts as none.
    std::optional<Verification> last();
    /// The same, at most two seconds old: for those who ask often.
    std::optional<Verification> recent();

 private:
    const Run run_;
    const Last last_;
    const std::function<void(const Verification&)> done_;
    std::mutex running_;
    std::mutex mutex_;
    std::optional<Verification> known_;
    std::chrono::steady_clock::time_point looked_{};
};

}  // namespace caisson::daemon
