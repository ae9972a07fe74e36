// SPDX-License-Identifier: Apache-2.0
#include "app/cli/serve_backups.h"

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

void tell(const std::string& sentence) { log::warning("backups", {{"message", sentence}}); }

bool has_physical_sets(const trust::Run& run) {
    for (const auto& repository : backups::repositories_of(run)) {
        for (const auto& found : repository.sets()) {
            if (found.set.is_physical()) {
                return true;
            }
        }
    }
    return false;
}

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
    std::unique_ptr<BackupWatch> watch;
    std::unique_ptr<schedule::Runner> runner;
    std::unique_ptr<backups::physical::Stream> stream;
};

ServedBackups::ServedBackups(const trust::Run& run) : state_(std::make_unique<State>(run)) {
    if (!run.manifest.backups.schedule.empty()) {
        backups::prepare_state(run);
        make_directory(schedule_file(run).parent_path(), 0700, backups::owner_of(run));
    }
}

ServedBackups::~ServedBackups() = default;

void ServedBackups::start() {
    auto& state = *state_;
    const auto& backups = state.run.manifest.backups;
    const bool has_physical = backups.physical && has_physical_sets(state.run);
    if (backups.is_declared || has_physical) {
        state.watch = std::make_unique<BackupWatch>(state.run);
        state.watch->start();
    }
    // Also where nothing is scheduled: a gap of the log waits for no schedule.
    if (state.watch && (!backups.schedule.empty() || has_physical)) {
        state.runner = std::make_unique<schedule::Runner>(served_options(state.run, *state.watch));
        state.runner->start();
    }
    if (state.run.is_private() && backups.stream && has_physical) {
        state.stream = std::make_unique<backups::physical::Stream>(state.run, tell);
        state.stream->start();
    }
}

void ServedBackups::stop() {
    // The slot stays, so that the next one goes on where this one ends.
    state_->stream.reset();
    if (state_->runner) {
        state_->runner->stop();
        state_->runner.reset();
    }
    state_->watch.reset();
}

std::string ServedBackups::metrics() const {
    metrics::Registry registry;
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
