// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The private PostgreSQL and Redis of a platform: made, started, mended, stopped, removed, looked
/// at. All functions work on trust::Run and need a private environment (Errors: not_private). They
/// take turns by a lock file in the state directory (Errors: locked after half a minute).

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "drivers/pg/connection.h"
#include "lifecycle/servers/ports.h"
#include "lifecycle/servers/programs.h"
#include "trust/session.h"

namespace caisson::servers {

enum class Server { postgres, redis };
/// `PostgreSQL`, `Redis`.
std::string name(Server server);

enum class Outcome {
    made,         ///< From nothing: the data directory too.
    started,      ///< It had been stopped in order.
    was_running,  ///< Nothing to do.
    mended,       ///< Something was left by a crash; the notes say what.
};
std::string name(Outcome outcome);

/// What start() did with one server.
struct Started {
    Server server = Server::postgres;
    Outcome outcome = Outcome::was_running;
    pid_t process = 0;
    std::string version;             ///< Such as 15.20.
    std::vector<std::string> notes;  ///< Sentences, for people.
    std::chrono::nanoseconds took{0};
};

/// Told of each step as it begins ("making the data directory"). Threads: calls never overlap.
using Progress = std::function<void(Server, const std::string& step)>;

/// Both servers answer when it returns (only PostgreSQL when the platform has no Redis); they
/// outlive the caller. What an earlier run left half done, killed or stale is mended first.
/// Errors: server_missing, state_other_major, state_unusable, account_missing, disk_full,
/// port_taken, server_failed (with the last words of the log), platform_invalid (settings that the
/// server would refuse, all in one message), locked, interrupted.
std::vector<Started> start(const trust::Run& run, const Progress& progress = {});

struct Stopped {
    Server server = Server::postgres;
    bool was_running = false;
    std::vector<std::string> notes;
    std::chrono::nanoseconds took{0};
};
/// Ends both servers in order and waits until they are gone; supervisors leave them alone then.
/// Nothing to do is no error. Errors: server_failed, state_unusable when they belong to somebody
/// else.
std::vector<Stopped> stop(const trust::Run& run);

/// Stops the servers and removes the private state: data, secrets, logs. What was removed.
/// Errors: state_unusable when the directory is not a state directory of this platform.
std::vector<fs::path> wipe(const trust::Run& run);

struct Status {
    Server server = Server::postgres;
    pid_t process = 0;  ///< 0: not running.
    bool answering = false;
    std::chrono::nanoseconds latency{0};  ///< From connecting to the first answer.
    std::string version;
    std::string detail;  ///< Why it does not answer: "starting up", "never made", the log's words.
    bool running() const { return process != 0; }
};
/// Looks, changes nothing, and never throws for a server that is away.
std::vector<Status> status(const trust::Run& run);

/// What became of the settings.
struct Settings {
    bool changed = false;              ///< Whether the manifest said something new.
    std::vector<std::string> waiting;  ///< Names that only a restart applies.
};
/// Brings the server's configuration to what the manifest says, and reloads it. `connection` is the
/// superuser's. Errors: platform_invalid, with every setting that the server would refuse.
Settings apply_settings(const trust::Run& run, pg::Connection& connection);

}  // namespace caisson::servers
