// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/servers/servers.h"

#include <future>
#include <mutex>

#include <fmt/format.h>
#include <poll.h>
#include <sys/statvfs.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/text.h"
#include "lifecycle/servers/cluster.h"
#include "lifecycle/servers/directories.h"
#include "lifecycle/servers/postgres.h"
#include "lifecycle/servers/redis.h"

namespace caisson::servers {
namespace {

using namespace std::chrono_literals;

void require_private(const trust::Run& run) {
    if (!run.is_private()) {
        throw Error(Code::not_private, fmt::format("environment {} of {} has no private servers",
                                                   run.environment.name, run.manifest.name))
            .with("environment", run.environment.name);
    }
}

bool is_there(const fs::path& path) {
    std::error_code failure;
    return fs::exists(fs::symlink_status(path, failure));
}

/// Servers can be stopped on a file system that takes no lock file.
bool is_read_only(const fs::path& path) {
    struct statvfs status {};
    return ::statvfs(path.c_str(), &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
}

std::vector<Stopped> stop_locked(const trust::Run& run) {
    set_stopped_on_purpose(run, true);
    auto redis = std::async(std::launch::async, [&run] { return stop_redis(run); });
    std::vector<Stopped> report{stop_postgres(run)};
    report.push_back(redis.get());
    return report;
}

/// Gone under its name in one step, so that neither a supervisor nor a run that is killed meets
/// half of it.
void remove_at_once(const fs::path& path) {
    const fs::path away = path.string() + ".removed";
    remove_tree(away);
    std::error_code failure;
    fs::rename(path, away, failure);
    remove_tree(failure ? path : away);  // A mount point cannot be renamed.
}

/// What a run leaves that was refused before it made anything.
bool holds_only_locks(const fs::path& root) {
    for (const auto& entry : fs::directory_iterator(root)) {
        const auto name = entry.path().filename();
        if (name != "lock" && name != "servers.lock") {
            return false;
        }
    }
    return true;
}

}  // namespace

std::string name(Server server) { return server == Server::postgres ? "PostgreSQL" : "Redis"; }

std::string name(Outcome outcome) {
    switch (outcome) {
        case Outcome::made:
            return "made";
        case Outcome::started:
            return "started";
        case Outcome::was_running:
            return "was running";
        case Outcome::mended:
            return "mended";
    }
    return {};
}

std::vector<Started> start(const trust::Run& run, const Progress& progress) {
    require_private(run);
    const auto programs = find_programs(run);
    prepare_directories(run);
    const auto lock = lock_servers(run, "start");
    mark_as_ours(run);
    remove_unfinished_files(run);
    const auto open_secrets = close_secrets(run);
    set_stopped_on_purpose(run, false);
    fault::point("state-prepared");

    std::mutex telling;
    const auto tell = [&](Server server) {
        return [&, server](const std::string& step) {
            const std::lock_guard guard(telling);
            if (progress) {
                progress(server, step);
            }
        };
    };
    std::future<Started> redis;
    if (run.manifest.server.has_redis) {
        redis = std::async(std::launch::async, [&] {
            return start_redis(run, programs.redis, {tell(Server::redis), false, {}});
        });
    }
    std::vector<Started> report;
    report.push_back(start_postgres(run, programs.postgres, {tell(Server::postgres), false, {}}));
    if (redis.valid()) {
        report.push_back(redis.get());
    }
    if (!open_secrets.empty()) {
        report.front().notes.push_back(
            fmt::format("others could read the secrets in {}; closed again. If this machine has "
                        "other users: caisson db rotate",
                        join(open_secrets, ", ")));
    }
    return report;
}

std::vector<Stopped> stop(const trust::Run& run) {
    require_private(run);
    if (!is_there(run.state.root)) {
        return {};
    }
    std::optional<FileLock> lock;
    if (!is_read_only(run.state.root)) {
        lock = lock_servers(run, "stop");
    }
    return stop_locked(run);
}

std::vector<fs::path> wipe(const trust::Run& run) {
    require_private(run);
    if (!is_there(run.state.root)) {
        return {};
    }
    if (!is_ours(run) && !holds_only_locks(run.state.root)) {
        throw Error(Code::state_unusable,
                    fmt::format("{} is not a state directory of {}, so it is not removed",
                                run.state.root.string(), run.manifest.name),
                    "look at it and remove it by hand")
            .with("path", run.state.root.string());
    }
    const auto lock = lock_servers(run, "wipe");
    stop_locked(run);
    std::vector<fs::path> removed;
    for (const auto& path : {run.state.sockets, run.state.root}) {
        if (is_there(path)) {
            remove_at_once(path);
            removed.push_back(path);
        }
    }
    return removed;
}

std::vector<Status> status(const trust::Run& run) {
    require_private(run);
    std::vector<Status> all{postgres_status(run)};
    if (run.manifest.server.has_redis) {
        all.push_back(redis_status(run));
    }
    return all;
}

Settings apply_settings(const trust::Run& run, pg::Connection& connection) {
    require_private(run);
    Settings settings;
    {
        const auto lock = lock_servers(run, "apply settings");
        settings.changed = write_configuration(run, find_programs(run).postgres);
    }
    const std::string loaded = "select pg_conf_load_time()::text as at";
    if (settings.changed) {
        const auto before = connection.query(loaded).front().string("at");
        connection.query("select pg_reload_conf()");
        // The session sees the new settings only once the signal reached it.
        for (int i = 0; i < 1000; ++i) {
            if (connection.query(loaded).front().string("at") != before) {
                break;
            }
            ::poll(nullptr, 0, 2);
        }
    }
    for (const auto row :
         connection.query("select name from pg_settings where pending_restart order by name")) {
        settings.waiting.push_back(row.string("name"));
    }
    return settings;
}

}  // namespace caisson::servers
