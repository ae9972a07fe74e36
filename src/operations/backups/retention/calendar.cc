// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/retention/calendar.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "operations/backups/retention/rules.h"

namespace caisson::backups::retention {
namespace {

using std::chrono::days;

struct Horizon {
    days ahead;
    std::string when;
};

/// Days, then weeks, months, years: as far as the longest tier reaches.
std::vector<Horizon> horizons(const Facts& facts) {
    std::chrono::hours longest = days(366);
    for (const auto& tier : facts.tiers) {
        longest = std::max(longest, tier.keep.age.value_or(longest));
    }
    std::vector<Horizon> list;
    for (const int each : {1, 2, 3, 7, 14, 30, 60, 90, 180}) {
        list.push_back(
            {days(each), fmt::format("in {}", counted(static_cast<std::size_t>(each), "day"))});
    }
    for (int year = 1; days(366 * (year - 1)) < longest && year <= 100; ++year) {
        list.push_back({days(366 * year),
                        fmt::format("in {}", counted(static_cast<std::size_t>(year), "year"))});
    }
    return list;
}

CalendarRow row_of(const std::vector<Found>& sets, const Facts& facts, Moment at,
                   std::string when) {
    CalendarRow row;
    row.at = at;
    row.when = std::move(when);
    const auto lineup = line_up(sets, at);
    const auto verdicts = judge(lineup, facts, at, at);
    for (std::size_t i = 0; i < lineup.size(); ++i) {
        if (verdicts[i].reasons.empty()) {
            continue;
        }
        row.sets.push_back(lineup[i].set->id);
        row.causes.emplace_back(name_of(verdicts[i].reasons.front().cause));
        row.proven += facts.proofs.contains(lineup[i].set->id) ? 1 : 0;
        row.earliest = std::min(row.earliest.value_or(lineup[i].reaches), lineup[i].reaches);
        row.latest = std::max(row.latest.value_or(lineup[i].reaches), lineup[i].reaches);
    }
    return row;
}

CalendarRow first_row(const Plan& plan) {
    CalendarRow row;
    row.at = plan.now;
    row.when = "now";
    for (const auto& decision : plan.sets) {
        if (decision.keep) {
            row.sets.push_back(decision.set.id);
            row.causes.emplace_back(name_of(decision.reasons.front().cause));
            row.proven += decision.is_proven ? 1 : 0;
            row.earliest = std::min(row.earliest.value_or(decision.reaches), decision.reaches);
            row.latest = std::max(row.latest.value_or(decision.reaches), decision.reaches);
        }
    }
    return row;
}

}  // namespace

std::vector<CalendarRow> calendar(const Facts& facts, const Plan& plan) {
    auto later = facts;
    later.in_use.clear();
    later.sets.clear();
    for (const auto& decision : plan.sets) {
        if (decision.keep) {
            later.sets.push_back({decision.set, {}, {}, {}});
        }
    }
    std::vector<CalendarRow> rows{first_row(plan)};
    for (auto& horizon : horizons(facts)) {
        const auto at = std::max(plan.now, plan.clock) + horizon.ahead;
        auto row = row_of(later.sets, later, at, std::move(horizon.when));
        if (row.sets != rows.back().sets) {
            std::erase_if(later.sets, [&](const Found& found) {
                return std::ranges::find(row.sets, found.set.id) == row.sets.end();
            });
            rows.push_back(std::move(row));
        }
    }
    return rows;
}

}  // namespace caisson::backups::retention
