// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/archiving.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <map>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/servers/servers.h"
#include "operations/backups/physical/files.h"

namespace caisson::backups::physical {
namespace {

using namespace std::chrono_literals;

/// For a shell.
std::string word(const std::string& text) { return "'" + replace_all(text, "'", "'\\''") + "'"; }

/// PostgreSQL replaces what follows a per cent sign.
std::string command_text(const Engine& engine, const std::string& stanza) {
    const auto command = fmt::format("{} {} {} archive-push", word(engine.program()),
                                     word("--config=" + engine.configuration().string()),
                                     word("--stanza=" + stanza));
    return replace_all(command, "%", "%%") + " \"%p\"";
}

std::string constant(const std::string& text) {
    return "'" + replace_all(replace_all(text, "\\", "\\\\"), "'", "''") + "'";
}

fs::path include_file(const Cluster& cluster) {
    return cluster.stanza.data / "caisson-archive.conf";
}

/// Root writes for another account; what others may read of it, they must not: it is theirs alone.
bool write_if_different(const fs::path& path, const std::string& text,
                        const std::optional<Account>& owner) {
    if (read_own(path) == text) {
        return false;
    }
    write_file(path, text, 0600, owner);
    return true;
}

FileLock wait_for_lock(const trust::Run& run) {
    const auto path = home_of(run).directory / "setup.lock";
    const Stopwatch watch;
    while (true) {
        if (auto lock = FileLock::try_lock(path, "setting up the archive")) {
            // Made by root, it must let the daemon in, which is not root.
            const auto owner = owner_of(run);
            if (owner && ::geteuid() == 0 &&
                ::lchown(path.c_str(), owner->user, owner->group) != 0) {
                throw_file_error("change the owner of", path, errno);
            }
            return std::move(*lock);
        }
        if (watch.elapsed() > 90s) {
            throw Error(Code::locked,
                        fmt::format("the archive is being set up by {}", FileLock::holder(path)));
        }
        interrupt::check();
        ::poll(nullptr, 0, 50);
    }
}

void make_directories(const trust::Run& run) {
    const auto owner = owner_of(run);
    prepare_state(run);
    const auto home = home_of(run);
    for (const auto& directory : {home.directory, home.locks(), home.logs(), home.spool()}) {
        make_directory(directory, 0700, owner);
    }
    for (const auto& repository : repositories_of(run)) {
        make_repository(run, repository, false);
        make_directory(repository.path() / "pgbackrest", 0700, owner);
    }
}

/// A key that does not open what is there must not take the place of the one that does: from then
/// on nothing more would be archived. Errors: backup_key.
void require_right_key(const trust::Run& run, const Engine& engine, const Cluster& cluster,
                       const std::string& text) {
    const fs::path trial = home_of(run).file().string() + ".new";
    write_file(trial, text, 0600, engine.account());
    const auto probe = engine.with(trial);
    std::string mistake;
    for (const auto& depot : depots_of(run)) {
        const auto opens = [&](const std::string& file) {
            try {
                const auto answer = probe.run(cluster.stanza.name, "repo-get",
                                              {"--repo=" + std::to_string(depot.number), file});
                return answer.output.find("[db]") != std::string::npos;
            } catch (const Error& error) {
                if (error.code() == Code::interrupted) {
                    throw;
                }
                return false;
            }
        };
        const auto info = fmt::format("archive/{}/archive.info", cluster.stanza.name);
        std::error_code ignored;
        // It is kept twice, and one of both may be damaged.
        if (depot.is_directory() && fs::exists(depot.path / info, ignored) && !opens(info) &&
            !opens(info + ".copy")) {
            mistake = fmt::format(
                "{} does not open with this passphrase: it is another one's, or "
                "the file is damaged",
                (depot.path / info).string());
        }
    }
    fs::remove(trial);
    if (!mistake.empty()) {
        throw Error(Code::backup_key, mistake,
                    "give the key that the repository was made with; what was set up before stays "
                    "as it was");
    }
}

bool write_configuration(const trust::Run& run, const Engine& engine, const Cluster& cluster,
                         std::vector<std::string>& notes) {
    const auto passphrase = ensure_passphrase(run);
    if (passphrase && passphrase->is_made) {
        notes.push_back(note_of_new_key(*passphrase));
    }
    const auto text = configuration_text(
        run.manifest.backups, home_of(run), depots_of(run),
        passphrase ? std::optional(passphrase->text) : std::nullopt, cluster.stanza);
    for (const auto& refusal : refused_settings(text, engine.version())) {
        throw Error(Code::backup_failed,
                    fmt::format("{} must not be set with pgBackRest {}: {}", refusal.setting,
                                engine.version().text(), refusal.reason));
    }
    const auto& file = home_of(run).file();
    if (read_own(file) != text) {
        require_right_key(run, engine, cluster, text);
    }
    return write_if_different(file, text, engine.account());
}

bool has_stanza(const trust::Run& run, const Cluster& cluster) {
    const auto depots = depots_of(run);
    return std::ranges::all_of(depots, [&](const Depot& depot) {
        std::error_code ignored;
        const auto has = [&](const fs::path& file) {
            return fs::exists(depot.path / file, ignored);
        };
        return !depot.is_directory() ||
               (has(fs::path("archive") / cluster.stanza.name / "archive.info") &&
                has(fs::path("backup") / cluster.stanza.name / "backup.info"));
    });
}

/// Sessions see a new setting once the signal reached the postmaster.
void await_command(const trust::Run& run, const std::string& command) {
    auto connection = connect(run);
    connection.query("select pg_reload_conf()");
    const Stopwatch watch;
    while (true) {
        const auto present =
            connection.query("select current_setting('archive_command') as c").front().string("c");
        if (present == command || (command.empty() && present == "(disabled)")) {
            return;
        }
        if (watch.elapsed() > 10s) {
            throw Error(
                Code::backup_failed,
                fmt::format("the server's archive_command is {}, and another place of its "
                            "configuration keeps it so",
                            present),
                "take archive_command out of [server.postgres] and of postgresql.auto.conf");
        }
        interrupt::check();
        ::poll(nullptr, 0, 10);
    }
}

/// A server that an older Caisson had configured does not read our file yet.
void bring_include(const trust::Run& run, const Cluster& cluster) {
    const auto name = include_file(cluster).filename().string();
    const auto text = read_own(cluster.stanza.data / "caisson.conf").value_or("");
    if (text.find(name) == std::string::npos) {
        auto connection = connect(run);
        servers::apply_settings(run, connection);
    }
}

/// Of a server that is not ours, its configuration is not ours either: only this one setting.
void set_command(const trust::Run& run, const Engine& engine, const Cluster& cluster,
                 const std::string& command) {
    const auto timeout = std::max<std::int64_t>(
        1, std::chrono::ceil<std::chrono::seconds>(run.manifest.backups.archive_timeout).count());
    if (run.is_private()) {
        bring_include(run, cluster);
        write_if_different(include_file(cluster),
                           fmt::format("# Written by Caisson for its backups.\narchive_command = "
                                       "{}\narchive_timeout = '{}s'\n",
                                       constant(command), timeout),
                           engine.account());
    } else {
        auto connection = connect(run);
        connection.query("alter system set archive_command = " + pg::literal(command));
        connection.query(fmt::format("alter system set archive_timeout = '{}s'", timeout));
    }
    await_command(run, command);
}

/// `0000000A.history`.
std::optional<std::uint32_t> timeline_of_history(const std::string& name) {
    std::uint32_t timeline = 0;
    const auto end = name.data() + std::min<std::size_t>(8, name.size());
    const auto [stop, failure] = std::from_chars(name.data(), end, timeline, 16);
    return name.size() == 16 && name.ends_with(".history") && failure == std::errc() && stop == end
               ? std::optional(timeline)
               : std::nullopt;
}

/// The server's own push may be at work, of a segment or of the very same file: pgBackRest refuses
/// the one, and fails at the other. It is waited for.
void run_patiently(const Engine& engine, const Cluster& cluster, const std::string& command,
                   const std::vector<std::string>& arguments = {}) {
    const Stopwatch watch;
    while (true) {
        try {
            engine.run(cluster.stanza.name, command, arguments);
            return;
        } catch (const Error& error) {
            const bool may_pass = error.code() == Code::locked ||
                                  (command == "archive-push" && error.code() != Code::interrupted);
            if (!may_pass || watch.elapsed() > 90s) {
                throw;
            }
        }
        interrupt::check();
        ::poll(nullptr, 0, 200);
    }
}

/// The server archives the history of a timeline once, when it begins: a repository that came later
/// has none, and no recovery could follow the timeline there.
void archive_histories(const trust::Run& run, const Engine& engine, const Cluster& cluster) {
    std::map<std::uint32_t, fs::path> histories;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(cluster.stanza.data / "pg_wal", failure)) {
        if (const auto timeline = timeline_of_history(entry.path().filename().string())) {
            histories[*timeline] = entry.path();
        }
    }
    if (failure) {
        throw_file_error("read", cluster.stanza.data / "pg_wal", failure.value());
    }
    if (histories.empty()) {
        return;
    }
    std::vector<std::vector<std::uint32_t>> present;
    for (const auto& depot : depots_of(run)) {
        if (depot.is_directory()) {
            present.push_back(
                archive_of(depot, cluster.stanza.name, cluster.segment_bytes).histories);
        }
    }
    for (const auto& [timeline, path] : histories) {
        if (std::ranges::any_of(present, [&, number = timeline](const auto& archived) {
                return std::ranges::find(archived, number) == archived.end();
            })) {
            run_patiently(engine, cluster, "archive-push", {"--no-archive-async", path.string()});
        }
    }
}

bool is_set(const trust::Run& run, const std::string& command) {
    auto connection = connect(run);
    const auto row = connection
                         .query(
                             "select current_setting('archive_command') as c, (select setting "
                             "from pg_settings where name = 'archive_timeout') as t")
                         .front();
    const auto timeout =
        std::chrono::ceil<std::chrono::seconds>(run.manifest.backups.archive_timeout).count();
    return row.string("c") == command && row.string("t") == std::to_string(timeout);
}

}  // namespace

