// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The daemon: answers for a platform over HTTP and keeps its private servers alive. It knows
/// databases and servers as values and callbacks only; app/cli fills them in. What it answers is in
/// docs/reference/serve.md.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "drivers/pg/connection.h"
#include "drivers/pg/pool.h"
#include "drivers/pg/settings.h"

namespace caisson::daemon {

struct MigrationState {
    std::size_t applied = 0;
    std::size_t pending = 0;
    std::string version;         ///< The last one applied; empty when none is.
    std::size_t unfinished = 0;  ///< Stopped in the middle.
};

struct Database {
    std::string name;
    pg::Settings settings;  ///< As a role that may connect and read the history.
    /// Asked at most once a second, on a thread of its own, over a connection that is kept for it.
    /// May be empty.
    std::function<MigrationState(pg::Connection&)> migrations;
    /// As a role that may see what all sessions do; nobody's when the user is empty.
    pg::Settings monitor = {};
    pg::PoolLimits pool = {.fail_at_once = true};  ///< Of the daemon's own questions.

    /// Takes over what the application's pool says of waiting. How many connections the application
    /// keeps, and how long it waits between attempts, is not for a question a second.
    void wait_as(const pg::PoolLimits& declared) {
        pool.max = std::clamp<std::size_t>(declared.max, 1, pool.max);
        pool.acquire = declared.acquire;
        pool.lifetime = declared.lifetime;
        pool.fail_at_once = declared.fail_at_once;
    }
};

struct Redis {
    std::string name;
    std::function<void()> ping;  ///< Throws when it is away; must come back within two seconds.
};

/// The outcome of a verification.
struct Verification {
    std::string report;  ///< The whole of it, as JSON.
    std::size_t passed = 0;
    std::size_t total = 0;
    std::string at;  ///< When it ended, RFC 3339.
};

/// Whoever restarts the private servers; all may be empty. `stop` returns when it has ended.
struct Supervision {
    std::function<void()> start;
    std::function<void()> stop;
    std::function<std::uint64_t()> restarts;  ///< Since `start`.
};

/// What the daemon knows of itself.
struct Own {
    struct Pool {
        std::string database;
        std::size_t in_use = 0;
        std::size_t max = 0;
        std::size_t waiting = 0;
        std::uint64_t timeouts = 0;
        std::uint64_t refused = 0;
    };
    std::vector<Pool> pools;
    /// Of the databases that answered last.
    std::vector<std::pair<std::string, MigrationState>> migrations;
    std::uint64_t answered = 0;  ///< Requests.
    std::uint64_t failed = 0;    ///< With a status of 500 and more.
    /// Of the requests since it was asked last, in seconds; nothing where there were few.
    std::optional<double> p99;
};

struct Parts {
    std::string platform;
    std::string title;
    std::string environment;
    std::string version;  ///< Of this build.
    std::string listen = "127.0.0.1";
    std::uint16_t port = 0;           ///< 0: any free one.
    std::vector<std::string> hosts;   ///< Names, beside localhost, that loopback is served as.
    std::vector<std::string> health;  ///< Further paths that answer as /health does.
    fs::path token;                   ///< The file with the bearer token; made when it is missing.
    bool always_ask_token = false;    ///< On loopback, too.
    std::vector<Database> databases;  ///< The first one is what "the database" means.
    std::vector<Redis> redis;
    std::function<Verification()> verify;  ///< Runs on a worker, one at a time.
    std::function<std::optional<Verification>()> last_verification;  ///< Of another process, too.
    Supervision supervision;
    /// More of /metrics, in the same form; may be empty. Asked on a worker; does not throw.
    std::function<std::string()> more_metrics = {};
    /// What the monitor read last, as JSON: part of /v1/database/metrics. May be empty, and may
    /// give nothing. Asked on a worker; does not throw.
    std::function<std::string()> monitor = {};
    /// Is given, before supervision starts, the function that tells what the daemon knows of
    /// itself: until supervision has stopped, by one thread at a time. May be empty.
    std::function<void(std::function<Own()>)> offer = {};
    std::chrono::milliseconds drain_limit{10'000};
};

struct Ready {
    std::string url;
    std::uint16_t port = 0;
    bool asks_token = false;
};

/// A daemon that runs, for as long as the value lives.
class Daemon {
 public:
    /// Listens, then starts supervision and probing. Errors: port_taken, daemon_failed, usage (the
    /// address), state_unusable (the token), and what `supervision.start` throws.
    explicit Daemon(Parts parts);
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;
    /// As stop() without draining.
    ~Daemon();

    const Ready& ready() const;
    /// Lets requests finish, then ends everything. Whether all were finished; when not, shielded
    /// threads are interrupted (base/interrupt.h).
    bool stop();

 private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Runs until SIGTERM, SIGINT or SIGHUP (interrupt::install() was called), drains, and gives the
/// exit status 0. A second signal ends the draining. Errors: as Daemon.
int serve(Parts parts, const std::function<void(const Ready&)>& ready);

}  // namespace caisson::daemon
