// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Which segments of an archive nothing needs any more, and their removal. By ourselves: the
/// `expire` of pgBackRest 2.45 goes by counts of backups and knows of no hold, no proof and no
/// restore that is at work.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "operations/backups/physical/continuity.h"
#include "operations/backups/sets/repository.h"
#include "trust/session.h"

namespace caisson::backups::physical {

/// What a backup that stays needs of the log.
struct Claim {
    Base base;
    /// Its restore point: up to there it needs the log in any case.
    Lsn point = 0;
    /// Every moment from its end on is promised, along every timeline that leads on from it.
    bool keeps_log = false;
};

/// Which segments are needed. Of a timeline whose history is not known all are, and without a
/// claim all are: a log of which nothing is known is not to be called useless. Pure.
class Needed {
 public:
    Needed(const Log& log, const std::vector<Claim>& claims);
    bool contains(const Segment& segment) const;
    /// Whether what led to the timeline is not known: its history is missing.
    bool is_unknown(std::uint32_t timeline) const { return unknown_.contains(timeline); }

 private:
    struct Reach {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
    };
    struct Way {
        std::uint32_t timeline = 0;
        std::vector<Reach> reaches;
    };
    Log log_;  ///< Its histories.
    std::vector<Way> ways_;
    std::set<std::uint32_t> unknown_;
    bool is_everything_ = false;
};

/// Segments of one timeline in a row, those that are missing among them included.
struct Span {
    Segment first{};
    Segment last{};
    std::uint64_t segments = 0;  ///< That are there.
    std::uint64_t bytes = 0;     ///< As stored.
    bool operator==(const Span&) const = default;
};

/// How much of the log a set needs.
enum class Need {
    nothing,     ///< It goes.
    itself,      ///< Up to its restore point.
    everything,  ///< Every moment from its end on.
};
/// By the id of a set; one that is not named needs everything.
using Needs = std::map<std::string, Need>;

/// What may go of the log of one cluster in one repository.
struct Trim {
    std::string repository;
    std::string stanza;
    std::uint64_t segment_bytes = usual_segment_bytes;
    std::vector<Span> spans;
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;
    std::vector<fs::path> files;  ///< Oldest first; partial segments and backup labels among them.
    /// Kept in whole, and for as long as it is so: the history files of these are missing.
    std::vector<std::uint32_t> unknown_timelines;
    std::string doubt;  ///< Why nothing goes; empty: there is no doubt.
};
/// Of all clusters of this run in the repository. History files are never among it: by them
/// PostgreSQL finds the newest timeline, and a number that is free. Changes nothing.
/// Errors: as Engine; usage for a repository that is an object store.
std::vector<Trim> plan_trim(const trust::Run& run, const Repository& repository,
                            const Needs& needs);

/// What of the plan's spans its files from `begin` to before `end` are, from the last file before
/// them on: what lies between was missing already. Pure.
std::vector<Span> spans_of(const Trim& trim, std::size_t begin, std::size_t end);

struct Trimmed {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    std::string left;  ///< Why it was not finished; empty: it was.
};
/// Removes it, the oldest first, and writes down before what goes, some at a time: a gap that was
/// meant is none, and what stays after all was not meant.
/// Ends early when somebody begins to read a set that needs more than `needs` said. The caller
/// holds the repository's lock. A killed one is finished by the next. Errors: state_unusable;
/// interrupted; locked.
Trimmed trim(const Repository& repository, const Trim& trim, const Needs& needs);

/// Of one stanza, all that ever was removed on purpose. Errors: state_unusable.
std::vector<Span> trimmed_spans(const Repository& repository, const std::string& stanza,
                                std::uint64_t segment_bytes);
/// Without what was removed on purpose. Pure.
std::vector<Gap> without(const std::vector<Gap>& gaps, const std::vector<Span>& trimmed);

}  // namespace caisson::backups::physical
