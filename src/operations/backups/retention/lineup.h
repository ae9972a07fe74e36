// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The sets of a repository in the order of time, with what builds on what. Pure.

#include <optional>
#include <string>
#include <vector>

#include "base/moment.h"
#include "operations/backups/sets/repository.h"

namespace caisson::backups::retention {

struct Member {
    const Set* set = nullptr;
    Moment finished;  ///< Ages count from it.
    Moment reaches;
    std::optional<std::size_t> prior;  ///< Of what it builds on, where that is there.
    bool is_whole = true;              ///< All that it builds on is there.
    bool stands_alone = false;         ///< And needs no archive either.
};

struct Lineup {
    std::vector<Member> members;  ///< Oldest first.
    std::vector<std::string> doubts;

    const Member& operator[](std::size_t i) const { return members[i]; }
    std::size_t size() const { return members.size(); }
    std::optional<std::size_t> find(const std::string& id) const;
    /// What it builds on, the nearest first; not itself.
    std::vector<std::size_t> below(std::size_t member) const;
    /// The end of the newest set that can be restored.
    std::optional<Moment> newest() const;
};

/// `sets` must outlive it. Sets whose manifest cannot be read are doubts and not among the members.
Lineup line_up(const std::vector<Found>& sets, Moment now);

}  // namespace caisson::backups::retention
