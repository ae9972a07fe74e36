// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Alerts of a daemon: judges each sample, keeps the book in a file, and delivers beside it, so
/// that a receiver that hangs keeps no judgement waiting. Restarts and clocks that jump change
/// nothing.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "operations/monitor/alerts/notify.h"
#include "trust/session.h"

namespace caisson::alerts {

/// The files of the alerts of a run, below its state directory.
fs::path book_file(const trust::Run& run);
fs::path orders_file(const trust::Run& run);
/// The book as it was last written; nothing where none was.
std::optional<Book> read_book(const trust::Run& run);
Orders read_orders(const trust::Run& run);
/// Replaces the orders in one step. Errors: state_unusable.
void write_orders(const trust::Run& run, const Orders& orders);
/// The address of the page about remedies.
std::string pages_of(const trust::Run& run);

/// What the daemon would refuse to begin with, before anything is stopped for it: rules that are
/// none, deliveries whose variables or programs are missing. Errors: platform_invalid with all
/// mistakes of the rules; variable_invalid; server_missing.
void check(const trust::Run& run);

class Watch {
 public:
    /// Reads the book, and begins to deliver what is in it. Errors: platform_invalid for rules of
    /// the manifest that are none; variable_invalid; server_missing.
    explicit Watch(const trust::Run& run);
    /// With these rules instead of the manifest's.
    Watch(const trust::Run& run, std::vector<Rule> rules);
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    /// Stops delivering; what is left stays in the book.
    ~Watch();

    /// One sample. `interval`: what should lie between two; after three times of it nobody has
    /// looked meanwhile. `age`: a moment of a clock that does not jump. Failures to write the book
    /// are logged, and the next judgement writes it. Threads: one at a time.
    void judge(const monitor::Sample& sample, milliseconds age, milliseconds interval);
    /// Another daemon judges from now on: what is open here is closed and told as resolved, for
    /// nobody would close it any more; where it holds, the other one tells it. Threads: that which
    /// judges.
    void hand_over();
    /// A copy of the book. Threads: any.
    Book book() const;
    const std::vector<Rule>& rules() const { return rules_; }

 private:
    void work();
    void send(std::unique_lock<std::mutex>& lock, milliseconds elapsed);
    void record_changes(std::unique_lock<std::mutex>& lock);
    void tell(const Step& step, milliseconds interval);
    milliseconds since_told() const;
    std::optional<milliseconds> until_due() const;
    void write();

    trust::Run run_;
    std::vector<Rule> rules_;
    std::string boot_;  ///< Of this machine; empty: not known.
    Orders orders_;
    Book book_;
    std::optional<milliseconds> last_;
    milliseconds interval_{0};              ///< Between samples.
    std::optional<milliseconds> judged_{};  ///< When, by the clock that does not jump.
    milliseconds ahead_{0};                 ///< What pages were told by since then.
    mutable std::mutex mutex_;
    std::condition_variable wakes_;
    bool has_news_ = true;
    bool ends_ = false;
    std::string record_error_;
    std::thread worker_;
};

}  // namespace caisson::alerts
