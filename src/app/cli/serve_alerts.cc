// SPDX-License-Identifier: Apache-2.0
#include "app/cli/serve_alerts.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "app/cli/monitor.h"
#include "base/metrics.h"

namespace caisson::cli {

std::shared_ptr<alerts::Watch> ServedAlerts::watch() const {
    const std::lock_guard lock(mutex_);
    return watch_;
}

void ServedAlerts::start(ServedMonitor& monitor) {
    if (!run_.manifest.alerting.is_on) {
        return;
    }
    const auto interval = monitor_limits(monitor_settings(run_)).interval;
    auto made = std::make_shared<alerts::Watch>(run_);
    monitor.listen(
        [watch = made.get(), interval](const monitor::Sample& sample) {
            watch->judge(sample, monitor::age_now(), interval);
        },
        [watch = made.get()] { watch->hand_over(); });
    const std::lock_guard lock(mutex_);
    watch_.swap(made);  // One of before ends outside of the lock.
}

void ServedAlerts::stop() {
    std::shared_ptr<alerts::Watch> last;  // It ends its deliveries outside of the lock.
    const std::lock_guard lock(mutex_);
    last.swap(watch_);
}

std::string ServedAlerts::metrics() const {
    const auto present = watch();
    if (!present) {
        return {};
    }
    return metrics_of(present->book());
}

std::string metrics_of(const alerts::Book& book) {
    std::map<std::tuple<std::string, std::string_view, std::string_view>, double> counts;
    for (const auto& alert : book.alerts) {
        if (alert.state != alerts::State::resolved) {
            const auto state = alert.is_unknown ? "unknown" : alerts::text_of(alert.state);
            counts[{alert.rule, alerts::text_of(alert.level), state}] += 1;
        }
    }
    metrics::Registry registry;
    // While nobody can see them, that they were there at the last look says nothing.
    if (!book.unknown.contains("replication_missing") && !book.unread.contains("replication")) {
        for (const auto& [name, standby] : book.standbys) {
            if (standby.expected > 0) {
                registry
                    .gauge("caisson_replication_missing", "Standbys that were there and are not",
                           {{"application_name", name}})
                    .set(double(standby.expected - std::min(standby.expected, standby.connected)));
            }
        }
    }
    for (const auto& [what, count] : counts) {
        const auto& [rule, level, state] = what;
        registry
            .gauge("caisson_alerts", "Alerts that are not over",
                   {{"rule", rule}, {"level", std::string(level)}, {"state", std::string(state)}})
            .set(count);
    }
    return registry.text();
}

daemon::Supervision with_alerts(const std::shared_ptr<ServedAlerts>& alerts,
                                const std::shared_ptr<ServedMonitor>& monitor,
                                daemon::Supervision inner) {
    return {[alerts, monitor, start = inner.start] {
                alerts->start(*monitor);
                if (start) {
                    start();
                }
            },
            [alerts, stop = inner.stop] {
                if (stop) {
                    stop();
                }
                alerts->stop();
            },
            inner.restarts};
}

}  // namespace caisson::cli
