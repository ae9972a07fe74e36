// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "drivers/pg/connection.h"
#include "lifecycle/checks/checks.h"
#include "lifecycle/migrations/migrations.h"
#include "trust/session.h"

namespace caisson::cli {

/// All that a verification needs of the platform's files, as values: the daemon loads it once and
/// verifies later, as an account that may not be able to read the files any more.
struct Verification {
    trust::Run run;
    platform::Database database;
    std::vector<checks::Check> checks;
    std::vector<migrations::Migration> files;
};
Verification load_verification(const trust::Run& run, const platform::Database& database);

/// The built-in checks that modules beside `checks` offer, in the order in which they are asked.
std::vector<checks::OfferedCheck> offered_checks(const trust::Run& run);

pg::Settings verifier_settings(const trust::Run& run, const platform::Database& database);

/// Errors: identity_unknown, identity_mismatch; those of checks::run().
checks::Report verify_database(const Verification& what, pg::Connection& connection,
                               const std::vector<std::string>& only = {});

/// Names of what fails gravely in the environment's own database now; none when it does not answer.
std::vector<std::string> failing_now(const trust::Run& run, const platform::Database& database);
/// Takes out of `failing` what is among `now` as well, and gives it back: a drill proves that a
/// backup is what was there, and not that what was there is right.
std::vector<std::string> take_alike(std::vector<std::string>& failing,
                                    const std::vector<std::string>& now);

}  // namespace caisson::cli
