// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "protection/isolation/islands.h"

namespace caisson::isolation {

/// What the setting holds for each tenant, as the columns that hold it want it: a uuid where one of
/// them is a uuid, else a number, else a text with which their checks hold. Those
/// that the manifest declares, as far as there are so many, come before all guesses.
std::vector<std::string> identities(pg::Connection& connection, const IslandPlan& plan);

/// The value as SQL for a column that holds it, alone or in a list.
std::string held_in(const rows::Column& column, const std::string& value);

}  // namespace caisson::isolation
