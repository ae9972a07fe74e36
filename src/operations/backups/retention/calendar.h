// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What remains when: the sets of a plan in the days, months and years to come. Pure.

#include <optional>
#include <string>
#include <vector>

#include "operations/backups/retention/plan.h"

namespace caisson::backups::retention {

struct CalendarRow {
    Moment at;
    std::string when;                 ///< "now", "in 7 days", "in 2 years".
    std::vector<std::string> sets;    ///< Ids, oldest first.
    std::vector<std::string> causes;  ///< Of each set, why it is still there.
    std::size_t proven = 0;           ///< How many of them are proven.
    std::optional<Moment> earliest;   ///< The moments that they show.
    std::optional<Moment> latest;
};

/// As if backups went on and nothing else changed: what is kept by age goes in its time; what is
/// kept as the newest, the last proven one, by count or by a hold without an end stays until
/// something takes its place. The first row is now, after the plan was applied; moments at which
/// the same sets remain as before are left out.
std::vector<CalendarRow> calendar(const Facts& facts, const Plan& plan);

}  // namespace caisson::backups::retention
