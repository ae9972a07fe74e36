// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/restore.h"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/text.h"
#include "lifecycle/servers/processes.h"
#include "lifecycle/servers/servers.h"
#include "operations/backups/physical/failures.h"
#include "operations/backups/physical/files.h"
#include "operations/backups/physical/moments.h"
#include "operations/backups/physical/put_in_place.h"
#include "operations/backups/physical/restore_script.h"

namespace caisson::backups::physical {
namespace {

/// What PostgreSQL says when the log ends before the target.
constexpr std::string_view not_reached = "before configured recovery target was reached";

std::string word(const std::string& text) { return "'" + replace_all(text, "'", "'\\''") + "'"; }

std::optional<double> share_of(std::string_view line) {
    const auto end = line.find("%)");
    const auto begin = end == std::string_view::npos ? end : line.rfind(' ', end);
    double share = 0;
    if (begin == std::string_view::npos ||
        std::from_chars(line.data() + begin + 1, line.data() + end, share).ec != std::errc()) {
        return std::nullopt;
    }
    return share;
}

/// Copies the cluster; the log is replayed by whoever starts on it.
void copy_cluster(const Engine& engine, const RestorePlan& plan, const fs::path& data,
                  const Progress& progress) {
    std::error_code ignored;
    if (fs::exists(data, ignored) && !fs::is_empty(data, ignored)) {
        throw Error(Code::backup_failed,
                    fmt::format("{} is not empty: nothing is restored over it", data.string()),
                    "name a directory that does not exist yet")
            .with("path", data.string());
    }
    make_directory(data, 0700, engine.account());
    std::vector<std::string> arguments{
        "--repo=" + std::to_string(plan.depot), "--pg1-path=" + data.string(),
        "--set=" + plan.set.label, "--type=" + plan.type, "--archive-mode=off",
        "--tablespace-map-all=" + data.string() + ".tablespaces", "--job-retry=0",
        // Its own command hands on what was altered. Until there is
        // ours none is given: this ends a recovery at once.
        "--recovery-option=restore_command=exit 255", "--log-level-console=detail"};
    if (!plan.value.empty()) {
        arguments.push_back("--target=" + plan.value);
    }
    if (plan.type != "default") {
        arguments.emplace_back("--target-action=promote");
    }
    if (plan.timeline != 0 && plan.type != "immediate") {
        arguments.push_back("--target-timeline=" + std::to_string(plan.timeline));
    }
    engine.run(plan.stanza, "restore", arguments, [&](std::string_view line) {
        const auto share = share_of(line);
        if (share && progress) {
            const auto done = static_cast<double>(plan.bytes) * *share / 100;
            progress({"copying the cluster", static_cast<std::uint64_t>(done), plan.bytes});
        }
    });
    fault::point("cluster-restored");
}

RestorePlan with_archive(const trust::Run& run, const RestorePlan& plan) {
    auto completed = plan;
    completed.archive_id =
        archive_of(depot_named(run, plan.repository), plan.stanza, usual_segment_bytes).id;
    return completed;
}

/// Of what the log of the restored server says.
[[noreturn]] void explain(const RestorePlan& plan, const Error& error, const Place& place) {
    const auto log = read_own(place.log()).value_or("");
    if (log.find(not_reached) != std::string::npos) {
        throw Error(Code::backup_missing,
                    fmt::format("the log ends before {} {}", plan.type, plan.value),
                    "see which moments can be restored: caisson backup show");
    }
    for (const auto& line : split(log, '\n')) {
        const auto at = line.find(" of the archive ");
        if (line.starts_with("FATAL:  segment ") && at != std::string::npos) {
            constexpr std::size_t words = std::string_view("FATAL:  segment ").size();
            throw Error(Code::backup_damaged,
                        fmt::format("{} (repository {})", line.substr(8), plan.repository))
                .with("segment", line.substr(words, at - words));
        }
    }
    throw error;
}

struct Recovery {
    std::unique_ptr<RecoveredServer> server;
    bool is_without_target = false;
};

using Settings = std::map<std::string, std::string>;

Recovery recover(const trust::Run& run, const RestorePlan& plan, const Place& place,
                 Settings settings) {
    settings["restore_command"] = word(place.restore_command()) + " \"%f\" \"%p\"";
    try {
        return {std::make_unique<RecoveredServer>(run, place, settings), false};
    } catch (const Error& error) {
        const auto log = read_own(place.log()).value_or("");
        const bool is_idle = plan.type == "time" && log.find(not_reached) != std::string::npos;
        if (!is_idle) {
            explain(plan, error, place);
        }
    }
    // The moment is covered, and nothing was committed after it: all that there is leads to it.
    auto all = settings;
    all["recovery_target_time"] = "";
    try {
        return {std::make_unique<RecoveredServer>(run, place, all), true};
    } catch (const Error& error) {
        explain(plan, error, place);
    }
}

void read_state(const RecoveredServer& server, Restored& restored) {
    pg::Connection connection(server.settings());
    const auto row =
        connection
            .query(
                "select (select timeline_id from pg_control_checkpoint())::text as timeline, "
                "coalesce(pg_last_wal_replay_lsn(), pg_current_wal_lsn())::text as lsn, "
                "to_char(pg_last_xact_replay_timestamp() at time zone 'UTC', "
                "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as at, "
                "pg_walfile_name(pg_current_wal_lsn()) as segment")
            .front();
    const auto segment = parse_segment(row.text("segment"));
    restored.timeline = segment ? segment->timeline : 0;
    restored.lsn = row.string("lsn");
    restored.last_commit = row.string("at");
}

/// What restores leave in the configuration would be obeyed by a later recovery.
void forget_recovery(const RecoveredServer& server) {
    pg::Connection connection(server.settings());
    for (const std::string name :
         {"restore_command", "recovery_target", "recovery_target_time", "recovery_target_xid",
          "recovery_target_name", "recovery_target_lsn", "recovery_target_action",
          "recovery_target_timeline", "recovery_target_inclusive"}) {
        connection.query("alter system reset " + name);
    }
}

/// Content hashes are of the set's restore point, and count only for a restore to it.
void compare(const RecoveredServer& server, Restored& restored) {
    const auto& plan = restored.plan;
    if (plan.type == "name" && plan.value == plan.set.restore_point) {
        restored.compared = plan.set.tables.size();
        restored.deviations = deviations_of(plan.set.tables, [&](const std::string& database) {
            return pg::Connection(server.settings("postgres", database));
        });
    }
}

bool is_before_base(const Error& error) { return error.code() == Code::backup_missing; }

/// What is damaged gets its name, and what is left beside it.
Error offering(const trust::Run& run, const RestorePlan& plan, const Error& error) {
    const auto segment = error.fact("segment");
    Unusable unusable;
    unusable[plan.repository].insert(segment.empty() ? plan.set.id : segment);
    Error complete(Code::backup_damaged,
                   segment.empty() ? fmt::format("{} of {} is damaged: {}", plan.set.id,
                                                 plan.repository, error.message())
                                   : error.message(),
                   unaffected(run, unusable, plan.moment));
    for (const auto& [key, value] : error.facts()) {
        complete.with(key, value);
    }
    return complete.with("set", plan.set.id);
}

/// The set's own files are damaged, and another one leads to the same moment.
bool falls_back(RestorePlan& plan, const Error& error) {
    if (plan.fallbacks.empty() || !error.fact("segment").empty()) {
        return false;
    }
    plan.notes.push_back(fmt::format("{} of {} is damaged: {}; {} leads there, too", plan.set.id,
                                     plan.repository, error.message(), plan.fallbacks.front().id));
    plan.set = plan.fallbacks.front();
    plan.bytes = plan.set.bytes;
    plan.fallbacks.erase(plan.fallbacks.begin());
    return true;
}

Recovered attempt(const trust::Run& run, const Engine& engine, const RestorePlan& plan,
                  const Place& place, const Settings& settings, const Progress& progress) {
    Recovered recovered;
    auto& restored = recovered.restored;
    restored.plan = plan;
    restored.data = place.data();
    const Stopwatch copying;
    copy_cluster(engine, plan, place.data(), progress);
    restored.copying = copying.elapsed();
    write_file(place.restore_command(), restore_script(run, engine, plan, place.data()), 0700,
               engine.account());
    if (progress) {
        progress({"replaying the log", 0, 0});
    }
    const Stopwatch recovering;
    auto recovery = recover(run, plan, place, settings);
    restored.recovering = recovering.elapsed();
    recovered.server = std::move(recovery.server);
    read_state(*recovered.server, restored);
    forget_recovery(*recovered.server);
    const auto reached = parse_moment(restored.last_commit);
    if (recovery.is_without_target && reached && *reached > parse_moment(plan.moment).value_or(0)) {
        throw Error(Code::backup_failed,
                    "a transaction was committed while the log was replayed: begin again");
    }
    if (progress) {
        progress({"comparing samples", 0, 0});
    }
    compare(*recovered.server, restored);
    fault::point("cluster-recovered");
    return recovered;
}

/// A server that is started on the directory gets its log by a command that compares each segment.
void guard_recovery(const trust::Run& run, const Engine& engine, const RestorePlan& plan,
                    const fs::path& data) {
    const auto script = data / "caisson-restore-command";
    write_file(script, restore_script(run, engine, plan, data), 0700, engine.account());
    // As the shell, the server and its configuration each want it.
    const auto command = replace_all(word(script), "%", "%%") + " \"%f\" \"%p\"";
    const auto value = replace_all(replace_all(command, "\\", "\\\\"), "'", "''");
    const auto settings = data / "postgresql.auto.conf";
    write_file(
        settings,
        read_own(settings).value_or("") +
            fmt::format("# Of several the last one counts.\nrestore_command = '{}'\n", value),
        0600, engine.account());
}

}  // namespace

Restored restore_to_directory(const trust::Run& run, const RestorePlan& plan,
                              const fs::path& directory, const Progress& progress) {
    const Engine engine(run);
    Restored restored;
    restored.plan = with_archive(run, plan);
    restored.data = directory;
    const Stopwatch copying;
    while (true) {
        try {
            copy_cluster(engine, restored.plan, directory, progress);
            break;
        } catch (const Error& error) {
            if (error.code() != Code::backup_damaged) {
                throw;
            }
            if (!falls_back(restored.plan, error)) {
                throw offering(run, restored.plan, error);
            }
        }
        remove_tree(directory);
    }
    restored.copying = copying.elapsed();
    guard_recovery(run, engine, restored.plan, directory);
    restored.notes = restored.plan.notes;
    return restored;
}

namespace {

bool is_running(const trust::Run& run) {
    const auto all = servers::status(run);
    return std::ranges::any_of(all, [](const servers::Status& status) {
        return status.server == servers::Server::postgres && status.running();
    });
}

Recovered recover_at(const trust::Run& run, RestorePlan plan, const fs::path& place,
                     const Settings& settings, const Progress& progress) {
    const Engine engine(run);
    const Place where{place};
    plan = with_archive(run, plan);
    make_directory(place, 0700, engine.account());
    while (true) {
        try {
            auto recovered = attempt(run, engine, plan, where, settings, progress);
            recovered.restored.notes = plan.notes;
            return recovered;
        } catch (const Error& error) {
            if (error.code() == Code::backup_damaged) {
                if (!falls_back(plan, error)) {
                    throw offering(run, plan, error);
                }
            } else if (!is_before_base(error) || plan.earlier.empty()) {
                throw;
            } else {
                // It lies before this set began.
                plan.set = plan.earlier.front();
                plan.bytes = plan.set.bytes;
                plan.earlier.erase(plan.earlier.begin());
            }
        }
        remove_tree(where.data());
    }
}

/// Recovered and compared; it has ended in order when this returns.
Restored recover_beside(const trust::Run& run, const RestorePlan& plan, const fs::path& place,
                        const Progress& progress) {
    // Without a command nothing is archived yet, but what must be is noted: the history of the new
    // timeline above all.
    auto recovered =
        recover_at(run, plan, place, {{"archive_mode", "on"}, {"archive_command", ""}}, progress);
    if (!recovered.restored.deviations.empty()) {
        const auto& first = recovered.restored.deviations.front();
        throw Error(Code::backup_damaged,
                    fmt::format("the restored data is not what was backed up: {}.{} {}",
                                first.table.schema, first.table.table, first.what),
                    "nothing was changed; the restored directory is " + place.string());
    }
    pg::Connection(recovered.server->settings()).query("alter system reset archive_mode");
    recovered.server->stop();
    return std::move(recovered.restored);
}

/// What does not start is not left in the place of what did.
void start_or_put_back(const trust::Run& run, const Placed& placed) {
    try {
        servers::start(run);
    } catch (const Error& error) {
        if (placed.previous.empty()) {
            throw;
        }
        servers::stop(run);
        put_back(run, placed);
        throw Error(error.code(),
                    fmt::format("the restored data do not start, and those of before are back: {}",
                                error.message()),
                    "the restored data are in " + placed.previous.string())
            .with("restored", placed.previous.string());
    }
}

}  // namespace

Recovered restore_to_server(const trust::Run& run, const RestorePlan& plan, const fs::path& place,
                            const Progress& progress) {
    return recover_at(run, plan, place, {}, progress);
}

Restored restore_in_place(const trust::Run& run, const RestorePlan& plan,
                          const RestoreOptions& options, const Progress& progress) {
    if (!run.is_private()) {
        throw Error(Code::not_private,
                    fmt::format("environment {} is not private: restore to a directory, and let "
                                "its server start on it",
                                run.environment.name));
    }
    if (is_running(run) && !options.may_stop) {
        throw Error(Code::backup_failed, "PostgreSQL runs: nothing is restored over it",
                    "stop it first, or allow this to stop it; or restore beside it");
    }
    const auto home = run.state.postgres_data().parent_path();
    make_directory(home, 0700, owner_of(run));
    // Of an earlier one: what was put in place is about to be replaced, and stays as `previous`.
    if (killed_after_placing(run)) {
        forget_placed(run);
    }
    const auto lock = FileLock::try_lock(home / "restoring.lock", "a restore");
    if (!lock) {
        throw Error(Code::locked,
                    fmt::format("another restore in place is at work: {}",
                                FileLock::holder(home / "restoring.lock")),
                    "wait until that is done");
    }
    const fs::path place = home / "restoring";
    servers::end_processes(servers::processes_in(place / "data", "postgres"), SIGQUIT,
                           std::chrono::seconds(10));
    remove_tree(place);
    // What is written until then is archived by the shutdown; where the archive refuses, the last
    // moment is in the server's own log.
    const bool was_running = is_running(run);
    servers::stop(run);
    try {
        auto complete = plan;
        if (plan.target.kind == Target::Kind::latest) {
            complete.own_log = own_log_of(run.state.postgres_data(), plan.set.system_identifier);
            complete.type = complete.own_log.empty() ? plan.type : "default";
        }
        auto restored = recover_beside(run, complete, place, progress);
        const auto placed = put_in_place(run, place, restored.plan.set.id, restored.plan.moment);
        restored.data = run.state.postgres_data();
        restored.previous = placed.previous;
        if (progress) {
            progress({"starting the servers", 0, 0});
        }
        start_or_put_back(run, placed);
        return restored;
    } catch (const Error&) {
        if (was_running && !is_running(run)) {
            servers::start(run);
        }
        throw;
    }
}

}  // namespace caisson::backups::physical
