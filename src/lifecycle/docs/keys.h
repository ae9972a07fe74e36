// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lifecycle/docs/inventory.h"

namespace caisson::docs {

/// What the constraints and indexes of the tables say of their columns and references: which are
/// keys, which may be empty, which lead to a row at most once.
void mark_keys(std::vector<Table>& tables);

/// Tells each table who refers to it.
void refer(Inventory& inventory);

}  // namespace caisson::docs
