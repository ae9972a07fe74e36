// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What `caisson serve` does about backups: the jobs of [backups.schedule], the log as a stream,
/// and their figures.

#include <memory>
#include <string>

#include "app/daemon/daemon.h"
#include "operations/monitor/sample/sample.h"
#include "trust/session.h"

namespace caisson::cli {

class ServedBackups {
 public:
    /// Makes the directories that it needs; starts nothing. `environment` is as given to -e.
    explicit ServedBackups(const trust::Run& run);
    ServedBackups(const ServedBackups&) = delete;
    ServedBackups& operator=(const ServedBackups&) = delete;
    ~ServedBackups();

    /// Jobs when they are due, each as a process of this program; the stream where physical backups
    /// have begun.
    void start();
    void stop();
    /// For Prometheus; empty where nothing is scheduled.
    std::string metrics() const;
    /// The group `backups` of the monitor. Throws nothing.
    void read(monitor::Sample& sample) const;

 private:
    struct State;
    std::unique_ptr<State> state_;
};

/// `inner`, and backups behind it.
daemon::Supervision with_backups(const std::shared_ptr<ServedBackups>& backups,
                                 daemon::Supervision inner);

}  // namespace caisson::cli
