// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "drivers/redis/settings.h"
#include "trust/session.h"

namespace caisson::trust {

/// How the environment's Redis is reached; nothing when the platform has none there.
/// With TLS where the address asks for it. Errors: variable_invalid.
std::optional<redis::Settings> redis_client(const Run& run);

/// What a Redis database is called when a verb asks for its name: `redis.internal:6379/0`, or
/// `redis.sock/0` of a private one.
std::string redis_name(const redis::Settings& settings);

}  // namespace caisson::trust
