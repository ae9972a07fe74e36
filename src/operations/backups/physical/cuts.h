// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What is to be believed of looks at the log: whether the present is cut off from all sets of a
/// repository, so that only a new full set helps. Pure.

#include <map>
#include <string>
#include <vector>

#include "base/moment.h"
#include "operations/backups/physical/coverage.h"

namespace caisson::backups::physical {

struct Cut {
    std::string repository;
    /// The timeline that is written and the last position that can be reached: the same cut, the
    /// same text.
    std::string where;
    std::string from;  ///< RFC 3339: the last moment that can be restored; empty: there is none.
    std::string text;  ///< What is missing.
    Moment noticed;
};
/// A cut that has ended, and from when on everything can be restored again (RFC 3339).
struct Mended {
    Cut cut;
    std::string beginning;
};

/// By repository: a full set of one does not help another.
struct Cuts {
    std::map<std::string, Cut> suspected;
    std::map<std::string, Cut> believed;
};

struct Settled {
    Cuts cuts;
    std::vector<Cut> begun;      ///< Believed since this look.
    std::vector<Mended> ended;   ///< No longer, since this look.
    bool is_to_confirm = false;  ///< Something is believed or suspected: to be looked at soon.
};
/// A cut is believed when two looks in a row that know something see the same one. Where nothing
/// is known, because the server or the repository is away, what was believed before stays; a
/// segment that the server still holds and will hand over is no cut.
Settled settle(const Cuts& before, const std::vector<Coverage>& coverage, Moment now);

}  // namespace caisson::backups::physical
