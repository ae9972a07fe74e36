// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The rules of plan(), over a line-up. Pure.

#include <string>
#include <vector>

#include "operations/backups/retention/lineup.h"
#include "operations/backups/retention/plan.h"

namespace caisson::backups::retention {

/// What is said of one set.
struct Verdict {
    std::vector<Reason> reasons;       ///< Empty: nothing keeps it.
    std::vector<std::string> why_not;  ///< For each tier that does not.
    bool is_window = false;            ///< A tier promises every moment from its end on.
};

/// One verdict a member. Ages are measured at `clock`, holds at `now`.
std::vector<Verdict> judge(const Lineup& lineup, const Facts& facts, Moment clock, Moment now);

}  // namespace caisson::backups::retention