Archiving ensure_archiving(const trust::Run& run, const Progress& progress) {
    const auto tell = [&](const std::string& what) {
        if (progress) {
            progress({what, 0, 0});
        }
    };
    const Engine engine(run);
    Archiving archiving;
    archiving.cluster = cluster_of(run);
    const auto& cluster = archiving.cluster;
    if (!cluster.is_archiving) {
        throw Error(Code::backup_failed, "the server does not archive: archive_mode is off",
                    "set archive_mode = on and restart it");
    }
    make_directories(run);
    const auto lock = wait_for_lock(run);
    archiving.was_changed = write_configuration(run, engine, cluster, archiving.notes);
    fault::point("archive-configured");
    const auto command = command_text(engine, cluster.stanza.name);
    const bool is_complete =
        !archiving.was_changed && has_stanza(run, cluster) && is_set(run, command);
    if (is_complete) {
        archive_histories(run, engine, cluster);
        return archiving;
    }
    archiving.was_changed = true;
    tell("making the stanza");
    run_patiently(engine, cluster, "stanza-create");
    fault::point("stanza-made");
    set_command(run, engine, cluster, command);
    tell("archiving a first segment");
    engine.run(cluster.stanza.name, "check");
    archive_histories(run, engine, cluster);
    return archiving;
}

