// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One private PostgreSQL: found, started, stopped. The callers hold the lock.

#include <functional>
#include <optional>
#include <stop_token>

#include "lifecycle/servers/servers.h"

namespace caisson::servers {

using Step = std::function<void(const std::string&)>;

/// How a server is to be started.
struct Manner {
    Step step = [](const std::string&) {};
    /// Leaves the configuration as it lies on the disk: a restart in between is no time to change
    /// it.
    bool keep_configuration = false;
    /// Ends the waiting with Error interrupted; the server goes on starting.
    std::stop_token stop;

    /// Errors: interrupted, by Ctrl-C or the token.
    void check() const;
};

/// The postmaster on the run's data, if one runs.
std::optional<pid_t> postgres_process(const trust::Run& run);
Started start_postgres(const trust::Run& run, const PostgresPrograms& programs,
                       const Manner& manner);
Stopped stop_postgres(const trust::Run& run);
Status postgres_status(const trust::Run& run);

}  // namespace caisson::servers
