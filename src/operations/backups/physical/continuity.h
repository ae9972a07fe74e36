// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Up to where each position of the log can be reached again from what lies in a repository: the
/// proof, of lists alone. Pure. Source: PostgreSQL, xlogrecovery.c (XLogFileReadAnyTLI) and
/// timeline.c.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "operations/backups/physical/segment.h"

namespace caisson::backups::physical {

/// Where a timeline left its parent.
struct Fork {
    std::uint32_t parent = 0;
    Lsn at = 0;
    bool operator==(const Fork&) const = default;
};
/// The ancestors of a timeline, oldest first.
struct History {
    std::uint32_t timeline = 0;
    std::vector<Fork> forks;
};
/// The text of a .history file; lines that are none are left out.
History parse_history(std::uint32_t timeline, std::string_view text);

/// A backup that can be begun from.
struct Base {
    std::string name;
    std::uint32_t timeline = 0;
    Lsn start = 0;
    Lsn stop = 0;
    bool is_self_contained = false;
};

/// What a repository has of the log.
struct Log {
    std::uint64_t segment_bytes = usual_segment_bytes;
    std::vector<Segment> segments;   ///< In any order.
    std::vector<History> histories;  ///< Of all timelines but the first.
};

/// From the end of `base` on, without a gap, to `to`.
struct Window {
    std::uint32_t timeline = 0;  ///< Whose path it is on.
    std::string base;            ///< The first of `bases`.
    std::vector<std::string> bases;
    Lsn from = 0;
    Lsn to = 0;
    Segment last{};  ///< The one that ends at `to`; timeline 0: none but the base's own.
    /// Later segments of the path are there, and cannot be reached: one between them is missing.
    bool is_cut_off = false;
};
/// Segments that lie between others and are not there.
struct Gap {
    Segment first{};
    std::uint64_t count = 0;
    bool operator==(const Gap&) const = default;
};
struct Continuity {
    std::vector<Window> windows;  ///< By timeline, then position.
    std::vector<Gap> gaps;        ///< Behind the first base of their path.
    /// Bases that cannot be restored at all: a segment between their start and end is missing.
    std::vector<std::string> broken;
};
Continuity continuity_of(const Log& log, std::vector<Base> bases);

/// The segment that recovery along `timeline` needs at this number.
Segment segment_on_path(const Log& log, std::uint32_t timeline, std::uint64_t number);

}  // namespace caisson::backups::physical
