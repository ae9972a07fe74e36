// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "drivers/redis/settings.h"

namespace caisson::redis {

/// Who knows where the master is. Source: Redis, "High availability with Redis Sentinel",
/// "Sentinel clients".
struct Sentinels {
    std::string master;              ///< What the sentinels call it.
    std::vector<Settings> settings;  ///< How each of them is reached; all are asked in turn.
};

}  // namespace caisson::redis
