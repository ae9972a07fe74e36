// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lifecycle/migrations/migrations.h"
#include "trust/session.h"

namespace caisson::cli {

/// Where a history stands, in one word: the structure that is expected belongs to it.
std::string head_of(const migrations::History& history);

/// What stands between the files and the history of a database, one sentence each; none when they
/// match. What the rules let pass is no finding: `caisson migrate` takes no offence at it either.
std::vector<std::string> history_findings(const std::vector<migrations::Status>& states,
                                          const platform::MigrationRules& rules);

/// Counts of states for people: "2 applied, 1 waits for the feature blockchain".
std::string summary_of(const std::vector<migrations::Status>& states);

}  // namespace caisson::cli
