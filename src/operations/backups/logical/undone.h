// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What was undone between a backup and its restore, done again: revoked keys stay revoked, erased
/// rows stay erased.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"

namespace caisson::backups {

struct Undone {
    std::string table;
    std::uint64_t rows = 0;  ///< That were put right.
};

/// `present` is the database that is being replaced, `restored` the one that takes its place;
/// `tables` is [backups.undone], of which those count that `restored` has. All or nothing, in one
/// transaction of `restored`. Rows are known by their primary keys. Errors: usage for a table
/// without one, or without the column; confirmation_needed where more than a tenth of a table's
/// rows would go, or `present` does not have it: that looks like what the restore is to mend;
/// database_rejected.
std::vector<Undone> replay_undone(pg::Connection& present, pg::Connection& restored,
                                  const std::map<std::string, std::string>& tables);

/// Whether the database has the table (`name` or `schema.name`).
bool has_table(pg::Connection& connection, const std::string& table);

}  // namespace caisson::backups
