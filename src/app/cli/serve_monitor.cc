// SPDX-License-Identifier: Apache-2.0
#include "app/cli/serve_monitor.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include <boost/json/object.hpp>

#include "app/cli/last_look.h"
#include "app/cli/monitor.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/log.h"
#include "operations/monitor/expose/expose.h"

namespace caisson::cli {
namespace {

/// Told once when it begins and once when it ends, not with every sample.
class Told {
 public:
    void unknowns(const monitor::Sample& sample) {
        std::set<std::string> now;
        for (const auto& unknown : sample.unknowns) {
            auto name = unknown.what + " " + monitor::text_of(unknown.labels);
            if (now.insert(name).second && !unknown_.contains(name)) {
                log::warning("monitor_unknown", {{"what", name}, {"why", unknown.why}});
            }
        }
        for (const auto& name : unknown_) {
            if (!now.contains(name)) {
                log::info("monitor_known", {{"what", name}});
            }
        }
        unknown_ = std::move(now);
    }
    void gaps(const monitor::Sample& sample) {
        for (const auto& gap : sample.gaps) {
            log::info("monitor_gap", {{"what", gap.what}, {"why", gap.why}});
        }
    }
    void history(const std::string& failure) {
        if (failure != history_) {
            failure.empty() ? log::info("monitor_history", {{"message", "is kept again"}})
                            : log::warning("monitor_history", {{"message", failure}});
            history_ = failure;
        }
    }
    void look(const std::string& failure) {
        if (failure != look_ && !failure.empty()) {
            log::warning("monitor_last", {{"message", failure}});
        }
        look_ = failure;
    }
    void turn(bool has_turn) {
        if (has_turn != has_turn_) {
            log::info("monitor", {{"message", has_turn ? "collects"
                                                       : "another daemon collects on this server; "
                                                         "this one waits for its turn"}});
            has_turn_ = has_turn;
        }
    }

 private:
    std::set<std::string> unknown_;
    std::string history_;
    std::string look_;
    std::optional<bool> has_turn_;
};

}  // namespace

struct ServedMonitor::State {
    explicit State(const trust::Run& given)
        : run(given), settings(monitor_settings(given)), limits(monitor_limits(settings)) {}

    void collect_until_stopped() {
        const interrupt::Shield shield;
        Told told;
        auto targets = monitor_targets(run);
        targets.more.emplace_back([this](monitor::Sample& sample) {
            if (history) {
                sample.add("monitor.history_size", static_cast<double>(history->size()));
            }
        });
        targets.more.insert(targets.more.end(), more.begin(), more.end());
        monitor::Collector collector(std::move(targets), limits);
        auto next = std::chrono::steady_clock::now();
        std::unique_lock lock(mutex);
        while (!is_stopped) {
            lock.unlock();
            try {
                collect_once(collector, told);
            } catch (const Error& error) {
                if (error.code() == Code::interrupted) {
                    return;
                }
                forget();
                log::warning("monitor_failed", {{"error", error.message()}});
            } catch (const std::exception& failure) {
                forget();
                log::error("monitor_failed", {{"error", failure.what()}});
            }
            next += limits.interval;
            next = std::max(next, std::chrono::steady_clock::now());
            lock.lock();
            wanted.wait_until(lock, next, [&] { return is_stopped; });
        }
    }

    /// What was read before is not told for what is.
    void forget() {
        const std::lock_guard lock(mutex);
        last.reset();
    }

    void collect_once(monitor::Collector& collector, Told& told) {
        const bool has_turn = collector.postgres().take_turn();
        told.turn(has_turn);
        if (!has_turn) {
            leave({.at = moment_now(), .interval = limits.interval, .collects = false}, told);
            forget();
            if (waiter) {
                waiter();
            }
            return;
        }
        const auto age = monitor::age_now();
        auto sample = std::make_shared<monitor::Sample>(collector.collect());
        told.unknowns(*sample);
        told.gaps(*sample);
        keep(*sample, age, told);
        if (listener) {
            listener(*sample);
        }
        leave(look_of(*sample, limits.interval), told);
        const std::lock_guard lock(mutex);
        last = std::move(sample);
    }

    void keep(const monitor::Sample& sample, monitor::Age age, Told& told) {
        std::string failure;
        try {
            if (!history) {
                make_directory(history_file(run).parent_path(), 0750);
                history =
                    std::make_unique<monitor::History>(history_file(run), history_limits(settings));
            }
            history->add(sample, age);
            failure = history->mishap();
        } catch (const Error& error) {
            failure = error.message();
        }
        told.history(failure);
    }

    /// For `caisson status`, which measures nothing.
    void leave(const LastLook& look, Told& told) {
        std::string failure;
        try {
            write_look(run, look);
        } catch (const Error& error) {
            failure = error.message();
        }
        told.look(failure);
    }

    trust::Run run;
    platform::MonitorSettings settings;
    monitor::Limits limits;
    std::unique_ptr<monitor::History> history;  ///< Of the thread that collects.
    std::vector<std::function<void(monitor::Sample&)>> more;
    std::function<void(const monitor::Sample&)> listener;
    std::function<void()> waiter;

    std::mutex mutex;
    std::condition_variable wanted;
    bool is_stopped = false;
    std::shared_ptr<const monitor::Sample> last;
    std::thread thread;
};

ServedMonitor::ServedMonitor(const trust::Run& run) : state_(std::make_unique<State>(run)) {}

ServedMonitor::~ServedMonitor() { stop(); }

void ServedMonitor::start() {
    if (state_->settings.collect) {
        state_->thread = std::thread([state = state_.get()] { state->collect_until_stopped(); });
    }
}

void ServedMonitor::stop() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->is_stopped = true;
    }
    state_->wanted.notify_all();
    if (state_->thread.joinable()) {
        state_->thread.join();
    }
    state_->history.reset();
}

std::string ServedMonitor::metrics() const {
    std::shared_ptr<const monitor::Sample> sample;
    {
        const std::lock_guard lock(state_->mutex);
        sample = state_->last;
    }
    return sample ? monitor::exposition(*sample) : std::string();
}

std::string ServedMonitor::json() const {
    std::shared_ptr<const monitor::Sample> sample;
    {
        const std::lock_guard lock(state_->mutex);
        sample = state_->last;
    }
    return sample ? json_text(monitor::to_json(*sample)) : std::string();
}

void ServedMonitor::more(std::function<void(monitor::Sample&)> read) {
    state_->more.push_back(std::move(read));
}

void ServedMonitor::listen(std::function<void(const monitor::Sample&)> listener,
                           std::function<void()> waiter) {
    state_->listener = std::move(listener);
    state_->waiter = std::move(waiter);
}

daemon::Supervision with_monitor(const std::shared_ptr<ServedMonitor>& monitor,
                                 daemon::Supervision inner) {
    return {[monitor, start = inner.start] {
                if (start) {
                    start();
                }
                monitor->start();
            },
            [monitor, stop = inner.stop] {
                monitor->stop();
                if (stop) {
                    stop();
                }
            },
            inner.restarts};
}

}  // namespace caisson::cli
