// SPDX-License-Identifier: Apache-2.0
#include "app/cli/backup_continuity.h"

#include <algorithm>

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "operations/backups/physical/physical.h"

namespace caisson::cli {
namespace {

namespace physical = backups::physical;

std::string gap_text(const physical::Gap& gap, std::uint64_t segment_bytes) {
    const auto name = physical::segment_name(gap.first, segment_bytes);
    return gap.count == 1 ? fmt::format("the segment {} is missing", name)
                          : fmt::format("{} segments are missing, from {} on", gap.count, name);
}

/// From when to when nothing can be restored for want of it.
std::string lost_text(const physical::Coverage& coverage, const physical::Gap& gap) {
    const auto position = gap.first.number * coverage.segment_bytes;
    std::string from;
    std::string to;
    for (const auto& stretch : coverage.stretches) {
        if (stretch.window.to <= position) {
            from = std::max(from, stretch.to);
        } else if (stretch.window.from >= position && (to.empty() || stretch.from < to)) {
            to = stretch.from;
        }
    }
    return from.empty() ? ""
                        : fmt::format(": nothing can be restored from {} to {}", from,
                                      to.empty() ? "now" : to);
}

std::string sentence_of(const physical::Coverage& coverage) {
    const auto* const stretch = coverage.newest();
    if (!stretch) {
        return fmt::format("{}: nothing can be restored to a moment", coverage.repository);
    }
    std::string lag;
    if (coverage.lag_bytes && *coverage.lag_bytes > 0) {
        lag = fmt::format(
            "; {} of the log are not in it yet{}", human_bytes(*coverage.lag_bytes),
            coverage.lag_seconds
                ? fmt::format(", the oldest commit of them {:.0f} s old", *coverage.lag_seconds)
                : "");
    }
    return fmt::format("{}: restorable to any moment from {} to {}{}", coverage.repository,
                       stretch->from, stretch->reaches_now ? "now" : stretch->to, lag);
}

boost::json::object window_of(const physical::Coverage& coverage,
                              const physical::Stretch& stretch) {
    const auto figure = [](const auto& value) {
        return value ? boost::json::value(*value) : boost::json::value();
    };
    return {{"repository", coverage.repository},
            {"from", stretch.from},
            {"to", stretch.to},
            {"reaches_now", stretch.reaches_now},
            {"lag_bytes", figure(coverage.lag_bytes)},
            {"lag_seconds", figure(coverage.lag_seconds)},
            {"gaps", coverage.gaps.size()}};
}

}  // namespace

Continuity continuity_of(Context& context) {
    Continuity found;
    auto& grave = found.grave;
    const auto all = physical::continuity(context.run());
    // Of a server that is away nobody knows what it would write next: what there is is told all the
    // same, now of all times.
    const bool is_any_current = std::ranges::any_of(all, &physical::Coverage::is_current);
    for (const auto& coverage : all) {
        if (!coverage.problem.empty()) {
            grave.push_back(fmt::format("{}: {}", coverage.repository, coverage.problem));
            continue;
        }
        if (is_any_current && !coverage.is_current) {
            continue;
        }
        found.sentences.push_back(sentence_of(coverage));
        if (const auto* const stretch = coverage.newest()) {
            found.windows.push_back(window_of(coverage, *stretch));
        }
        for (const auto& gap : coverage.gaps) {
            const auto text =
                fmt::format("{}: {}", coverage.repository, gap_text(gap, coverage.segment_bytes));
            if (coverage.has_left(gap)) {
                found.sentences.push_back(
                    fmt::format("{}, on timeline {}, which a restore has left: what came behind "
                                "it there cannot be restored, and what came since can",
                                text, gap.first.timeline));
            } else {
                grave.push_back(text + lost_text(coverage, gap));
            }
        }
        for (const auto& set : coverage.broken) {
            grave.push_back(
                fmt::format("{}: {} cannot be restored: segments that it needs are missing",
                            coverage.repository, set));
        }
        if (!coverage.falsely_archived.empty()) {
            grave.push_back(
                fmt::format("{}: the server was told that {} is archived, and it is not "
                            "there",
                            coverage.repository, coverage.falsely_archived));
        }
        if (!coverage.damaged.empty()) {
            grave.push_back(
                fmt::format("{}: {} is damaged", coverage.repository, coverage.damaged));
        }
    }
    return found;
}

}  // namespace caisson::cli
