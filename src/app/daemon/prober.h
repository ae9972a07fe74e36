// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Asks everything the daemon depends on whether it is there: in a single flight, however many ask.
/// Each probe has a thread of its own, so that one that hangs hides no other.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/daemon/daemon.h"

namespace caisson::daemon {

enum class Presence { connected, standby, unreachable };
std::string_view name_of(Presence presence);

/// What one probe found.
struct Reading {
    Presence presence = Presence::unreachable;
    std::chrono::nanoseconds latency{0};
    std::string error;  ///< For the log; names hosts and users.
    std::optional<MigrationState> migrations;
};

struct Probe {
    std::string name;
    bool is_database = true;        ///< Else a Redis.
    std::function<Reading()> read;  ///< What it throws is `unreachable`.
};

struct ProberLimits {
    std::chrono::milliseconds fresh{250};    ///< An older finding is not given out.
    std::chrono::milliseconds wait{2'000};   ///< Who has not answered by then is unreachable.
    std::chrono::milliseconds pulse{5'000};  ///< How often it looks when nobody asks.
};

/// One finding about everything, in the order of the probes.
struct Finding {
    std::vector<Reading> readings;
    std::chrono::steady_clock::time_point at;
    std::string health;  ///< Filled in by `complete`: the body of /health but for its end.
    bool is_fine = false;
};

class Prober {
 public:
    using Answer = std::function<void(const std::shared_ptr<const Finding>&)>;

    /// Asks nobody before start(). `complete` is called with each new finding before anybody sees
    /// it.
    Prober(std::vector<Probe> probes, ProberLimits limits,
           std::function<void(Finding&)> complete = {});
    Prober(const Prober&) = delete;
    Prober& operator=(const Prober&) = delete;
    /// As stop(); returns when the probes have come back.
    ~Prober();
    void start();
    /// Asks nobody any more. Who waits gets no answer.
    void stop();

    /// Calls `answer` with a fresh finding: at once when there is one, else from another thread
    /// once there is, after `wait` at the latest. Threads: any.
    void ask(Answer answer);
    /// The last finding, however old; none before the first round.
    std::shared_ptr<const Finding> last() const;
    const std::vector<Probe>& probes() const { return probes_; }

 private:
    struct Runner {
        std::thread thread;
        bool is_wanted = false;
        bool is_busy = false;
        std::optional<Reading> reading;  ///< Of this round.
    };
    void run_probe(std::size_t index);
    void run_rounds();
    std::shared_ptr<const Finding> conclude();

    const std::vector<Probe> probes_;
    const ProberLimits limits_;
    const std::function<void(Finding&)> complete_;
    mutable std::mutex mutex_;
    std::condition_variable asked_;
    std::condition_variable wanted_;
    std::condition_variable came_back_;
    std::vector<Answer> waiting_;
    std::shared_ptr<const Finding> last_;
    std::vector<Runner> runners_;
    bool is_stopped_ = false;
    std::thread rounds_;
};

}  // namespace caisson::daemon
