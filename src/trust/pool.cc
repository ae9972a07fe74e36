// SPDX-License-Identifier: Apache-2.0
#include "trust/pool.h"

#include <algorithm>

#include "platform/pool.h"

namespace caisson::trust {

pg::PoolLimits pool_limits(const Run& run, const platform::Database& database,
                           pg::PoolLimits otherwise) {
    const auto said =
        platform::pool_settings(run.manifest, run.environment, database, run.variables);
    auto limits = otherwise;
    limits.min = said.min.value_or(limits.min);
    limits.max = said.max.value_or(std::max(limits.max, limits.min));
    limits.acquire = said.acquire.value_or(limits.acquire);
    limits.idle = said.idle.value_or(limits.idle);
    limits.lifetime = said.lifetime.value_or(limits.lifetime);
    limits.reap = said.reap.value_or(limits.reap);
    limits.retry = said.retry.value_or(limits.retry);
    limits.fail_at_once = said.fail_at_once.value_or(limits.fail_at_once);
    return limits;
}

}  // namespace caisson::trust
