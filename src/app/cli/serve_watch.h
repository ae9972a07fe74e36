// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the daemon looks at while it runs: whether the present can be restored, how full the disks
/// of the log and of the repositories are; and it writes the markers that drills look for.

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "base/metrics.h"
#include "operations/monitor/sample/sample.h"
#include "operations/schedule/forecast.h"
#include "operations/schedule/runner.h"
#include "trust/session.h"

namespace caisson::cli {

/// When the disks will be full, by what the daemon has sampled: of places that it still samples.
std::vector<schedule::Forecast> present_forecasts(const trust::Run& run);

class BackupWatch {
 public:
    struct Pace {
        std::chrono::milliseconds first{5'000};     ///< Until the first look.
        std::chrono::milliseconds look{300'000};    ///< Between looks at continuity.
        std::chrono::milliseconds confirm{10'000};  ///< Before a gap is believed.
        std::chrono::milliseconds space{60'000};    ///< Between looks at disks.
    };
    explicit BackupWatch(const trust::Run& run) : BackupWatch(run, Pace()) {}
    BackupWatch(const trust::Run& run, Pace pace);
    BackupWatch(const BackupWatch&) = delete;
    BackupWatch& operator=(const BackupWatch&) = delete;
    ~BackupWatch();

    void start();
    void stop();

    /// The job of each repository whose sets a gap cuts the present off from: only a full backup
    /// helps. Threads: any.
    std::vector<schedule::Urgent> gaps() const;
    /// Threads: any.
    void add_metrics(metrics::Registry& registry) const;
    /// Ages of the newest set and of the newest proof, as of the last look. Threads: any.
    void read(monitor::Sample& sample) const;

 private:
    class Watching;
    std::unique_ptr<Watching> watching_;
};

}  // namespace caisson::cli
