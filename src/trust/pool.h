// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/pg/pool.h"
#include "trust/session.h"

namespace caisson::trust {

/// What [databases.NAME.pool] of the manifest says, over `otherwise` where it says nothing.
/// Errors: variable_invalid.
pg::PoolLimits pool_limits(const Run& run, const platform::Database& database,
                           pg::PoolLimits otherwise = {});

}  // namespace caisson::trust
