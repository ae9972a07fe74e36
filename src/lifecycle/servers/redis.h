// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One private Redis: found, started, stopped. The callers hold the lock.

#include <optional>

#include "drivers/redis/settings.h"
#include "lifecycle/servers/postgres.h"

namespace caisson::servers {

std::optional<pid_t> redis_process(const trust::Run& run);
Started start_redis(const trust::Run& run, const fs::path& redis_server, const Manner& manner);
Stopped stop_redis(const trust::Run& run);
Status redis_status(const trust::Run& run);

}  // namespace caisson::servers
