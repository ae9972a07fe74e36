// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "app/cli/context.h"
#include "drivers/pg/settings.h"

namespace caisson::cli {

/// Overwrites what [backups.masks] names in these databases, each mask in all that have its column,
/// and leaves none of it in their files: materialised views and statistics are made anew. The log
/// of the server still has what was restored. How many columns. Errors: usage for a column that
/// none of them has; database_rejected.
std::size_t mask(Context& context, const std::vector<pg::Settings>& databases);

}  // namespace caisson::cli
