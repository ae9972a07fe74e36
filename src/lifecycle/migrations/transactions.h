// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lifecycle/migrations/plan.h"

namespace caisson::migrations {

/// Decides how each step is sent and which steps share a transaction, and says where a run's single
/// transaction had to be cut. Errors: migration_invalid, with everything that cannot be carried
/// out.
void arrange(Plan& plan, platform::TransactionScope scope, bool allow_programs);

}  // namespace caisson::migrations
