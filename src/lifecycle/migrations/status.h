// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/migrations/history.h"
#include "lifecycle/sources/load.h"

namespace caisson::migrations {

using sources::Directives;
using sources::Migration;
using sources::Mistake;
using sources::Script;

/// How a file and its row in the history stand to one another.
enum class State {
    applied,
    pending,
    gated,      ///< Not applied, because its feature is off.
    partial,    ///< Applied up to a statement; the next run goes on there.
    reverting,  ///< Reverted up to a statement; the next `down` goes on there.
    edited,     ///< Applied, and the file was changed since.
    missing,    ///< Applied, and the file is gone.
    late,       ///< Not applied, although a newer one of its source is.
    changed,    ///< Repeatable, applied, and changed since: it runs again.
    skipped,    ///< A baseline stands for it, or it is a baseline that came too late.
};
/// "applied", "pending", …: for tables and --json.
std::string_view name_of(State state);
/// Whether the next run has something to do about it.
inline bool is_due(State state) {
    return state == State::pending || state == State::partial || state == State::changed;
}

/// One migration as it stands. The pointers go into the files and the history it was made from; at
/// least one of them is there.
struct Status {
    State state = State::pending;
    const Migration* migration = nullptr;
    const Record* record = nullptr;

    const std::string& source() const { return migration ? migration->source : record->source; }
    const std::string& version() const { return migration ? migration->version : record->version; }
    const std::string& name() const { return migration ? migration->name : record->name; }
    std::string title() const { return name().empty() ? version() : version() + "_" + name(); }
    const std::string& feature() const {
        return migration ? migration->up.directives.feature : record->feature;
    }
};

using Features = std::map<std::string, bool>;

/// Every file and every row, in the order of the files; rows without a file come where the order of
/// application puts them. Files with a feature and repeatable ones neither are late nor make others
/// late. Where a source has a graph of parents, a file is late when one that builds on it is
/// applied. On a source without history its newest baseline stands for all versions up to its own.
std::vector<Status> status(const std::vector<Migration>& files, const History& history,
                           const Features& features);

/// The versions of a source on which no other builds, in order; empty where its files have no graph
/// of parents. More than one: branches that were never merged.
std::vector<const Migration*> heads(const std::vector<Migration>& files, const std::string& source);

}  // namespace caisson::migrations
