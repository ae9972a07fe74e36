// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What `caisson serve` does about the monitor: samples, their history, and what is scraped.

#include <functional>
#include <memory>
#include <string>

#include "app/daemon/daemon.h"
#include "operations/monitor/sample/sample.h"
#include "trust/session.h"

namespace caisson::cli {

class ServedMonitor {
 public:
    /// Starts nothing. Errors: variable_invalid, for [monitor].
    explicit ServedMonitor(const trust::Run& run);
    ServedMonitor(const ServedMonitor&) = delete;
    ServedMonitor& operator=(const ServedMonitor&) = delete;
    ~ServedMonitor();

    /// Collects every interval, on a thread of its own, unless another daemon does so for the same
    /// server.
    void start();
    void stop();
    /// For Prometheus; empty before the first sample.
    std::string metrics() const;
    /// The last sample as JSON; empty before the first one.
    std::string json() const;
    /// Adds readings of Caisson's own to every sample; before start(). Throws nothing.
    void more(std::function<void(monitor::Sample&)> read);
    /// `listener` is told of every sample, `waiter` instead of it while another daemon collects; on
    /// the thread that collects, before start().
    void listen(std::function<void(const monitor::Sample&)> listener, std::function<void()> waiter);

 private:
    struct State;
    std::unique_ptr<State> state_;
};

/// `inner`, and the monitor behind it.
daemon::Supervision with_monitor(const std::shared_ptr<ServedMonitor>& monitor,
                                 daemon::Supervision inner);

}  // namespace caisson::cli
