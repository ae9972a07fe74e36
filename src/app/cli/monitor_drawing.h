// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The live view as lines for a terminal of a size, and what keys do to it. Pure.

#include <cstddef>
#include <string>
#include <vector>

#include "operations/monitor/collect/blocking.h"
#include "operations/monitor/collect/queries.h"
#include "operations/monitor/sample/sample.h"

namespace caisson::cli {

struct ScreenSize {
    std::size_t rows = 24;
    std::size_t columns = 80;
};

enum class View { summary, queries, locks };

/// What keys have chosen.
struct Live {
    View view = View::summary;
    char order = 't';        ///< Of statements: by total, calls, mean.
    std::size_t chosen = 0;  ///< Of the statements or trees, counted from 1; 0: none.
    bool is_paused = false;

    /// What somebody looks into, or has paused, is not replaced by a new reading.
    bool stands_still() const { return is_paused || chosen > 0; }
};

/// What was read.
struct Seen {
    monitor::Sample sample;
    std::vector<monitor::Query> queries;  ///< Of the sample's moment.
    std::vector<monitor::LockTree> trees;
    std::string trees_unknown;  ///< Why there are none; empty: they were read.
    monitor::At trees_at{};
};

/// Whether it is to go on. A statement or tree that was looked into is left with any other key
/// that shows something.
bool obey(char key, Live& live);
/// At most as many lines as there are rows, none wider than the screen: when it was read and the
/// keys, what is beyond a threshold, then the rest as far as there is room.
std::vector<std::string> draw(const Seen& seen, const Live& live, ScreenSize size, bool colours);

}  // namespace caisson::cli
