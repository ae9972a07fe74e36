// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/servers/supervisor.h"

#include <algorithm>
#include <array>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "lifecycle/servers/directories.h"
#include "lifecycle/servers/postgres.h"
#include "lifecycle/servers/redis.h"
#include "lifecycle/servers/server_log.h"

namespace caisson::servers {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Moment = steady_clock::time_point;

/// How long a server must have lived for its death to count as the first.
constexpr auto settled = 10s;
constexpr milliseconds first_delay = 100ms;
constexpr milliseconds longest_delay = 30s;
/// How often something is looked at that no descriptor tells of.
constexpr milliseconds glance = 200ms;

/// What is known of one server.
struct Watched {
    Server server;
    fs::path log;
    pid_t process = 0;
    int descriptor = -1;  ///< A pidfd; -1 where the kernel has none.
    Moment since{};       ///< Since when it runs.
    Moment died{};
    Moment next{};     ///< When to try again, while it does not run.
    int failures = 0;  ///< In a row.
    bool is_left_alone = false;

    void forget() {
        if (descriptor >= 0) {
            ::close(descriptor);
        }
        descriptor = -1;
        process = 0;
    }
    void follow(pid_t running) {
        forget();
        process = running;
        descriptor = static_cast<int>(::syscall(SYS_pidfd_open, running, 0));
        since = steady_clock::now();
        is_left_alone = false;
    }
    milliseconds delay() const {
        return failures == 0 ? 0ms
                             : std::min(longest_delay, first_delay * (1 << std::min(failures, 10)));
    }
};

}  // namespace

