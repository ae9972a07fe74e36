// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One private PostgreSQL: found, started, stopped. The callers hold the lock.

#include <functional>
#include <optional>

#include "lifecycle/servers/servers.h"

namespace caisson::servers {

using Step = std::function<void(const std::string&)>;

/// The postmaster on the run's data, if one runs.
std::optional<pid_t> postgres_process(const trust::Run& run);
Started start_postgres(const trust::Run& run, const PostgresPrograms& programs, const Step& step);
Stopped stop_postgres(const trust::Run& run);
Status postgres_status(const trust::Run& run);

}  // namespace caisson::servers
