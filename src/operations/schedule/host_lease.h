// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The right of one host at a time to run scheduled jobs.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/files.h"
#include "drivers/pg/settings.h"

namespace caisson::schedule {

struct LeasePlaces {
    fs::path file;  ///< In the repository that the hosts share; its directory exists.
    std::optional<Account> owner;
    /// The platform's database, as a role that may write the schema caisson.
    std::optional<pg::Settings> database;
    std::function<void(const std::string&)> say;  ///< Of a database that could not be asked.
};

/// A lock on the file and, where the database can be reached within three seconds, the run lock
/// "schedule" there, for hosts that share only that: through a pooler a row of caisson.leases.
/// Nothing when another has one of them. Ends with the value, and with the process.
std::shared_ptr<void> host_lease(const LeasePlaces& places);

}  // namespace caisson::schedule
