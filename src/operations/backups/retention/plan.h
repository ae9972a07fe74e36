// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Which sets of a repository are kept, which are removed, and why. Pure.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/moment.h"
#include "operations/backups/sets/repository.h"
#include "platform/backups.h"

namespace caisson::backups::retention {

/// What is known of one repository.
struct Facts {
    std::vector<Found> sets;
    std::vector<Hold> holds;
    std::vector<platform::Tier> tiers;  ///< Those that name this repository.
    std::set<std::string> proofs;       ///< Ids of sets that a drill has proven.
    std::set<std::string> in_use;       ///< Ids of sets that are being read.
    /// Why nothing may be removed, a sentence each: the newest attempt failed, holds are
    /// unreadable.
    std::vector<std::string> doubts;
};

/// Why a set is kept.
enum class Cause { tier, hold, chain, proven, in_use, newest, doubt };
std::string_view name_of(Cause cause);

struct Reason {
    Cause cause;
    std::string text;             ///< "local keeps it for 30d, until 2026-12-26 02:31Z"
    std::optional<Moment> until;  ///< When this reason ends by itself.
};

struct Decision {
    Set set;  ///< What its manifest says, without tables and files; of an unreadable one, its id.
    Moment
        reaches;  ///< The moment that it shows; a physical one with its log shows later ones too.
    bool is_proven = false;
    bool keep = true;
    /// Every moment from its end on is promised: its log stays in whole. Else a physical set needs
    /// the log up to its own restore point.
    bool keeps_log = false;
    std::vector<Reason> reasons;         ///< Of a set that is kept, the strongest first.
    std::string removal;                 ///< Of one that is not: why nothing keeps it.
    std::vector<std::string> needed_by;  ///< Sets that build on it.
};

struct Plan {
    std::string repository;
    Moment now;
    /// The moment that ages are measured at: that of the newest set, so that nothing grows old
    /// while no backup succeeds.
    Moment clock;
    std::vector<Decision> sets;       ///< Oldest first.
    std::vector<std::string> doubts;  ///< Not empty: nothing is removed.
    std::vector<std::string> notes;   ///< Holds that name no set here, and the like.
    /// For how many full backups, from the newest back, the whole log is to be kept, so that every
    /// moment that a tier promises can be reached. Nothing without a full one.
    std::optional<int> archive_fulls;

    std::size_t removals() const;
};

/// Rules, of which one suffices to keep a set:
/// - tiers: by age, from the end of the set on; by count, of physical and logical sets apart; one
///   set a period, the first proven one, else the first. A tier by age that is not self-contained
///   also keeps the newest physical set before its first moment, which is reached from there.
/// - a hold that has not ended; a lease.
/// - the newest set and the last proven one, of physical and of logical ones.
/// - whatever a kept set builds on.
/// A set whose chain is broken counts for nothing, and goes unless it is held or in use.
/// Nothing at all is removed in doubt: an unreadable manifest, no tier, a set from the future, a
/// gap in time that no outage explains, and the doubts among the facts.
Plan plan(std::string repository, const Facts& facts, Moment now);

}  // namespace caisson::backups::retention