class Supervisor::Watch {
 public:
    Watch(trust::Run run, std::function<void(const Event&)> tell, Limits limits)
        : run_(std::move(run)), tell_(std::move(tell)), limits_(limits) {
        watched_.push_back({Server::postgres, run_.state.postgres_log()});
        if (run_.manifest.server.has_redis) {
            watched_.push_back({Server::redis, run_.state.redis_log()});
        }
        wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        thread_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch() {
        let_go();
        ::close(wake_);
        for (auto& one : watched_) {
            one.forget();
        }
    }

    void let_go() {
        thread_.request_stop();
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
        if (thread_.joinable()) {
            thread_.join();
        }
    }

 private:
    void watch(const std::stop_token& stop) {
        Moment next_log_check = steady_clock::now() + limits_.log_check;
        while (!stop.stop_requested()) {
            for (auto& one : watched_) {
                if (one.process == 0 && steady_clock::now() >= one.next && !stop.stop_requested()) {
                    look_after(one, stop);
                }
            }
            wait(next_log_check);
            for (auto& one : watched_) {
                notice_death(one);
            }
            if (steady_clock::now() >= next_log_check) {
                check_logs();
                next_log_check = steady_clock::now() + limits_.log_check;
            }
        }
    }

    /// Until something happened, or it is time to look.
    void wait(Moment limit) {
        std::vector<pollfd> waits{{wake_, POLLIN, 0}};
        for (const auto& one : watched_) {
            if (one.process == 0) {
                limit = std::min(limit, one.next);
            } else if (one.descriptor < 0) {
                limit = std::min(limit, steady_clock::now() + glance);
            } else {
                waits.push_back({one.descriptor, POLLIN, 0});
            }
        }
        const auto left = std::chrono::ceil<milliseconds>(limit - steady_clock::now()).count();
        if (left > 0) {
            ::poll(waits.data(), waits.size(), static_cast<int>(left));
        }
    }

    void notice_death(Watched& one) {
        if (one.process == 0 || is_alive(one.process)) {
            return;
        }
        const pid_t dead = one.process;
        reap(dead);
        one.forget();
        one.died = steady_clock::now();
        // One that keeps dying is given more and more time.
        one.failures = one.died - one.since < settled ? one.failures + 1 : 0;
        one.next = one.died + (one.failures > 1 ? one.delay() : 0ms);
        if (!is_stopped_on_purpose(run_)) {
            tell_({Event::Kind::died,
                   one.server,
                   dead,
                   fmt::format("{} (process {}) died", name(one.server), dead),
                   {}});
        }
    }

    std::optional<pid_t> find(const Watched& one) const {
        return one.server == Server::postgres ? postgres_process(run_) : redis_process(run_);
    }

    /// Finds the server running, or starts it. Never throws.
    void look_after(Watched& one, const std::stop_token& stop) {
        one.next = steady_clock::now() + glance;
        try {
            const bool is_restart = one.died != Moment{};
            if (const auto running = find(one)) {
                one.follow(*running);
                tell_({Event::Kind::watching,
                       one.server,
                       *running,
                       fmt::format("watching {} (process {})", name(one.server), *running),
                       {}});
                return;
            }
            if (!is_ours(run_)) {
                return;  // Removed, or not made yet.
            }
            const auto lock = try_lock_servers(run_, "restart");
            if (!lock) {
                one.next = steady_clock::now() + 20ms;
                return;
            }
            // Only under the lock is it known whether somebody is stopping the servers.
            if (is_stopped_on_purpose(run_)) {
                if (!one.is_left_alone) {
                    one.is_left_alone = true;
                    tell_({Event::Kind::stopped,
                           one.server,
                           0,
                           fmt::format("{} was stopped on purpose", name(one.server)),
                           {}});
                }
                return;
            }
            const Moment from = is_restart ? one.died : steady_clock::now();
            const auto started = restart(one.server, stop);
            one.follow(started.process);
            tell_({Event::Kind::restarted, one.server, started.process,
                   fmt::format("{} runs again (process {}){}{}", name(one.server), started.process,
                               started.notes.empty() ? "" : ": ", join(started.notes, "; ")),
                   steady_clock::now() - from});
        } catch (const Error& error) {
            if (error.code() != Code::interrupted && is_ours(run_)) {
                tell_failure(one, error);
            }
        } catch (const std::exception& error) {
            tell_failure(one, Error(Code::internal, error.what()));
        }
    }

    Started restart(Server server, const std::stop_token& stop) {
        const auto attempt = [&](bool keep_configuration) {
            const auto programs = find_programs(run_);
            prepare_directories(run_);
            const Manner manner{[](const std::string&) {}, keep_configuration, stop};
            return server == Server::postgres ? start_postgres(run_, programs.postgres, manner)
                                              : start_redis(run_, programs.redis, manner);
        };
        try {
            return attempt(true);
        } catch (const Error& error) {
            if (error.code() != Code::server_failed) {
                throw;
            }
        }
        // A setting that was changed since may be what it does not start with.
        return attempt(false);
    }

    void tell_failure(Watched& one, const Error& error) {
        ++one.failures;
        one.next = steady_clock::now() + one.delay();
        tell_({Event::Kind::failed,
               one.server,
               0,
               fmt::format("{} does not start, tried again in {}: {}", name(one.server),
                           human(one.delay()), error.message()),
               {}});
    }

    void check_logs() {
        for (const auto& one : watched_) {
            try {
                if (ServerLog(one.log).rotate(limits_.log, run_.account)) {
                    tell_({Event::Kind::rotated,
                           one.server,
                           one.process,
                           fmt::format("{} was rotated", one.log.string()),
                           {}});
                }
            } catch (const Error& error) {
                tell_({Event::Kind::failed,
                       one.server,
                       one.process,
                       fmt::format("{} was not rotated: {}", one.log.string(), error.message()),
                       {}});
            }
        }
    }

    trust::Run run_;
    std::function<void(const Event&)> tell_;
    Limits limits_;
    std::vector<Watched> watched_;
    int wake_ = -1;
    std::jthread thread_;
};

std::string name(Event::Kind kind) {
    constexpr std::array names{"watching", "died", "restarted", "failed", "rotated", "stopped"};
    return names.at(static_cast<std::size_t>(kind));
}

Supervisor::Supervisor(trust::Run run, std::function<void(const Event&)> tell)
    : Supervisor(std::move(run), std::move(tell), Limits{}) {}

Supervisor::Supervisor(trust::Run run, std::function<void(const Event&)> tell, Limits limits)
    : watch_(std::make_unique<Watch>(std::move(run), std::move(tell), limits)) {}

Supervisor::~Supervisor() = default;

void Supervisor::let_go() { watch_->let_go(); }

}  // namespace caisson::servers
