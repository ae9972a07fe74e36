// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "operations/backups/physical/path.h"
#include "operations/backups/physical/trim.h"

namespace caisson::backups::physical {

Needed::Needed(const Log& log, const std::vector<Claim>& claims)
    : log_{log.segment_bytes, {}, log.histories}, is_everything_(claims.empty()) {
    std::set<std::uint32_t> timelines;
    for (const auto& segment : log.segments) {
        timelines.insert(segment.timeline);
    }
    for (const auto& history : log.histories) {
        timelines.insert(history.timeline);
    }
    for (const auto& claim : claims) {
        timelines.insert(claim.base.timeline);
    }
    static const std::set<Segment> none;
    for (const auto timeline : timelines) {
        const auto* const history = history_of(log_, timeline);
        if (timeline != 1 && (history == nullptr || history->forks.empty())) {
            unknown_.insert(timeline);
        }
        const Path path(log_, timeline, none);
        Way way{timeline, {}};
        for (const auto& claim : claims) {
            if (path.leads_through(claim.base)) {
                const auto end = std::max(last_needed(claim.base, log.segment_bytes),
                                          segment_number(claim.point, log.segment_bytes));
                way.reaches.push_back(
                    {segment_number(claim.base.start, log.segment_bytes),
                     claim.keeps_log ? std::numeric_limits<std::uint64_t>::max() : end});
            }
        }
        ways_.push_back(std::move(way));
    }
}

bool Needed::contains(const Segment& segment) const {
    if (is_everything_ || unknown_.contains(segment.timeline)) {
        return true;
    }
    static const std::set<Segment> none;
    return std::ranges::any_of(ways_, [&](const Way& way) {
        return std::ranges::any_of(way.reaches,
                                   [&](const Reach& reach) {
                                       return reach.first <= segment.number &&
                                              segment.number <= reach.last;
                                   }) &&
               Path(log_, way.timeline, none).at(segment.number) == segment;
    });
}

std::vector<Gap> without(const std::vector<Gap>& gaps, const std::vector<Span>& trimmed) {
    std::vector<Gap> left;
    for (const auto& gap : gaps) {
        bool goes_on = false;
        for (auto number = gap.first.number; number < gap.first.number + gap.count; ++number) {
            const bool was_meant = std::ranges::any_of(trimmed, [&](const Span& span) {
                return span.first.timeline == gap.first.timeline && span.first.number <= number &&
                       number <= span.last.number;
            });
            if (was_meant) {
                goes_on = false;
            } else if (goes_on) {
                ++left.back().count;
            } else {
                left.push_back({{gap.first.timeline, number}, 1});
                goes_on = true;
            }
        }
    }
    return left;
}

}  // namespace caisson::backups::physical
