// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Runs jobs when they are due: for the daemon.

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "operations/schedule/ages.h"
#include "operations/schedule/due.h"

namespace caisson::schedule {

/// Something that waits for no occurrence.
struct Urgent {
    std::string job;
    Moment noticed;  ///< A run that succeeded after it has answered it.
};

class Runner {
 public:
    /// Whatever it is, it is given up when it is destroyed.
    using Lease = std::shared_ptr<void>;

    struct Options {
        std::vector<Job> jobs;
        fs::path state;  ///< Of the history; its directory exists.
        std::optional<Account> owner;
        std::string host;
        /// The right to run jobs here and now; nothing while another host has it, and then its
        /// runs are ours, too: they stand in the same history.
        std::function<Lease()> lease;
        /// Does the job to its end. What it throws is a failure, unless it is `interrupted`: such a
        /// run counts as not begun. What it gives is a complaint: it succeeded, and somebody should
        /// see to something.
        std::function<std::string(const Due&)> run;
        /// Who has the lease, for a message; empty: it is not known.
        std::function<std::string()> holder;
        /// What is to be run before all that is due. A failure is tried again after a back-off that
        /// doubles up to `longest_back_off`, for as long as it is urgent, and the others meanwhile.
        std::function<std::vector<Urgent>()> urgent;
        std::chrono::seconds longest_back_off = std::chrono::hours(1);
        std::function<void(const std::string&)> say;  ///< What an operator should read.
        std::function<Moment()> clock = moment_now;
        std::chrono::milliseconds pause{10'000};  ///< Between looks at the clock.
    };

    explicit Runner(Options options);
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;
    ~Runner();

    /// A thread of its own from now on. stop() waits for the job that is being run: who wants that
    /// to end early requests an interrupt.
    void start();
    void stop();

    /// Runs what is due first, if anything; whether it did. What start() does again and again.
    bool step();
    /// Runs the job for its newest occurrence, due or not, as a timer does: false where that
    /// occurrence has succeeded already, here or on another host. Waits for the lease while another
    /// job is run. Errors: locked when it is not to be had until the next occurrence; interrupted;
    /// what the job threw.
    bool once(const Job& job);

    /// As of the last step; Threads: any.
    std::vector<Age> ages() const;
    std::vector<Due> next() const;
    /// What is being run at the moment; empty: nothing.
    std::string running() const;

 private:
    History read();
    void write(const History& history);
    /// What the job threw is given back.
    std::exception_ptr run(const Due& due, History history);
    std::optional<Due> urgent(const History& history) const;
    std::optional<Due> due_of(const Urgent& wanted, const History& history) const;
    Lease awaited_lease(const Job& job);
    History taken_over();
    void say(const std::string& text) const;
    void loop();

    const Options options_;
    mutable std::mutex mutex_;  ///< Of what follows.
    History history_;
    std::string running_;
    bool is_unsaved_ = false;  ///< The file lacks what history_ has: the disk is full, perhaps.
    bool stops_ = false;
    std::condition_variable stopping_;
    std::thread thread_;
};

}  // namespace caisson::schedule
