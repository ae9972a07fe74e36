// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/statements.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace caisson::monitor {
namespace {

using Member = double StatementFigures::*;
constexpr Member counters[] = {&StatementFigures::calls,          &StatementFigures::seconds,
                               &StatementFigures::plans,          &StatementFigures::plan_seconds,
                               &StatementFigures::rows,           &StatementFigures::blocks_hit,
                               &StatementFigures::blocks_read,    &StatementFigures::blocks_dirtied,
                               &StatementFigures::blocks_written, &StatementFigures::temp_blocks,
                               &StatementFigures::read_seconds,   &StatementFigures::write_seconds,
                               &StatementFigures::wal_bytes};

}  // namespace

double StatementFigures::deviation() const {
    return calls > 0 ? std::sqrt(std::max(0.0, squares) / calls) : 0;
}

std::optional<StatementFigures> difference(const StatementFigures& before,
                                           const StatementFigures& now) {
    StatementFigures result;
    for (const auto member : counters) {
        result.*member = now.*member - before.*member;
        if (result.*member < 0) {
            return std::nullopt;
        }
    }
    result.longest = now.longest;
    // Sums of squared deviations add up like this (Chan et al., 1979); here they are taken apart.
    if (before.calls > 0 && result.calls > 0) {
        const double shift = result.mean() - before.mean();
        result.squares =
            now.squares - before.squares - shift * shift * before.calls * result.calls / now.calls;
    } else {
        result.squares = now.squares;
    }
    result.squares = std::max(0.0, result.squares);
    return result;
}

StatementDifference StatementHistory::add(StatementSnapshot snapshot) {
    StatementDifference result;
    if (!last_) {
        result.gap = "the first reading of statements";
    } else if (snapshot.since != last_->since) {
        result.gap = "statistics of statements were reset";
    } else {
        result.is_comparable = true;
        const double evictions =
            std::max(snapshot.evicted, snapshot.evicted_after) - last_->evicted;
        if (evictions > 0) {
            result.gap = fmt::format(
                "statements were thrown out {} times for lack of room: what "
                "they did since the reading before is not counted",
                evictions);
        }
        for (const auto& [key, now] : snapshot.entries) {
            const auto then = last_->entries.find(key);
            // One that has grown may have been thrown out and have come back all the same.
            StatementUse use{key, now, evictions > 0};
            if (then != last_->entries.end()) {
                if (const auto grown = difference(then->second, now)) {
                    use.figures = *grown;
                } else {
                    use.is_at_least = true;
                }
            }
            if (use.figures.calls > 0) {
                result.uses.push_back(use);
            }
        }
    }
    std::ranges::sort(result.uses, [](const StatementUse& a, const StatementUse& b) {
        return a.figures.seconds > b.figures.seconds;
    });
    last_ = std::move(snapshot);
    return result;
}

}  // namespace caisson::monitor
