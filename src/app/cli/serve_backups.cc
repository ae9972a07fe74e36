// SPDX-License-Identifier: Apache-2.0
#include "app/cli/serve_backups.h"

#include <array>

#include <fmt/format.h>
#include <unistd.h>

#include "app/cli/backup_keep.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/process.h"
#include "base/text.h"
#include "operations/backups/physical/physical.h"
#include "operations/backups/sets/keys.h"
#include "operations/schedule/host_lease.h"
#include "operations/schedule/runner.h"

namespace caisson::cli {
namespace {

using namespace std::chrono_literals;

/// A backup of terabytes takes a night; one that takes two days hangs.
constexpr auto longest_job = 48h;

std::string host_name() {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
}

/// The last words of a program that failed.
std::string last_words(const Finished& finished) {
    const auto lines =
        split(trim(finished.errors.empty() ? finished.output : finished.errors), '\n');
    for (const auto& line : lines) {
        if (line.find("error: ") != std::string::npos) {
            return line;
        }
    }
    return lines.empty() ? fmt::format("exit status {}", finished.status) : lines.back();
}

/// A job is a process of its own: what it does wrong, or how much memory it takes, is not ours.
void run_job(const trust::Run& run, const schedule::Due& due) {
    Command command;
    command.arguments = {fs::read_symlink("/proc/self/exe").string(), "-C",
                         run.manifest.directory.string(), "-e", run.environment.name};
    for (const auto& word : verbs_of_jobs().at(due.job)) {
        command.arguments.push_back(word);
    }
    log::info("backup_job", {{"job", due.job}, {"attempt", due.attempt}});
    const auto finished = caisson::run(command, longest_job);
    if (!finished.fine()) {
        throw Error(Code::backup_failed, last_words(finished));
    }
    log::info("backup_job_done", {{"job", due.job}});
}

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

schedule::Runner::Options options_for(const trust::Run& run) {
    const auto& first = run.manifest.databases.front();
    schedule::Runner::Options options;
    options.jobs = schedule::jobs_of(run.manifest.backups);
    options.state = schedule_file(run);
    options.owner = backups::owner_of(run);
    options.host = host_name();
    options.lease = [run, first, file = schedule_file(run).parent_path() / "schedule.lease"] {
        return schedule::host_lease({file, backups::owner_of(run),
                                     trust::role_settings(run, first, trust::Role::migrator),
                                     tell});
    };
    options.run = [run](const schedule::Due& due) { run_job(run, due); };
    options.say = tell;
    return options;
}

}  // namespace

struct ServedBackups::State {
    explicit State(const trust::Run& given) : run(given) {}

    trust::Run run;
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
    if (!backups.schedule.empty()) {
        state.runner = std::make_unique<schedule::Runner>(options_for(state.run));
        state.runner->start();
    }
    if (state.run.is_private() && backups.physical && backups.stream &&
        has_physical_sets(state.run)) {
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
    return state_->runner || state_->stream ? registry.text() : std::string();
}

void ServedBackups::read(monitor::Sample& sample) const {
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
