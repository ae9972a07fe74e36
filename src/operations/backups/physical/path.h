// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One way through the timelines of a log. Pure. Source: PostgreSQL, xlogrecovery.c and timeline.c.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>

#include "operations/backups/physical/continuity.h"

namespace caisson::backups::physical {

inline const History* history_of(const Log& log, std::uint32_t timeline) {
    const auto found = std::ranges::find(log.histories, timeline, &History::timeline);
    return found == log.histories.end() ? nullptr : &*found;
}

/// The last segment that belongs to a backup: a position that begins a segment needs only those
/// before it.
inline std::uint64_t last_needed(const Base& base, std::uint64_t segment_bytes) {
    return segment_number(base.stop > base.start ? base.stop - 1 : base.stop, segment_bytes);
}

/// One way through the timelines, with what is there of it.
class Path {
 public:
    Path(const Log& log, std::uint32_t timeline, const std::set<Segment>& present)
        : log_(log), timeline_(timeline), history_(history_of(log, timeline)), present_(present) {}

    Segment at(std::uint64_t number) const {
        std::uint32_t timeline = timeline_;
        if (history_ != nullptr) {
            for (const auto& fork : history_->forks) {
                // The segment of a fork is the child's: it begins with a copy of the parent's part.
                if (number < segment_number(fork.at, log_.segment_bytes)) {
                    timeline = fork.parent;
                    break;
                }
            }
        }
        return {timeline, number};
    }
    bool has(std::uint64_t number) const { return present_.contains(at(number)); }

    /// Whether the backup was made before its timeline was left.
    bool leads_through(const Base& base) const {
        if (base.timeline == timeline_) {
            return true;
        }
        if (history_ == nullptr) {
            return false;
        }
        const auto fork = std::ranges::find(history_->forks, base.timeline, &Fork::parent);
        return fork != history_->forks.end() && base.stop <= fork->at;
    }
    /// The largest number of a segment on it.
    std::optional<std::uint64_t> last() const {
        std::optional<std::uint64_t> last;
        for (const auto& segment : present_) {
            if (at(segment.number) == segment && segment.number >= last.value_or(0)) {
                last = segment.number;
            }
        }
        return last;
    }
    std::uint32_t timeline() const { return timeline_; }

 private:
    const Log& log_;
    std::uint32_t timeline_;
    const History* history_;
    const std::set<Segment>& present_;
};

}  // namespace caisson::backups::physical
