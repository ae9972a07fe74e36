// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/servers/redis.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/process.h"
#include "base/text.h"
#include "drivers/redis/connection.h"
#include "lifecycle/servers/configuration.h"
#include "lifecycle/servers/directories.h"
#include "lifecycle/servers/processes.h"
#include "lifecycle/servers/server_log.h"

namespace caisson::servers {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto longest_loading = 10min;
constexpr std::chrono::minutes longest_silence{1};
constexpr std::string_view program_name = "redis-server";

fs::path configuration_file(const trust::Run& run) {
    return run.state.redis_directory() / "redis.conf";
}

Secret password_of(const trust::Run& run) {
    const auto text = read_own(run.state.redis_password());
    if (text && !trim(*text).empty()) {
        return Secret(std::string(trim(*text)));
    }
    const auto password = random_secret();
    write_file(run.state.redis_password(), password.reveal() + "\n", 0600, run.account);
    return password;
}

redis::Settings settings_of(const trust::Run& run) {
    redis::Settings settings;
    settings.socket = run.state.redis_socket();
    settings.password =
        Secret(std::string(trim(read_own(run.state.redis_password()).value_or(""))));
    settings.application = "caisson-servers";
    return settings;
}

/// The version, once it answers and has loaded its data. Errors: cannot_connect,
/// database_rejected with the fact "redis" LOADING while it loads.
std::string prove(const trust::Run& run) {
    redis::Connection connection(settings_of(run));
    connection.command({"PING"});
    for (const auto& line : split(connection.command({"INFO", "server"}).text(), '\n')) {
        constexpr std::string_view mark = "redis_version:";
        if (line.rfind(mark, 0) == 0) {
            return std::string(trim(line.substr(mark.size())));
        }
    }
    return {};
}

/// Waits until Redis answers; its version. Nothing when the process ended before.
std::optional<std::string> await_readiness(const trust::Run& run, pid_t process,
                                           const Manner& manner) {
    const auto start = steady_clock::now();
    bool told = false;
    while (true) {
        try {
            return prove(run);
        } catch (const Error& error) {
            const auto reason = error.fact("redis");
            const bool is_starting = error.code() == Code::cannot_connect && reason.empty();
            if (!is_starting && reason != "LOADING") {
                throw;
            }
            if (!is_alive(process)) {
                reap(process);
                return std::nullopt;
            }
            const auto waited = steady_clock::now() - start;
            // While it loads, it says so; silence is another thing.
            if (waited > (reason == "LOADING" ? longest_loading : longest_silence)) {
                throw Error(Code::server_failed,
                            fmt::format("Redis (process {}) is still starting "
                                        "after {}: {}",
                                        process, human(waited), error.message()));
            }
            if (!told && waited > 2s) {
                told = true;
                manner.step("waiting for Redis to load its data");
            }
        }
        manner.check();
        ::poll(nullptr, 0, 2);
    }
}

void check_port(const trust::Run& run) {
    if (const auto port = run.manifest.server.redis_port) {
        if (const auto holder = who_listens(*port)) {
            throw Error(Code::port_taken,
                        fmt::format("Redis is to listen on port {}, and {} does already", *port,
                                    holder->text()),
                        "stop that process, or choose another port under [server.redis]")
                .with("port", std::to_string(*port));
        }
    }
}

/// What became of one setting at a running server.
enum class Applied { as_it_was, changed, refused };

Applied apply_setting(redis::Connection& connection, const std::string& name,
                      const std::string& value) {
    const redis::Command question = {"CONFIG", "GET", name};
    const auto before = connection.command(question);
    try {
        connection.command({"CONFIG", "SET", name, value});
    } catch (const Error& error) {
        if (error.code() != Code::database_rejected) {
            throw;
        }
        return Applied::refused;
    }
    return connection.command(question) == before ? Applied::as_it_was : Applied::changed;
}

/// Tells the running server what changed, in the manifest or by somebody's CONFIG SET; what only a
/// restart applies becomes a note.
void apply_changes(const trust::Run& run, const fs::path& redis_server,
                   std::vector<std::string>& notes) {
    const auto text = redis_configuration(run, password_of(run));
    const bool is_new = read_if_exists(configuration_file(run)) != text;
    if (is_new) {
        check_redis_settings(run, redis_server);
        write_file(configuration_file(run), text, 0600, run.account);
    }
    redis::Connection connection(settings_of(run));
    const auto port = std::to_string(run.manifest.server.redis_port.value_or(0));
    if (connection.command({"CONFIG", "GET", "port"}).items.at(1).text() != port) {
        check_port(run);
        connection.command({"CONFIG", "SET", "port", port});
    }
    std::vector<std::string> changed;
    std::vector<std::string> waiting;
    for (const auto& [name, value] : run.manifest.server.redis) {
        const auto applied = apply_setting(connection, name, value);
        if (applied != Applied::as_it_was) {
            (applied == Applied::changed ? changed : waiting).push_back(name);
        }
    }
    if (is_new) {
        notes.push_back(
            waiting.empty()
                ? "the changed settings are in force"
                : fmt::format("the changed settings are in force but for {}, which {} for "
                              "a restart",
                              join(waiting, ", "), waiting.size() == 1 ? "waits" : "wait"));
    } else if (!changed.empty()) {
        notes.push_back(fmt::format("changed at the running server, and as declared again: {}",
                                    join(changed, ", ")));
    }
}

/// Why a running server cannot be reached as it should be: it was started with another socket or
/// password, which only a restart changes.
std::optional<std::string> moved(const trust::Run& run, const Secret& password) {
    const auto present = read_if_exists(configuration_file(run)).value_or("");
    const auto wanted = redis_configuration(run, password);
    for (const std::string name : {"unixsocket ", "requirepass "}) {
        const auto begin = wanted.find("\n" + name);
        if (present.find(wanted.substr(begin, wanted.find('\n', begin + 1) + 1 - begin)) ==
            std::string::npos) {
            return name == "unixsocket " ? "its socket moved" : "its password was lost";
        }
    }
    return std::nullopt;
}

void end_redis(const trust::Run& run, pid_t process, std::vector<std::string>& notes) {
    // SIGTERM flushes the append-only file; Redis stays up when it cannot save a snapshot.
    send_signal(process, SIGTERM);
    if (wait_until_gone(process, 20s)) {
        return;
    }
    try {
        redis::Connection(settings_of(run)).command({"SHUTDOWN", "NOSAVE", "NOW", "FORCE"});
    } catch (const Error&) {
        // It ends without an answer.
    }
    notes.emplace_back("Redis could not save a snapshot; its append-only file is complete");
    if (!wait_until_gone(process, 5s)) {
        end_processes({process}, SIGKILL, 5s);
    }
}

}  // namespace

