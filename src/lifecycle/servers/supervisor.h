// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <sys/types.h>

#include "lifecycle/servers/servers.h"

namespace caisson::servers {

/// What a supervisor saw or did.
struct Event {
    enum class Kind {
        watching,   ///< Found running; watched from now on.
        died,       ///< Gone without anybody having asked for it.
        restarted,  ///< Answers again; `took` counts from its death.
        failed,     ///< Could not be restarted; tried again later. `message` says why and when.
        rotated,    ///< Its log was too large: copied to `.1` and emptied.
        stopped,    ///< Stopped on purpose (servers::stop): left alone until it runs again.
    };
    Kind kind = Kind::watching;
    Server server = Server::postgres;
    pid_t process = 0;
    std::string message;  ///< One sentence, for a log.
    std::chrono::nanoseconds took{0};
};
std::string name(Event::Kind kind);

/// Watches both private servers from a thread of its own, and starts one that was killed at once:
/// with a growing delay when it keeps dying. Restarts leave the configuration as it lies on the
/// disk, and fall back on the manifest's when the server does not start with that. The servers need
/// not be children of this process.
class Supervisor {
 public:
    struct Limits {
        std::uint64_t log = 16UL * 1024 * 1024;       ///< Bytes, before a log is rotated.
        std::chrono::milliseconds log_check{10'000};  ///< How often logs are measured.
    };

    /// `tell` is called on the supervisor's thread, and must not throw.
    Supervisor(trust::Run run, std::function<void(const Event&)> tell);
    Supervisor(trust::Run run, std::function<void(const Event&)> tell, Limits limits);
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;
    /// As let_go().
    ~Supervisor();

    /// Stops watching and returns once the thread has ended; the servers go on. May be called
    /// twice.
    void let_go();

 private:
    class Watch;
    std::unique_ptr<Watch> watch_;
};

}  // namespace caisson::servers
