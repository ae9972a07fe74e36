// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "drivers/pg/error.h"
#include "lifecycle/seeds/stage.h"

namespace caisson::seeds {

/// Whether the same again may succeed: another session was in the way (40001, 40P01).
bool is_passing(const pg::DatabaseError& error);

/// seed_failed for what the server said of a file, at this place.
Error refused(const pg::DatabaseError& error, const File& file, const Place& place);

/// Finds the record that the server refused. `write` writes the records up to a number, as it was
/// done when it failed; the transaction stands where it did before. A foreign key is found by
/// looking for what it lacks, everything else by trying ever smaller beginnings of the file.
Place find_culprit(pg::Connection& connection, const pg::DatabaseError& error, const Stage& stage,
                   const Target& target, std::size_t records,
                   const std::function<void(std::size_t last)>& write);
/// The foreign key alone: for constraints that were deferred. Nothing when no record lacks it.
std::optional<Place> find_orphan(pg::Connection& connection, const pg::DatabaseError& error,
                                 const Stage& stage, const Target& target);

}  // namespace caisson::seeds
