// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "lifecycle/queries/describe.h"

namespace caisson::queries {

/// How the INSERT of a `:copy` is done for many rows: `VALUES (@a, @b)` becomes a SELECT from
/// arrays and, where the table takes one, a COPY. The former is prepared as a check. Nothing, and a
/// mistake, for another statement.
std::optional<CopyPlan> plan_copy(pg::Connection& connection, const Described& described,
                                  std::vector<platform::Mistake>& mistakes);

}  // namespace caisson::queries
