// SPDX-License-Identifier: Apache-2.0
#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "app/cli/backup_jobs.h"
#include "app/cli/backup_keep.h"
#include "base/text.h"
#include "operations/backups/sets/keys.h"
#include "operations/schedule/ages.h"
#include "operations/schedule/due.h"
#include "operations/schedule/timers.h"

namespace caisson::cli {
namespace {

std::string ago(const std::optional<std::chrono::seconds>& age) {
    return age ? schedule::age_text(*age) + " ago" : "never";
}

boost::json::value json_of(const std::optional<Moment>& moment) {
    return moment ? boost::json::value(timestamp(*moment)) : boost::json::value(nullptr);
}

/// Units for what [backups.schedule] names. Their names.
std::vector<std::string> write_units(Context& context, const std::vector<schedule::Job>& jobs) {
    const auto& run = context.run();
    schedule::TimerOptions options;
    options.platform = run.manifest.name;
    options.environment = run.environment.name;
    options.command = {fs::read_symlink("/proc/self/exe").string(), "-C",
                       fs::canonical(run.manifest.directory).string(), "-e", run.environment.name};
    for (const auto& job : jobs) {
        // By way of the history that the daemon writes, too.
        options.verbs[job.name] = {"backup", "schedule", "--run", job.name};
    }
    if (const auto state = run.variables.find("CAISSON_STATE"); state != run.variables.end()) {
        options.state = state->second;
    }
    options.variables =
        fmt::format("/etc/caisson/{}-{}.env", run.manifest.name, run.environment.name);
    options.account = ::geteuid() == 0 ? "" : current_account().name;
    const fs::path directory = context.arguments().value("--systemd");
    std::vector<std::string> names;
    for (const auto& unit : schedule::timers(jobs, options)) {
        if (!context.dry_run()) {
            ensure_directory(directory);
            write_file(directory / unit.name, unit.text);
        }
        context.print(fmt::format("{}: {}", (directory / unit.name).string(),
                                  context.dry_run() ? "would be written" : "written"));
        names.push_back(unit.name);
    }
    if (!names.empty() && !context.dry_run()) {
        context.note(
            fmt::format("variables that the manifest takes from the environment belong into {} "
                        "(0600): NAME=value",
                        options.variables));
        context.note(
            "begin with: systemctl daemon-reload && systemctl enable --now " +
            fmt::format("'caisson-{}-{}-*.timer'", run.manifest.name, run.environment.name));
    }
    return names;
}

/// For a timer: one job, its begin and end written down as the daemon does it.
Exit run_one(Context& context, const std::vector<schedule::Job>& jobs) {
    const auto name = context.arguments().value("--run");
    const auto job = std::ranges::find(jobs, name, &schedule::Job::name);
    if (job == jobs.end()) {
        throw Error(Code::usage, fmt::format("[backups.schedule] names no job \"{}\"", name),
                    "caisson backup schedule lists them");
    }
    if (context.dry_run()) {
        context.print(fmt::format("would run {}", join(verbs_of_jobs().at(name), " ")));
        return Exit::fine;
    }
    std::string complaint;
    auto options = runner_options(context.run(),
                                  [&](const std::string& text) { context.note("note: " + text); });
    options.run = [&](const schedule::Due& due) {
        complaint = run_job(context.run(), due);
        return complaint;
    };
    const bool has_run = schedule::Runner(options).once(*job);
    context.print(!has_run ? fmt::format("{} has been run already", name)
                  : complaint.empty()
                      ? fmt::format("{} {}", context.green("✓"), name)
                      : fmt::format("{} {}: {}", context.red("✗"), name, complaint));
    context.result() = {{"job", name}, {"ran", has_run}, {"complaint", complaint}};
    return complaint.empty() ? Exit::fine : Exit::findings;
}

Exit run_schedule(Context& context) {
    const auto& run = context.run();
    const auto jobs = schedule::jobs_of(run.manifest.backups);
    if (context.arguments().has("--run")) {
        return run_one(context, jobs);
    }
    if (jobs.empty()) {
        context.print("nothing is scheduled: [backups.schedule] of caisson.toml names no job");
        context.result()["jobs"] = boost::json::array();
        return Exit::fine;
    }
    std::vector<std::string> notes;
    const auto file = schedule_file(run);
    const auto now = moment_now();
    const auto history = schedule::settled(schedule::load(file, notes), jobs, now, notes);
    for (const auto& note : notes) {
        context.note(note);
    }
    const auto ages = schedule::ages(jobs, history, now);
    const auto next = schedule::next(jobs, history, host_name(), now);
    context.print(context.dim(fmt::format("{:<13} {:<18} {:<16} {:<16} {}", "job", "expression",
                                          "last success", "last failure", "next")));
    boost::json::array rows;
    bool is_alarmed = false;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        const auto& record = history.jobs.at(jobs[i].name);
        context.print(fmt::format("{:<13} {:<18} {:<16} {:<16} {}", jobs[i].name,
                                  jobs[i].cron.text(), ago(ages[i].success),
                                  ages[i].failure ? ago(ages[i].failure) : "none",
                                  next[i].at <= now ? "now" : minute_text(next[i].at)));
        if (ages[i].is_failing) {
            context.print(fmt::format("  {} {}", context.red("✗"), ages[i].mistake));
        }
        if (!ages[i].alarm.empty()) {
            context.print(fmt::format("  {} {}", context.red("✗"), ages[i].alarm));
        }
        is_alarmed |= !ages[i].alarm.empty();
        rows.push_back(boost::json::object{{"job", jobs[i].name},
                                           {"expression", jobs[i].cron.text()},
                                           {"success", json_of(record.success)},
                                           {"failure", json_of(record.failure)},
                                           {"running", json_of(record.running)},
                                           {"failing", ages[i].is_failing},
                                           {"mistake", ages[i].mistake},
                                           {"complaint", record.complaint},
                                           {"alarm", ages[i].alarm},
                                           {"next", timestamp(next[i].at)},
                                           {"attempt", next[i].attempt},
                                           {"missed", next[i].missed}});
    }
    context.result()["jobs"] = std::move(rows);
    if (context.arguments().has("--systemd")) {
        const auto units = write_units(context, jobs);
        context.result()["units"] = boost::json::array(units.begin(), units.end());
    }
    return is_alarmed ? Exit::findings : Exit::fine;
}

}  // namespace

