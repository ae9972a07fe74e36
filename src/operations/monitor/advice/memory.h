// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What was advised before, so that a new index is not called unused, and that advice which was
/// followed is measured again. A value, and its text for a file in the state directory. Pure.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/moment.h"
#include "operations/monitor/advice/advice.h"

namespace caisson::advice {

/// Calls and milliseconds of a statement at a moment.
struct Usage {
    std::int64_t calls = 0;
    double milliseconds = 0;
};

struct Remembered {
    std::string rule{};
    std::string object{};
    std::string summary{};
    Moment first{};                         ///< When it was given first,
    Moment last{};                          ///< and last.
    std::map<std::int64_t, Usage> usage{};  ///< Of the statements it was about, at `last`.
    std::uint64_t bytes = 0;                ///< Of the table with its indexes, at `last`.
    std::string table{};
    bool is_gone = false;  ///< Its fault is gone.
    std::string result{};  ///< What came of it: "41 ms each before, 0.2 ms since".
    bool is_news = false;  ///< At this look: that it is gone, or what came of it. Not in the text.
};

/// Counters of a table at a moment.
struct Mark {
    Moment at{};
    bool is_made = false;  ///< Then an index of it was seen first.
    Scans scans{};
};

/// Of one database.
struct Memory {
    Moment began{};                           ///< When we first looked.
    std::map<std::string, Moment> indexes{};  ///< `schema.index`: when it was first seen.
    /// `schema.table`: a week apart, two at most, of those that are read from end to end.
    std::map<std::string, std::vector<Mark>> marks{};
    std::vector<Remembered> advice{};
};

/// Fills in Facts::watched_for, Facts::scans_before and, for every index, Facts::index_ages.
void add_ages(Facts& facts, const Memory& memory, Moment now);

/// The memory after this judgement: what is new, what still holds, what is gone and with which
/// result. A rule that could not judge keeps its advice open. What was followed is forgotten after
/// ninety days.
Memory remember(Memory memory, const Facts& facts, const Judgement& judgement, Moment now);

std::string to_text(const std::map<std::string, Memory>& memories);
/// Nothing of what is no such text: advice is then given as if for the first time.
std::map<std::string, Memory> parse_memories(std::string_view text);

}  // namespace caisson::advice
