// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lifecycle/migrations/mirror.h"
#include "lifecycle/migrations/status.h"

namespace caisson::migrations {

/// What an apply would run on an empty database, as one text for plain psql: it stops at the first
/// error, each file has the transaction and the clean session that it has here. The histories that
/// the sources' own tools keep are made and written as an apply does; the schema `caisson` has no
/// part in it. At a step in another language it stops and says so. Errors: migration_invalid.
std::string export_sql(const std::vector<Migration>& files, const Features& features,
                       const Mirror& mirror);

}  // namespace caisson::migrations
