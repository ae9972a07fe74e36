// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/error.h"
#include "lifecycle/checks/expectation.h"
#include "platform/platform.h"

namespace caisson::checks {

enum class Severity { info, warning, error };
std::string_view to_text(Severity severity);

/// One check of a platform's checks/*.sql: a query and what must be true of its result.
struct Check {
    std::string name;
    Expectation expectation;
    Severity severity = Severity::error;
    std::string database;  ///< Key in the manifest; empty: the first database.
    std::string feature;   ///< Runs only while the feature is on; empty: always.
    std::string description;
    std::string remedy;
    std::chrono::milliseconds limit{30'000};
    std::string sql;  ///< One query, without its semicolon.
    Place place;      ///< Of its `-- check:` line.
    Place sql_place;  ///< Of the query's first character.
};

/// What a text of checks holds as far as it could be read, and every mistake in it.
struct Parsed {
    std::vector<Check> checks;
    std::vector<platform::Mistake> mistakes;
};
/// Pure. `file` names the text in places.
Parsed parse(std::string_view text, const std::string& file);

/// The checks of a folder, by file name and place. None when there is no such folder.
/// Errors: check_invalid, whose message lists every mistake of every file.
std::vector<Check> load(const fs::path& folder);
/// As load(), for `checks/` of a platform; the databases and features that checks name must be
/// declared in its manifest.
std::vector<Check> load(const platform::Manifest& manifest);

/// Those that belong to a database. Gated ones whose feature is off are left out when
/// `without_gated` is set.
std::vector<Check> of_database(const std::vector<Check>& checks, const platform::Manifest& manifest,
                               const platform::Database& database, bool without_gated);

}  // namespace caisson::checks
