// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Functions that find others by search_path, which pg_restore empties: those of generated columns,
/// constraints and indexes are called while data and indexes come back.

#include <string>
#include <vector>

#include "drivers/pg/connection.h"

namespace caisson::backups {

/// Whether pg_restore's errors may be of that: something that it did not find. Pure.
bool misses_by_path(const std::string& errors);

/// Gives the database's own functions that say none themselves this search_path, as SQL has it.
/// Their names, as SQL has them. Errors: database_rejected.
std::vector<std::string> give_search_path(pg::Connection& connection, const std::string& path);
/// Takes it from them again.
void take_search_path(pg::Connection& connection, const std::vector<std::string>& functions);

}  // namespace caisson::backups
