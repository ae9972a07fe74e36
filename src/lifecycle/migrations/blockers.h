// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "drivers/pg/connection.h"

namespace caisson::migrations {

/// A session that holds a lock which somebody waits for.
struct Blocker {
    int process = 0;
    std::string user;
    std::string application;
    std::string state;  ///< Empty where the watching role may not see it.
    std::string since;  ///< When its transaction began, HH:MM:SS.
    std::string query;

    /// server process 123 (psql of anna, idle in transaction since 08:00:01: update users …).
    std::string text() const;
};

/// Who a server process waits for at this moment.
std::vector<Blocker> blockers_of(pg::Connection& connection, int process);

/// Looks, from a thread and a connection of its own, for whom a session waits: when a lock_timeout
/// has fired it is too late to ask. It connects only when a statement takes longer than `patience`.
class BlockerWatch {
 public:
    BlockerWatch(pg::Settings settings, std::chrono::milliseconds patience);
    BlockerWatch(const BlockerWatch&) = delete;
    BlockerWatch& operator=(const BlockerWatch&) = delete;
    ~BlockerWatch();

    /// A statement is sent on this session.
    void begin(int process);
    /// It is over.
    void end();
    /// Who was seen since the last call.
    std::vector<Blocker> take();

 private:
    void watch();

    pg::Settings settings_;
    std::chrono::milliseconds patience_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool ends_ = false;
    int process_ = 0;  ///< 0: nothing is sent.
    std::chrono::steady_clock::time_point since_;
    std::vector<Blocker> seen_;
    std::thread thread_;
};

}  // namespace caisson::migrations
