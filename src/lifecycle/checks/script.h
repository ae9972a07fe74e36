// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lifecycle/checks/check.h"

namespace caisson::checks {

/// One text for plain psql that runs the checks and comes to the same verdicts as run(): a table of
/// them, then `15/15`. It ends with an error (status 3) when a check of severity error does not
/// hold, and changes nothing but a temporary table. Gated checks are the caller's to leave out.
std::string script(const std::vector<Check>& checks, const std::string& title);

}  // namespace caisson::checks