void pause_archiving(const trust::Run& run) {
    const Engine engine(run);
    const auto cluster = cluster_of(run);
    set_command(run, engine, cluster, "");
}

ArchiverState archiver_state(const trust::Run& run) {
    auto connection = connect(run);
    const auto row =
        connection
            .query(
                "select current_setting('archive_command') as command, last_archived_wal, "
                "to_char(last_archived_time at time zone 'UTC', "
                "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as archived_at, last_failed_wal, "
                "to_char(last_failed_time at time zone 'UTC', "
                "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as failed_at, "
                "coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) "
                "as failing, (select count(*) from pg_ls_archive_statusdir() where name like "
                "'%.ready') as waiting, (select coalesce(greatest(0, extract(epoch from "
                "clock_timestamp() "
                "- min(modification))), 0)::float8::text from pg_ls_archive_statusdir() where name "
                "like "
                "'%.ready') as waits, (select coalesce(sum(size), 0) from pg_ls_waldir())::text "
                "as bytes, (select system_identifier from pg_control_system())::text as system "
                "from pg_stat_archiver")
            .front();
    ArchiverState state;
    state.command = row.string("command");
    state.is_ours =
        state.command == command_text(Engine(run), stanza_name(run, row.string("system")));
    state.last_archived = row.string("last_archived_wal");
    state.last_archived_at = row.string("archived_at");
    state.last_failed = row.string("last_failed_wal");
    state.last_failed_at = row.string("failed_at");
    state.is_failing = row.boolean("failing");
    state.waiting = static_cast<std::uint64_t>(row.integer("waiting"));
    state.waits_seconds = std::stod(row.string("waits"));
    state.log_bytes = std::stoull(row.string("bytes"));
    return state;
}

}  // namespace caisson::backups::physical
