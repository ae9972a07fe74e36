// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lifecycle/migrations/status.h"

namespace caisson::migrations {

/// All migrations whose features are on as one text for plain psql: it stops at the first error,
/// each file has the transaction and the clean session that it has here. The schema `caisson` has
/// no part in it. Errors: migration_invalid.
std::string export_sql(const std::vector<Migration>& files, const Features& features);

}  // namespace caisson::migrations
