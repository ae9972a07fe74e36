// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What `caisson serve` does about alerts: judges each sample of its monitor.

#include <memory>
#include <mutex>
#include <string>

#include "app/cli/serve_monitor.h"
#include "app/daemon/daemon.h"
#include "operations/monitor/alerts/watch.h"
#include "trust/session.h"

namespace caisson::cli {

/// For Prometheus: how many alerts there are by rule, level and state, and how many standbys are
/// missing by name, unless nobody can see them. Pure.
std::string metrics_of(const alerts::Book& book);

class ServedAlerts {
 public:
    explicit ServedAlerts(const trust::Run& run) : run_(run) {}

    /// Judges what `monitor` reads from now on, and delivers. Errors: platform_invalid for rules
    /// that are none; variable_invalid; server_missing.
    void start(ServedMonitor& monitor);
    /// To be called once nothing more is read.
    void stop();
    /// What metrics_of() says of the book; nothing while it does not judge. Threads: any.
    std::string metrics() const;

 private:
    std::shared_ptr<alerts::Watch> watch() const;

    const trust::Run run_;
    mutable std::mutex mutex_;
    std::shared_ptr<alerts::Watch> watch_;
};

/// `inner`, which starts the monitor, with the judging of its samples around it. Nothing where the
/// manifest switches alerts off.
daemon::Supervision with_alerts(const std::shared_ptr<ServedAlerts>& alerts,
                                const std::shared_ptr<ServedMonitor>& monitor,
                                daemon::Supervision inner);

}  // namespace caisson::cli