std::optional<pid_t> redis_process(const trust::Run& run) {
    const auto found = processes_in(run.state.redis_directory(), program_name);
    for (const pid_t process : found) {
        // A snapshot or rewrite in progress is a child with the same name.
        if (title_of(process).find("redis-server") == 0 ||
            title_of(process).find("/redis-server") != std::string::npos) {
            return process;
        }
    }
    return std::nullopt;
}

Started start_redis(const trust::Run& run, const fs::path& redis_server, const Manner& manner) {
    const Stopwatch stopwatch;
    Started started;
    started.server = Server::redis;
    const auto password = password_of(run);
    auto running = redis_process(run);
    if (running && !manner.keep_configuration) {
        if (const auto reason = moved(run, password)) {
            end_redis(run, *running, started.notes);
            started.notes.push_back("restarted, because " + *reason);
            running.reset();
        }
    }
    if (const auto process = running) {
        if (const auto version = await_readiness(run, *process, manner)) {
            if (!manner.keep_configuration) {
                apply_changes(run, redis_server, started.notes);
            }
            started.process = *process;
            started.version = *version;
            started.took = stopwatch.elapsed();
            return started;
        }
    }
    const bool is_new = !fs::exists(configuration_file(run));
    std::error_code failure;
    if (fs::remove(run.state.redis_socket(), failure)) {
        started.notes.emplace_back("a stale socket was removed");
    }
    check_port(run);
    if (const auto text = redis_configuration(run, password);
        is_new || (!manner.keep_configuration && read_if_exists(configuration_file(run)) != text)) {
        check_redis_settings(run, redis_server);
        write_file(configuration_file(run), text, 0600, run.account);
    }
    manner.step("starting Redis");
    const ServerLog log(run.state.redis_log());
    log.rotate(largest_log, run.account);
    const auto offset = log.size();
    started.process = caisson::start({{redis_server, configuration_file(run)},
                                      {},
                                      run.state.redis_directory(),
                                      server_owner(run),
                                      {}},
                                     log.path());
    fault::point("redis-launched");
    const auto version = await_readiness(run, started.process, manner);
    if (!version) {
        throw failure_of("Redis", "did not start", last_words(log.since(offset)), log.path());
    }
    if (log.since(offset).find("truncated") != std::string::npos) {
        started.notes.emplace_back("the last, incomplete command of its log was dropped");
    }
    fault::point("redis-started");
    started.version = *version;
    started.outcome = !started.notes.empty() ? Outcome::mended
                      : is_new               ? Outcome::made
                                             : Outcome::started;
    started.took = stopwatch.elapsed();
    return started;
}

Stopped stop_redis(const trust::Run& run) {
    const Stopwatch stopwatch;
    Stopped stopped;
    stopped.server = Server::redis;
    if (const auto process = redis_process(run)) {
        stopped.was_running = true;
        end_redis(run, *process, stopped.notes);
    }
    stopped.took = stopwatch.elapsed();
    return stopped;
}

Status redis_status(const trust::Run& run) {
    Status status;
    status.server = Server::redis;
    try {
        if (const auto process = redis_process(run)) {
            status.process = *process;
            const Stopwatch stopwatch;
            status.version = prove(run);
            status.answering = true;
            status.latency = stopwatch.elapsed();
        } else {
            status.detail = fs::exists(configuration_file(run)) ? "not running" : "not made yet";
        }
    } catch (const Error& error) {
        status.detail = error.message();
    }
    return status;
}

}  // namespace caisson::servers
