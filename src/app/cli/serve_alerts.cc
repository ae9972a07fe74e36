// SPDX-License-Identifier: Apache-2.0
#include "app/cli/serve_alerts.h"

#include <utility>

#include "app/cli/monitor.h"
#include "operations/monitor/alerts/watch.h"

namespace caisson::cli {

daemon::Supervision with_alerts(const trust::Run& run,
                                const std::shared_ptr<ServedMonitor>& monitor,
                                daemon::Supervision inner) {
    if (!run.manifest.alerting.is_on) {
        return inner;
    }
    // Both are said at once, not when the daemon is already there.
    const auto interval = monitor_limits(monitor_settings(run)).interval;
    const auto watch = std::make_shared<std::unique_ptr<alerts::Watch>>();
    return {[watch, run, monitor, interval, start = inner.start] {
                *watch = std::make_unique<alerts::Watch>(run);
                monitor->listen(
                    [watch, interval](const monitor::Sample& sample) {
                        (*watch)->judge(sample, monitor::age_now(), interval);
                    },
                    [watch] { (*watch)->hand_over(); });
                if (start) {
                    start();
                }
            },
            [watch, stop = inner.stop] {
                if (stop) {
                    stop();
                }
                watch->reset();
            },
            inner.restarts};
}

}  // namespace caisson::cli
