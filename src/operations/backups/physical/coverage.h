// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// "Restorable to any moment from A to B", for each repository: read from its directories, the
/// timelines and pgBackRest, and from no word of the archiver's.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "operations/backups/physical/catalogue.h"
#include "operations/backups/physical/continuity.h"
#include "operations/backups/physical/files.h"

namespace caisson::backups::physical {

/// A stretch of time without a gap.
struct Stretch {
    Window window;
    std::string from;  ///< RFC 3339: the first set is whole.
    std::string to;    ///< RFC 3339: the last commit that can be reached.
    /// Nothing was committed since: any moment up to now gives the same as `to`.
    bool reaches_now = false;
};
/// One cluster in one repository.
struct Coverage {
    std::string repository;
    std::string stanza;
    std::string system_identifier;
    std::uint64_t segment_bytes = usual_segment_bytes;
    bool is_current = false;     ///< Of the cluster that runs now.
    std::uint32_t timeline = 0;  ///< That it writes now; 0: not known.
    std::vector<Stretch> stretches;
    std::vector<Gap> gaps;  ///< Without what was trimmed on purpose.
    std::string beyond;  ///< RFC 3339: the last commit in the archive, where a gap lies before it.
    std::vector<std::string> broken;         ///< Sets that cannot be restored for want of segments.
    std::optional<std::uint64_t> lag_bytes;  ///< Of the log that is written and not in it.
    std::optional<double> lag_seconds;       ///< Age of the oldest commit that may be missing.
    /// A segment that PostgreSQL was told to be archived, and that is not in the repository.
    std::string falsely_archived;
    std::string damaged;  ///< The newest segment, when its contents are not what they were.
    std::string problem;  ///< Why nothing can be said.
    /// Where log is missing: whether the server still holds it and will hand it over. Nothing where
    /// it did not say.
    std::optional<bool> awaits;
    const Stretch* newest() const { return stretches.empty() ? nullptr : &stretches.back(); }
    /// That of the timeline which is written now: a restore can have left later ones behind.
    const Stretch* present() const;
    /// Whether a gap lies on a timeline that a restore has left: nothing since comes by it.
    bool has_left(const Gap& gap) const;
    /// What is committed now cannot be restored from here as it is.
    bool lacks_log() const;
    /// And not either with what the server still hands over: only a new full set helps.
    bool is_cut_off() const { return lacks_log() && awaits.has_value() && !*awaits; }
};
/// What a stanza has of the log, with its histories. Errors: as Engine.
Log log_of(const Engine& engine, const Depot& depot, const std::string& stanza,
           const Archive& archive, std::uint64_t segment_bytes);

/// By repository, what lies there and must not be counted on, because its contents are not what
/// they were: names of segments, ids of sets.
using Unusable = std::map<std::string, std::set<std::string>>;
/// All clusters of this run in all of its repositories, that which runs now last. A server that is
/// away is no error: its lag is then not known. Errors: as Engine; interrupted.
std::vector<Coverage> continuity(const trust::Run& run, const Unusable& unusable = {});

}  // namespace caisson::backups::physical
