// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/continuity.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "base/text.h"
#include "operations/backups/physical/path.h"

namespace caisson::backups::physical {
namespace {

/// Up to where recovery comes that begins with this backup; nothing when not even to its end.
std::optional<Window> window_of(const Path& path, const Base& base, std::uint64_t segment_bytes) {
    const auto needed = last_needed(base, segment_bytes);
    Window window{path.timeline(), base.name, {base.name}, base.stop, base.stop, {}, false};
    if (!base.is_self_contained) {
        for (auto number = segment_number(base.start, segment_bytes); number <= needed; ++number) {
            if (!path.has(number)) {
                return std::nullopt;
            }
        }
    }
    // A self-contained one has its own segments, and goes on where the archive does.
    auto number = needed;
    while (path.has(number + 1)) {
        ++number;
    }
    if (path.has(number)) {
        window.to = std::max(base.stop, (number + 1) * segment_bytes);
        window.last = path.at(number);
    }
    window.is_cut_off = path.last().value_or(0) > number;
    return window;
}

void add(std::vector<Window>& windows, Window window) {
    if (!windows.empty() && windows.back().timeline == window.timeline &&
        window.from <= windows.back().to) {
        auto& last = windows.back();
        last.bases.push_back(window.base);
        if (window.to > last.to) {
            last.to = window.to;
            last.last = window.last;
            last.is_cut_off = window.is_cut_off;
        }
        return;
    }
    windows.push_back(std::move(window));
}

void add_gaps(const Path& path, std::uint64_t from, std::vector<Gap>& gaps) {
    const auto last = path.last();
    for (auto number = from; last && number <= *last; ++number) {
        if (path.has(number)) {
            continue;
        }
        const auto missing = path.at(number);
        const bool goes_on = !gaps.empty() && gaps.back().first.timeline == missing.timeline &&
                             gaps.back().first.number + gaps.back().count == number;
        if (goes_on) {
            ++gaps.back().count;
        } else {
            gaps.push_back({missing, 1});
        }
    }
}

}  // namespace

History parse_history(std::uint32_t timeline, std::string_view text) {
    History history{timeline, {}};
    for (const auto& line : split(text, '\n')) {
        const auto trimmed = trim(line);
        const auto tab = trimmed.find('\t');
        Fork fork;
        const auto parsed =
            std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), fork.parent);
        if (tab == std::string_view::npos || parsed.ec != std::errc() || fork.parent == 0) {
            continue;
        }
        const auto rest = trimmed.substr(tab + 1);
        if (const auto at = parse_lsn(rest.substr(0, rest.find('\t')))) {
            fork.at = *at;
            history.forks.push_back(fork);
        }
    }
    return history;
}

Segment segment_on_path(const Log& log, std::uint32_t timeline, std::uint64_t number) {
    static const std::set<Segment> none;
    return Path(log, timeline, none).at(number);
}

Continuity continuity_of(const Log& log, std::vector<Base> bases) {
    const std::set<Segment> present(log.segments.begin(), log.segments.end());
    std::set<std::uint32_t> timelines;
    for (const auto& segment : present) {
        timelines.insert(segment.timeline);
    }
    for (const auto& history : log.histories) {
        timelines.insert(history.timeline);
    }
    for (const auto& base : bases) {
        timelines.insert(base.timeline);
    }
    std::ranges::sort(bases, {}, [](const Base& base) { return std::pair(base.stop, base.name); });
    Continuity continuity;
    std::set<std::string> reached;
    for (const auto timeline : timelines) {
        const Path path(log, timeline, present);
        std::optional<std::uint64_t> first;
        for (const auto& base : bases) {
            if (!path.leads_through(base)) {
                continue;
            }
            first = first.value_or(segment_number(base.start, log.segment_bytes));
            if (auto window = window_of(path, base, log.segment_bytes)) {
                reached.insert(base.name);
                add(continuity.windows, std::move(*window));
            }
        }
        std::vector<Gap> gaps;
        if (first) {
            add_gaps(path, *first, gaps);
        }
        for (const auto& gap : gaps) {
            if (!std::ranges::count(continuity.gaps, gap)) {
                continuity.gaps.push_back(gap);
            }
        }
    }
    for (const auto& base : bases) {
        if (!reached.contains(base.name)) {
            continuity.broken.push_back(base.name);
        }
    }
    return continuity;
}

}  // namespace caisson::backups::physical
