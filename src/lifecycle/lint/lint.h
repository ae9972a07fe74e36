// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Migrations that would lock, lose or break something, found before they run. Pure: texts in,
/// findings out.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/lint/finding.h"
#include "lifecycle/lint/rule.h"

namespace caisson::lint {

/// One direction of a migration, or any SQL file.
struct Script {
    std::string file;  ///< For places: `migrations/001_initial.sql`.
    std::string_view text;
    bool is_down = false;
    /// The runner opens a transaction around it, unless a statement in it refuses one.
    bool in_transaction = true;
    /// False: read for what it makes of the schema, and nothing is reported.
    bool report = true;
};

struct Settings {
    std::map<const Rule*, Severity> severities;  ///< Where they differ from the table.
    /// The runner sets a lock_timeout before it runs a file, as Caisson does by default.
    bool runner_limits_locks = true;
};

/// Takes over severities by names of ours or of other tools (`[lint.rules]`). A rule that is opt-in
/// is switched on by them.
/// Errors: `code`, one error that lists every unknown name with the nearest one.
void set_severities(Settings& settings, const std::map<std::string, Severity>& by_name, Code code);

/// Every finding, by file in the order given and then by place. Files are read in the order in
/// which they would be applied; a down script is judged by the schema that its up script left.
/// Text that PostgreSQL 15's grammar does not know is one warning (`syntax`). Threads: any.
std::vector<Finding> lint(const std::vector<Script>& scripts, const Settings& settings);

}  // namespace caisson::lint
