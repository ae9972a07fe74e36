// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "app/daemon/pools.h"
#include "app/daemon/prober.h"

namespace caisson::daemon {

/// Asks the database, over its pool, whether it is there and a primary, and once a second for its
/// migrations. `pools` outlives it; `index` is the database's there.
Probe database_probe(const Database& database, Pools& pools, std::size_t index);

}  // namespace caisson::daemon
