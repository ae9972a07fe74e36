// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "app/daemon/prober.h"
#include "drivers/pg/connections.h"

namespace caisson::daemon {

/// A pool for the daemon's own questions: short waits, so that a server that hangs is found out.
std::shared_ptr<pg::Connections> pool_for(const Database& database);

/// Asks the database, over the pool, whether it is there and a primary, and once a second for its
/// migrations.
Probe database_probe(const Database& database, std::shared_ptr<pg::Connections> pool);

}  // namespace caisson::daemon
