// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/restore.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
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
#include "operations/backups/physical/recover.h"
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
        // It empties its spool: that of the configuration has what the running archiver waits for.
        "--spool-path=" + data.string() + ".spool",
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

/// By their object ids: of the server that runs, or of the private one's data.
std::set<std::string> present_tablespaces(const trust::Run& run) {
    std::set<std::string> present;
    try {
        auto connection = connect(run);
        for (const auto& row :
             connection.query("select oid::text as id from pg_tablespace where oid >= 16384")) {
            present.insert(row.string("id"));
        }
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
        std::error_code ignored;
        for (const auto& each :
             fs::directory_iterator(run.state.postgres_data() / "pg_tblspc", ignored)) {
            present.insert(each.path().filename().string());
        }
    }
    return present;
}

/// The log behind a set may make a tablespace: at the very place where the present server has it,
/// and both would write the same files. Takes the copy away again. Errors: backup_failed.
void refuse_later_tablespaces(const trust::Run& run, const RestorePlan& plan,
                              const fs::path& data) {
    if (plan.type == "immediate") {
        return;
    }
    for (const auto& id : present_tablespaces(run)) {
        std::error_code failure;
        if (!fs::is_symlink(data / "pg_tblspc" / id, failure)) {
            remove_tree(data);
            remove_tree(data.string() + ".tablespaces");
            throw Error(Code::backup_failed,
                        fmt::format("the server has a tablespace (oid {}) that is younger than {}: "
                                    "the log would make it again, in its very place",
                                    id, plan.set.id),
                        "make a newer set and begin with that, or restore the set itself, without "
                        "the log behind it");
        }
    }
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

std::string without_target(const std::string& configuration) {
    std::string kept;
    for (const auto& line : split(configuration, '\n')) {
        if (!line.starts_with("recovery_target") || line.starts_with("recovery_target_timeline")) {
            kept += line + "\n";
        }
    }
    return kept;
}

/// What lies behind the restore point changes the tables: they are compared there, with the log
/// held, before it goes on.
void compare_on_the_way(const trust::Run& run, const RestorePlan& plan, const Place& place,
                        Settings settings, const std::optional<Account>& account,
                        Restored& restored, const Progress& progress) {
    if (!plan.passes_point || plan.set.restore_point.empty() || plan.set.tables.empty()) {
        return;
    }
    settings["restore_command"] = word(place.restore_command()) + " \"%f\" \"%p\"";
    settings["recovery_target_name"] = plan.set.restore_point;
    // PostgreSQL takes one target, and no second one over it.
    const auto file = place.data() / "postgresql.auto.conf";
    const auto configuration = read_own(file).value_or("");
    write_file(file, without_target(configuration), 0600, account);
    try {
        RecoveredServer server(run, place, settings, RecoveredServer::Until::paused);
        if (progress) {
            progress({"comparing samples", 0, 0});
        }
        restored.compared = plan.set.tables.size();
        restored.deviations = deviations_of(plan.set.tables, [&](const std::string& database) {
            return pg::Connection(server.settings("postgres", database));
        });
        server.stop();
    } catch (const Error& error) {
        explain(plan, error, place);
    }
    write_file(file, configuration, 0600, account);
    if (progress) {
        progress({"replaying the log", 0, 0});
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
    refuse_later_tablespaces(run, plan, place.data());
    restored.copying = copying.elapsed();
    write_file(place.restore_command(), restore_script(run, engine, plan, place.data()), 0700,
               engine.account());
    if (progress) {
        progress({"replaying the log", 0, 0});
    }
    const Stopwatch recovering;
    compare_on_the_way(run, plan, place, settings, engine.account(), restored, progress);
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
    if (restored.plan.reaching) {
        // Where the target lies in the log is not known, and nobody is here to try: the oldest set
        // whose log goes on to the end comes before it, if any does.
        restored.plan.set = *restored.plan.reaching;
        restored.plan.bytes = restored.plan.set.bytes;
        restored.plan.earlier.clear();
        restored.plan.fallbacks.clear();
        restored.plan.notes.push_back(fmt::format("begins with {}, so that {} lies behind it",
                                                  restored.plan.set.id,
                                                  restored.plan.target.value));
    }
    restored.data = directory;
    const Stopwatch copying;
    while (true) {
        try {
            copy_cluster(engine, restored.plan, directory, progress);
            refuse_later_tablespaces(run, restored.plan, directory);
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

Recovered restore_to_server(const trust::Run& run, const RestorePlan& plan, const fs::path& place,
                            const Progress& progress) {
    return recover_at(run, plan, place, {}, progress);
}

}  // namespace caisson::backups::physical
