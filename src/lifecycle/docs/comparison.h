// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::docs {

/// A place where a file differs from what it should be.
struct Hunk {
    std::size_t line = 0;  ///< Of the file, from 1.
    std::string section;   ///< The last heading before it; empty before the first.
    /// `- what is there`, `+ what should be`.
    std::vector<std::string> lines{};
};

/// How a file differs, for whoever must find the change that was forgotten.
struct Change {
    std::size_t added = 0;    ///< Lines that are missing in it.
    std::size_t removed = 0;  ///< Lines that it has and should not.
    std::vector<Hunk> hunks;  ///< The first ones.
};

/// Both with LF as their line end. At most `most` lines are shown.
Change compare(std::string_view found, std::string_view expected, std::size_t most = 12);

}  // namespace caisson::docs
