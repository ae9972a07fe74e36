// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "lifecycle/checks/check.h"
#include "lifecycle/checks/report.h"
#include "platform/platform.h"

namespace caisson::checks {

/// A built-in check of something beside the database, such as Redis: offered by another module,
/// registered in `app`. Asked once, with the first database of the manifest.
struct OfferedCheck {
    std::string name;
    std::string description;
    /// Puts what it finds into the verdict; an outcome that it leaves at `holds` becomes `fails`
    /// when there are findings beyond info. What it throws makes the check one that cannot run.
    std::function<void(Verdict& verdict)> inspect;
};

/// What is verified, as values of other modules.
struct Options {
    platform::Manifest manifest;
    platform::Database database;
    platform::Environment environment;
    std::vector<Check> checks;  ///< As loaded; those of other databases are left out.
    /// Where the history of migrations stands, as given to schema::record(); without it the
    /// recorded structure is taken to be current.
    std::optional<std::string> history_head;
    /// What is wrong between migration files and history, a sentence each.
    std::vector<std::string> history;
    /// What is wrong with the journal, likewise.
    std::vector<std::string> journal;
    std::vector<OfferedCheck> offered;
    /// For each statement of a built-in check; a platform's check has its own.
    std::chrono::milliseconds limit{30'000};
    /// Names of checks; empty: all of them. Those of other databases are passed over.
    std::vector<std::string> only;
    std::function<void(const Verdict&)> progress;  ///< Called after each check.
};

/// The names of the built-in checks, in the order in which they run.
std::vector<std::string> built_in_names();

/// Runs the checks on a connection that is not inside a transaction. Whatever a check meets becomes
/// its verdict; nothing is changed in the database.
/// Errors: usage, with "did you mean", for an unknown name in `only`; cannot_connect when the
/// connection is lost; interrupted.
Report run(pg::Connection& connection, const Options& options);

}  // namespace caisson::checks
