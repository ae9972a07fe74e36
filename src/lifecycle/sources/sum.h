// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// `caisson.sum`: a line for each file of a source, in the order in which they apply, with a hash
/// of this and all files before it. Two branches that each add a migration both change its end, so
/// that git calls that a conflict instead of merging it.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/sources/load.h"

namespace caisson::sources {

inline constexpr std::string_view sum_name = "caisson.sum";

/// A line of the sum.
struct SumLine {
    std::string file;  ///< Below the source's folder: `001_a.sql`.
    /// SHA-256 of the hash before it, the file's name and its SHA-256 (LF as line end, no byte
    /// order mark), each followed by LF; the first one starts from the empty text.
    std::string hash;

    bool operator==(const SumLine&) const = default;
};

/// The file as it is written, and read again; what is no line of it becomes a mistake at `place`.
std::string to_text(const std::vector<SumLine>& lines);
std::vector<SumLine> parse_sum(std::string_view text, const std::string& place,
                               std::vector<Mistake>& mistakes);

/// What the sum of this source should be. Errors: as load(); migration_invalid for a file that
/// cannot be read.
std::vector<SumLine> sum_of(const platform::Source& source);
/// The text of the source's caisson.sum; nothing when it has none.
std::optional<std::string> read_sum(const platform::Source& source);
/// The first file at which the two part, and what is to be done about it; nothing when they agree.
std::optional<Mistake> sum_mistake(const std::string& source, const std::vector<SumLine>& written,
                                   const std::vector<SumLine>& found);

/// Complains where the source has a caisson.sum that is not the sum of these files.
void verify_sum(const platform::Source& source, Reading& reading);
/// Writes it anew where the source has one: after a migration was added to a folder whose sum held.
/// Whether it has one. Errors: as sum_of(); state_unusable.
bool renew_sum(const platform::Source& source);

}  // namespace caisson::sources
