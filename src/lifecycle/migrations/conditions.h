// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "drivers/pg/error.h"
#include "lifecycle/migrations/plan.h"

namespace caisson::migrations {

using sources::Condition;

/// SQL that fails at the first of the conditions that does not hold, one statement each, each
/// ended by a semicolon. It runs with the settings that the file has at that moment.
std::string assertions(const std::vector<Condition>& conditions);

/// Tells what the server said of a condition as a migration_failed with its place. `word` is
/// `require` or `ensure`.
[[noreturn]] void throw_condition(const Step& step, const Condition& condition,
                                  std::string_view word, const pg::DatabaseError& error,
                                  const std::string& hint);

}  // namespace caisson::migrations
