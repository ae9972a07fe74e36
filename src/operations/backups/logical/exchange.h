// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Databases that take the places of others, all in one transaction.

#include <functional>
#include <string>
#include <vector>

#include "base/files.h"
#include "drivers/pg/connection.h"
#include "operations/backups/logical/restore.h"

namespace caisson::backups {

/// A database that is to be called `name` from then on. What is called so now is called `kept`
/// then.
struct Place {
    NewDatabase* restored = nullptr;
    std::string name;
    std::string kept{};       ///< Set by exchange(); empty where there is no such database.
    bool is_dropped = false;  ///< The present one is dropped afterwards: it holds nothing.
};

/// Called for each place that is taken, when nobody else is in either database any more.
using Between =
    std::function<void(pg::Connection& present, pg::Connection& restored, const Place& place)>;

/// All or none, on the one server of `admin` (a database that none of them is). Sessions of the
/// databases are ended and nobody is let in meanwhile; what happens, they are let in again: by us,
/// or, when we are killed, by reopen(), which finds their names in `note`. Errors: locked, naming
/// sessions that cannot be ended; what `between` throws; database_rejected; interrupted.
void exchange(const pg::Settings& admin, std::vector<Place>& places, const Between& between,
              const fs::path& note);

/// Lets people into the databases again that a killed exchange() had closed. Their names.
std::vector<std::string> reopen(const pg::Settings& admin, const fs::path& note);

}  // namespace caisson::backups