const std::map<std::string, std::vector<std::string>>& verbs_of_jobs() {
    static const std::map<std::string, std::vector<std::string>> verbs = {
        {"full", {"backup", "create", "--kind", "full"}},
        {"differential", {"backup", "create", "--kind", "differential"}},
        {"incremental", {"backup", "create", "--kind", "incremental"}},
        {"logical", {"backup", "create", "--kind", "logical"}},
        {std::string(gap_job), {"backup", "create", "--kind", "full"}},
        {"check", {"backup", "validate"}},
        {"drill", {"backup", "drill"}},
        {"small_drill", {"backup", "drill", "--small"}},
        {"prune", {"backup", "prune"}}};
    return verbs;
}

std::vector<Verb> backup_schedule_verbs() {
    return {
        {"backup schedule",
         "shows when which job of [backups.schedule] ran last and runs next; writes timers",
         "`caisson serve` runs the jobs, one at a time, on one host at a time. With --systemd a "
         "service and a timer are written\nfor each of them instead, for who runs no daemon. "
         "Exit status 7 when a job has not succeeded for too long, or never.",
         {{"--run",
           "JOB",
           "runs its verb now and writes down how it ended: what the timers call",
           {}},
          {"--systemd", "DIR", "write units of systemd there, such as /etc/systemd/system", {}}},
         "",
         "  caisson backup schedule\n  caisson backup schedule --systemd /etc/systemd/system",
         Needs::platform,
         run_schedule}};
}

}  // namespace caisson::cli
