// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// For tests of what private servers do: a platform with a private state of its own, stopped and
/// removed with the value, and by a guard when the test program is killed.

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "drivers/redis/connection.h"
#include "lifecycle/servers/servers.h"
#include "tests/support/postgres.h"

namespace caisson::servers {

/// A run on a state directory below `base`, as trust::make_run would give it.
inline trust::Run run_at(const fs::path& base, const std::string& platform = "lumina") {
    trust::Run run;
    run.manifest.name = platform;
    run.manifest.directory = base;
    run.manifest.file = base / "caisson.toml";
    platform::Database database;
    database.key = "main";
    database.name = platform + "_db";
    run.manifest.databases = {database};
    run.environment.name = "local";
    run.environment.is_private = true;
    run.variables = {{"PATH", "/usr/bin:/bin"}};
    run.state.root = base / (platform + "-local");
    run.state.sockets = run.state.root / "run";
    if (::geteuid() == 0) {
        run.account = find_account("caisson");
    }
    return run;
}

/// Ends every process that works below `directory` once this program is gone, however it ends.
inline void guard(const fs::path& directory) {
    const auto script = fmt::format(
        "while [ -d /proc/{0} ] && [ -d {1} ]; do sleep 0.3; done; [ -d {1} ] || exit 0; for p in "
        "/proc/[0-9]*; do case \"$(readlink $p/cwd)\" in {1}/*) kill -KILL ${{p#/proc/}};; esac; "
        "done; umount {1}/small 2>/dev/null; rm -rf {1}",
        ::getpid(), directory.string());
    caisson::start({{"/bin/sh", "-c", script}, {}, {}, {}, {}}, "/dev/null");
}

/// As the superuser, to the database `postgres`.
inline pg::Connection connect(const trust::Run& run) {
    return pg::Connection(trust::server_settings(run, run.manifest.databases.front()));
}

inline redis::Settings redis_of(const trust::Run& run) {
    const auto given = trust::redis_settings(run);
    redis::Settings settings;
    settings.socket = given->socket;
    settings.password = given->password;
    return settings;
}

/// What a report says of a server.
inline std::string notes_of(const Started& started) {
    return name(started.outcome) + ": " + join(started.notes, "; ");
}

/// The Error that `action` throws; one of Code::internal when it throws none.
template <typename Action>
Error error_of(const Action& action) {
    try {
        action();
    } catch (const Error& error) {
        return error;
    }
    return {Code::internal, "nothing was thrown"};
}

class PrivateState {
 public:
    explicit PrivateState(const std::string& platform = "lumina") {
        guard(directory_.path());
        run = run_at(directory_.path(), platform);
    }
    PrivateState(const PrivateState&) = delete;
    PrivateState& operator=(const PrivateState&) = delete;
    ~PrivateState() {
        // The way that does not trust the code under test: whatever works below the directory.
        for (const auto& entry : fs::directory_iterator("/proc")) {
            std::error_code gone;
            const auto place = fs::read_symlink(entry.path() / "cwd", gone).string();
            if (!gone && place.rfind(directory_.path().string() + "/", 0) == 0) {
                const pid_t process = std::stoi(entry.path().filename());
                ::kill(process, SIGKILL);
                wait_until_gone(process, std::chrono::seconds(5));
            }
        }
    }

    const fs::path& directory() const { return directory_.path(); }
    trust::Run run;

 private:
    test::Directory directory_;
};

}  // namespace caisson::servers
