// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Facts from a server: its counters as the role `_monitor`, samples of columns and the plans of
/// statements as `_advisor`, who may read rows and thereby their statistics. Only reads; what
/// cannot be read is named in Facts::unreadable.

#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "operations/monitor/advice/facts.h"

namespace caisson::advice {

struct Sources {
    pg::Connection& monitor;
    pg::Connection* advisor = nullptr;        ///< Nothing: no sequences, columns and plans.
    std::vector<pg::Connection*> replicas{};  ///< As `_monitor`, each at another one.
    std::vector<std::string> unreachable{};   ///< Replicas that could not be, and why.
    /// Roles whose statements are no application's: our own, those of migrations and dumps.
    std::vector<std::string> own_roles{};
    /// Roles that only our own programs use: their sessions are not to be ended.
    std::vector<std::string> working_roles{};
    std::vector<std::string> own_slots{};  ///< Of our own receiver of the log: no replica's.
};

/// Errors: cannot_connect and interrupted end it; a rejected query makes its facts unknown, and so
/// does a replica that is gone, is none, or is of another cluster.
/// Threads: one at a time.
Facts read(const Sources& sources, const Limits& limits = {});

}  // namespace caisson::advice
