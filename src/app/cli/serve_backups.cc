// SPDX-License-Identifier: Apache-2.0
#include "app/cli/serve_backups.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "app/cli/backup_jobs.h"
#include "app/cli/backup_keep.h"
#include "app/cli/serve_watch.h"
#include "base/log.h"
#include "base/metrics.h"
#include "operations/backups/physical/physical.h"
#include "operations/backups/sets/keys.h"
#include "operations/schedule/runner.h"

namespace caisson::cli {
namespace {

constexpr std::chrono::seconds look_again{5};

void tell(const std::string& sentence) { log::warning("backups", {{"message", sentence}}); }

schedule::Runner::Options served_options(const trust::Run& run, const BackupWatch& watch) {
    auto options = runner_options(run, tell);
    options.urgent = [&watch] { return watch.gaps(); };
    options.run = [run](const schedule::Due& due) {
        log::info("backup_job", {{"job", due.job}, {"attempt", due.attempt}});
        auto complaint = run_job(run, due);
        log::info("backup_job_done", {{"job", due.job}});
        return complaint;
    };
    return options;
}

}  // namespace

struct ServedBackups::State {
    explicit State(const trust::Run& given) : run(given) {}

    trust::Run run;
    /// Whatever there is a reason for by now. Whether all that may come has begun.
    bool begin();

    std::mutex mutex;  ///< Of all that follows.
    std::unique_ptr<BackupWatch> watch;
    std::unique_ptr<schedule::Runner> runner;
    std::unique_ptr<backups::physical::Stream> stream;
    std::condition_variable stopping;
    bool stops = false;
    std::thread beginning;
};

bool ServedBackups::State::begin() {
    const auto& backups = run.manifest.backups;
    bool has_physical = false;
    try {
        has_physical = backups.physical && std::ranges::any_of(backups::repositories_of(run),
                                                               &backups::Repository::has_physical);
    } catch (const Error&) {
        // A repository that cannot be read now may be there at the next look.
    }
    const std::lock_guard lock(mutex);
    if (stops) {
        return true;
    }
    if (!watch && (backups.is_declared || has_physical)) {
        watch = std::make_unique<BackupWatch>(run);
        watch->start();
    }
    // Also where nothing is scheduled: a gap of the log waits for no schedule.
    if (!runner && watch && (!backups.schedule.empty() || has_physical)) {
        runner = std::make_unique<schedule::Runner>(served_options(run, *watch));
        runner->start();
    }
    if (!stream && run.is_private() && backups.stream && has_physical) {
        stream = std::make_unique<backups::physical::Stream>(run, tell);
        stream->start();
    }
    return has_physical || !backups.physical;
}

ServedBackups::ServedBackups(const trust::Run& run) : state_(std::make_unique<State>(run)) {
    if (!run.manifest.backups.schedule.empty()) {
        backups::prepare_state(run);
        make_directory(schedule_file(run).parent_path(), 0700, backups::owner_of(run));
    }
}

ServedBackups::~ServedBackups() { stop(); }

void ServedBackups::start() {
    auto& state = *state_;
    {
        const std::lock_guard lock(state.mutex);
        state.stops = false;
    }
    if (state.begin()) {
        return;
    }
    // The first physical backup is made while we run: from then on there is a log to receive.
    state.beginning = std::thread([&state] {
        std::unique_lock lock(state.mutex);
        while (!state.stopping.wait_for(lock, look_again, [&state] { return state.stops; })) {
            lock.unlock();
            const bool is_all = state.begin();
            lock.lock();
            if (is_all) {
                return;
            }
        }
    });
}

void ServedBackups::stop() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->stops = true;
    }
    state_->stopping.notify_all();
    if (state_->beginning.joinable()) {
        state_->beginning.join();
    }
    // The slot stays, so that the next one goes on where this one ends.
    const std::lock_guard lock(state_->mutex);
    state_->stream.reset();
    if (state_->runner) {
        state_->runner->stop();
        state_->runner.reset();
    }
    state_->watch.reset();
}

std::string ServedBackups::metrics() const {
    metrics::Registry registry;
    const std::lock_guard lock(state_->mutex);
    if (state_->runner) {
        for (const auto& age : state_->runner->ages()) {
            const metrics::Labels labels{{"job", age.job}};
            // What never succeeded has no age, and is an alarm all the same.
            if (age.success) {
                registry
                    .gauge("caisson_backup_success_age_seconds",
                           "Since the newest success of a scheduled job", labels)
                    .set(static_cast<double>(age.success->count()));
            }
            registry
                .gauge("caisson_backup_failing", "Whether the newest attempt of a job failed",
                       labels)
                .set(age.is_failing ? 1 : 0);
            registry
                .gauge("caisson_backup_alarm",
                       "Whether a job that should have succeeded by now did not, or never did",
                       labels)
                .set(age.alarm.empty() ? 0 : 1);
        }
    }
    if (state_->stream) {
        const auto status = state_->stream->status();
        registry.gauge("caisson_backup_streaming", "Whether the log is received as a stream")
            .set(status.is_streaming ? 1 : 0);
        registry.gauge("caisson_backup_stream_lag_bytes", "Of the log that was not received yet")
            .set(static_cast<double>(status.lag_bytes));
    }
    if (state_->watch) {
        state_->watch->add_metrics(registry);
    }
    return state_->runner || state_->stream || state_->watch ? registry.text() : std::string();
}

void ServedBackups::read(monitor::Sample& sample) const {
    const std::lock_guard lock(state_->mutex);
    if (state_->watch) {
        state_->watch->read(sample);
    }
    if (!state_->runner) {
        return;
    }
    for (const auto& age : state_->runner->ages()) {
        const monitor::Labels labels{{"job", age.job}};
        if (age.success) {
            sample.add("backups.success_age", static_cast<double>(age.success->count()), labels);
        }
        const auto runs = age.succeeded + age.failed;
        sample.add("backups.succeeded", static_cast<double>(age.succeeded), labels);
        sample.add("backups.failed", static_cast<double>(age.failed), labels);
        if (runs > 0) {
            sample.add("backups.success_percent",
                       100 * static_cast<double>(age.succeeded) / static_cast<double>(runs),
                       labels);
        }
        if (age.took) {
            sample.add("backups.took", static_cast<double>(age.took->count()), labels);
        }
        sample.add("backups.failing", age.is_failing ? 1 : 0, labels);
        sample.add("backups.alarm", age.alarm.empty() ? 0 : 1, labels);
    }
}

daemon::Supervision with_backups(const std::shared_ptr<ServedBackups>& backups,
                                 daemon::Supervision inner) {
    return {[backups, start = inner.start] {
                if (start) {
                    start();
                }
                backups->start();
            },
            [backups, stop = inner.stop] {
                backups->stop();
                if (stop) {
                    stop();
                }
            },
            inner.restarts};
}

}  // namespace caisson::cli
