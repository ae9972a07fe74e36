// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/servers/postgres.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <future>

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "base/process.h"
#include "base/text.h"
#include "lifecycle/servers/cluster.h"
#include "lifecycle/servers/directories.h"
#include "lifecycle/servers/processes.h"
#include "lifecycle/servers/server_log.h"

namespace caisson::servers {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::string_view program_name = "postgres";

fs::path pid_file(const trust::Run& run) { return run.state.postgres_data() / "postmaster.pid"; }

/// What a postmaster writes about itself. Source: PostgreSQL, src/include/utils/pidfile.h.
struct PidFile {
    pid_t process = 0;
    std::string port;
    std::string sockets;
    std::string status;  ///< starting, stopping, ready, standby; empty at first.
};

std::optional<PidFile> read_pid_file(const trust::Run& run) {
    const auto text = read_own(pid_file(run));
    if (!text) {
        return std::nullopt;
    }
    const auto lines = split(*text, '\n');
    const auto line = [&](std::size_t index) {
        return index < lines.size() ? std::string(trim(lines[index])) : "";
    };
    PidFile file{0, line(3), line(4), line(7)};
    const std::string process = line(0);
    std::from_chars(process.data(), process.data() + process.size(), file.process);
    return file;
}

pg::Settings superuser(const trust::Run& run) {
    pg::Settings settings;
    settings.host = run.state.sockets;
    settings.port = run.postgres_port();
    settings.database = "postgres";
    settings.user = "postgres";
    settings.passfile = run.state.passfile();
    settings.application = "caisson servers";
    settings.connect_limit = 5s;
    return settings;
}

/// 150020 is 15.20.
std::string version_text(int version) {
    return fmt::format("{}.{}", version / 10000, version % 10000);
}

/// Backends that outlived their postmaster: it was killed, and they have not noticed yet. A new
/// server must not start beside them.
bool end_orphans(const trust::Run& run) {
    auto orphans = processes_in(run.state.postgres_data(), program_name);
    if (orphans.empty()) {
        return false;
    }
    const auto deadline = steady_clock::now() + 500ms;
    while (!orphans.empty() && steady_clock::now() < deadline) {
        ::poll(nullptr, 0, 5);
        orphans = processes_in(run.state.postgres_data(), program_name);
    }
    end_processes(orphans, SIGQUIT, 3s);
    return true;
}

/// Makes the way free for a new postmaster. No postmaster runs on the data.
std::vector<std::string> mend(const trust::Run& run) {
    auto notes = remove_half_made(run);
    if (end_orphans(run)) {
        notes.emplace_back("processes that outlived a killed server were ended");
    }
    if (const auto stale = read_pid_file(run)) {
        fs::remove(pid_file(run));
        notes.push_back(
            fmt::format("a stale postmaster.pid (process {}) was removed", stale->process));
    }
    std::error_code failure;
    bool sockets = false;
    for (const auto& entry : fs::directory_iterator(run.state.sockets, failure)) {
        if (entry.path().filename().string().rfind(".s.PGSQL.", 0) == 0) {
            sockets = fs::remove(entry.path()) || sockets;
        }
    }
    if (sockets) {
        notes.emplace_back("stale sockets were removed");
    }
    return notes;
}

void check_port(const trust::Run& run) {
    if (const auto port = run.manifest.server.postgres_port) {
        if (const auto holder = who_listens(*port)) {
            throw Error(Code::port_taken,
                        fmt::format("PostgreSQL is to listen on port {}, and {} does already",
                                    *port, holder->text()),
                        "stop that process, or choose another port under [server.postgres]")
                .with("port", std::to_string(*port));
        }
    }
}

/// Waits until the postmaster takes connections. False when it ended before.
bool await_readiness(const trust::Run& run, pid_t process, const Manner& manner) {
    const auto start = steady_clock::now();
    bool told = false;
    while (true) {
        const auto file = read_pid_file(run);
        if (file && file->process == process && file->status == "ready") {
            return true;
        }
        if (!is_alive(process)) {
            reap(process);
            return false;
        }
        manner.check();
        const auto waited = steady_clock::now() - start;
        if (waited > 10min) {
            throw Error(Code::server_failed,
                        fmt::format("PostgreSQL (process {}) is still starting after {}", process,
                                    human(waited)),
                        fmt::format("it may be recovering a lot of data; see {}",
                                    run.state.postgres_log().string()));
        }
        if (!told && waited > 2s) {
            told = true;
            manner.step("waiting for PostgreSQL to recover its data");
        }
        ::poll(nullptr, 0, 2);
    }
}

/// Connects as the superuser: the only proof that it answers. Gives its version.
std::string prove(const trust::Run& run) {
    const pg::Connection connection(superuser(run));
    return version_text(connection.server_version());
}

bool is_recovering(const Error& refusal) {
    const auto& words = refusal.message();
    const auto has = [&](std::string_view part) { return words.find(part) != std::string::npos; };
    return has("the database system is not yet accepting") ||
           has("the database system is starting up") ||
           has("the database system is in recovery mode");
}

/// The same, with patience: a server that lost one of its processes recovers by itself, and its
/// file says "ready" all the while.
std::string await_proof(const trust::Run& run, const Manner& manner) {
    const auto deadline = steady_clock::now() + 10min;
    while (true) {
        try {
            return prove(run);
        } catch (const Error& error) {
            if (!is_recovering(error) || steady_clock::now() > deadline) {
                throw;
            }
        }
        manner.check();
        ::poll(nullptr, 0, 20);
    }
}

/// PostgreSQL leaves these lines when it was killed.
bool recovered(const std::string& log) {
    return log.find("database system was not properly shut down") != std::string::npos ||
           log.find("database system was interrupted") != std::string::npos;
}

pid_t launch(const trust::Run& run, const PostgresPrograms& programs, const Manner& manner,
             std::vector<std::string>& notes) {
    const ServerLog log(run.state.postgres_log());
    log.rotate(largest_log, run.account);
    const auto offset = log.size();
    const pid_t process =
        caisson::start({{programs.program("postgres"), "-D", run.state.postgres_data()},
                        {{"TZ", "UTC"}, {"LC_ALL", "C"}},
                        run.state.postgres_data(),
                        server_owner(run),
                        {}},
                       log.path());
    fault::point("postgres-launched");
    if (!await_readiness(run, process, manner)) {
        // A postmaster that an earlier, killed run had launched may have been faster.
        if (const auto other = postgres_process(run);
            other && await_readiness(run, *other, manner)) {
            return *other;
        }
        throw failure_of("PostgreSQL", "did not start", last_words(log.since(offset)), log.path());
    }
    if (recovered(log.since(offset))) {
        notes.emplace_back("PostgreSQL had not been stopped in order and recovered its data");
    }
    return process;
}

/// A server that runs but listens elsewhere than the manifest says now.
std::optional<std::string> moved(const trust::Run& run, const PidFile& file) {
    const auto port = std::to_string(run.postgres_port());
    if (file.port != port) {
        return fmt::format("its port changed from {} to {}", file.port, port);
    }
    if (!file.sockets.empty() && file.sockets != run.state.sockets) {
        return fmt::format("its sockets moved from {} to {}", file.sockets,
                           run.state.sockets.string());
    }
    return std::nullopt;
}

/// Whether the shutdown's checkpoint is on the disk: no recovery will be needed. Source: the state
/// in PostgreSQL's src/include/catalog/pg_control.h.
bool is_checkpointed(const trust::Run& run) {
    constexpr std::size_t state_at = 16;
    constexpr std::uint32_t shut_down = 1;
    const auto control = read_own(run.state.postgres_data() / "global" / "pg_control");
    std::uint32_t state = 0;
    if (!control || control->size() < state_at + sizeof state) {
        return false;
    }
    std::memcpy(&state, control->data() + state_at, sizeof state);
    return state == shut_down;
}

void end_postmaster(const trust::Run& run, pid_t process, std::vector<std::string>& notes) {
    // Fast: sessions are ended, a checkpoint is written. Immediate: as after a crash.
    send_signal(process, SIGINT);
    auto deadline = steady_clock::now() + 60s;
    bool is_behind_checkpoint = false;
    bool is_gone = false;
    while (!is_gone && steady_clock::now() < deadline) {
        is_gone = wait_until_gone(process, 500ms);
        // What still runs behind it is the archiver, or a standby that is sent the log.
        if (!is_gone && !is_behind_checkpoint && is_checkpointed(run)) {
            is_behind_checkpoint = true;
            deadline = std::min(deadline, steady_clock::now() + 15s);
        }
    }
    if (!is_gone) {
        send_signal(process, SIGQUIT);
        notes.emplace_back(is_checkpointed(run)
                               ? "its archive or a standby held up the shutdown: it was ended "
                                 "behind its checkpoint"
                               : "the fast shutdown took too long: it was shut down immediately");
        if (!wait_until_gone(process, 10s)) {
            throw failure_of("PostgreSQL", fmt::format("(process {}) does not stop", process), "",
                             run.state.postgres_log());
        }
    }
}

/// From no postmaster to one that is ready.
void bring_up(const trust::Run& run, const PostgresPrograms& programs, const Manner& manner,
              Started& started) {
    const auto mended = mend(run);
    started.notes.insert(started.notes.end(), mended.begin(), mended.end());
    const bool is_new = !has_cluster(run);
    check_port(run);
    if (is_new) {
        manner.step("making the data directory");
        make_cluster(run, programs);
    } else if (!manner.keep_configuration) {
        write_configuration(run, programs);
    }
    manner.step("starting PostgreSQL");
    // initdb did not wait for the disk; now the disk works while the server starts.
    auto confirmed = std::async(std::launch::async, [&run] { return confirm_cluster(run); });
    const auto notes_before = started.notes.size();
    started.process = launch(run, programs, manner, started.notes);
    if (confirmed.get() && !is_new) {
        started.notes.emplace_back(
            "a run that had been killed while making the data directory was brought to its end");
    }
    fault::point("postgres-started");
    const bool was_mended = !mended.empty() || started.notes.size() > notes_before;
    started.outcome = was_mended ? Outcome::mended : is_new ? Outcome::made : Outcome::started;
}

/// Proves that it answers. Whoever lost the passfile gets the superuser's password set anew: the
/// data directory is ours, so nothing is gained by refusing.
std::string prove_or_mend(const trust::Run& run, const PostgresPrograms& programs,
                          const Manner& manner, Started& started) {
    try {
        return await_proof(run, manner);
    } catch (const Error& error) {
        if (error.message().find("password authentication failed") == std::string::npos) {
            throw;
        }
    }
    end_postmaster(run, started.process, started.notes);
    reset_superuser_password(run, programs);
    started.process = launch(run, programs, manner, started.notes);
    started.outcome = Outcome::mended;
    started.notes.emplace_back(
        "the superuser's password in the passfile was not the server's: it was set anew");
    return await_proof(run, manner);
}

}  // namespace

