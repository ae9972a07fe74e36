// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Who waits for whom, as trees.

#include <string>
#include <vector>

#include "drivers/pg/connection.h"

namespace caisson::monitor {

/// A session that waits, or that others wait for.
struct LockSession {
    int process = 0;
    std::vector<int> blocked_by;  ///< Processes; 0 is a prepared transaction.
    std::string user;
    std::string database;
    std::string application;
    std::string client;
    std::string state;
    std::string lock;        ///< What it waits for: "ShareLock on transaction 812"; empty: nothing.
    double waits = 0;        ///< Seconds that it has waited.
    double transaction = 0;  ///< Age of its transaction, seconds.
    std::string text;        ///< Of its statement, without constants; cut.
};

/// A session with those that wait for it.
struct LockTree {
    LockSession session;
    std::vector<LockTree> waiting;
    bool is_circle = false;  ///< The session stands above already: a deadlock to be.
};

/// Sessions that block or are blocked, at most `most`. Errors: DatabaseError.
std::vector<LockSession> read_lock_sessions(pg::Connection& connection, std::size_t most = 200);
/// The trees of those that wait for nobody, the one that holds up the most first. Pure.
std::vector<LockTree> trees_of(const std::vector<LockSession>& sessions);
/// How many wait below it.
std::size_t waiting_below(const LockTree& tree);

}  // namespace caisson::monitor