void Manner::check() const {
    interrupt::check();
    if (stop.stop_requested()) {
        throw Error(Code::interrupted, "the supervisor was told to let go");
    }
}

std::optional<pid_t> postgres_process(const trust::Run& run) {
    const auto file = read_pid_file(run);
    return file && works_in(file->process, run.state.postgres_data(), program_name) &&
                   is_alive(file->process)
               ? std::optional(file->process)
               : std::nullopt;
}

Started start_postgres(const trust::Run& run, const PostgresPrograms& programs,
                       const Manner& manner) {
    const Stopwatch stopwatch;
    Started started;
    superuser_password(run);
    if (const auto process = postgres_process(run)) {
        auto reason = manner.keep_configuration ? std::nullopt : moved(run, *read_pid_file(run));
        if (!reason && await_readiness(run, *process, manner)) {
            started.process = *process;
            if (confirm_cluster(run)) {
                started.outcome = Outcome::mended;
                started.notes.emplace_back(
                    "a run that had been killed while making the data "
                    "directory was brought to its end");
            }
        } else if (reason) {
            end_postmaster(run, *process, started.notes);
            started.notes.push_back("restarted, because " + *reason);
        }
    }
    if (started.process == 0) {
        bring_up(run, programs, manner, started);
    }
    started.version = prove_or_mend(run, programs, manner, started);
    started.took = stopwatch.elapsed();
    return started;
}

Stopped stop_postgres(const trust::Run& run) {
    const Stopwatch stopwatch;
    Stopped stopped;
    if (const auto process = postgres_process(run)) {
        stopped.was_running = true;
        end_postmaster(run, *process, stopped.notes);
    }
    if (end_orphans(run)) {
        stopped.notes.emplace_back("processes that outlived a killed server were ended");
    }
    stopped.took = stopwatch.elapsed();
    return stopped;
}

Status postgres_status(const trust::Run& run) {
    Status status;
    try {
        if (const auto process = postgres_process(run)) {
            status.process = *process;
            const Stopwatch stopwatch;
            status.version = prove(run);
            status.answering = true;
            status.latency = stopwatch.elapsed();
        } else {
            status.detail = has_cluster(run) ? "not running" : "not made yet";
        }
    } catch (const Error& error) {
        status.detail = error.message();
    }
    return status;
}

}  // namespace caisson::servers
