// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace caisson::sources {

/// Longer files are not held in memory, but read piece by piece where they are needed: 64 MB.
constexpr std::uint64_t longest_held = std::uint64_t{64} << 20U;

/// Longer ones are not read before it is known that they are needed: 1 MB.
constexpr std::uint64_t longest_ahead = std::uint64_t{1} << 20U;

/// A file as it was read.
struct Contents {
    std::string text;  ///< Byte for byte; empty when `is_streamed`.
    /// It is longer than `longest_held`, and its format can do without its text.
    bool is_streamed = false;
    bool is_utf8 = true;
    bool is_left = false;
    /// SHA-256 of the text without byte order mark, with LF as its line end.
    std::string checksum;
    std::string mistake;  ///< Why it cannot be used; empty when it can.
};

/// What the reader does with long files: with those above `longest_held`, or (leave) with those
/// above `longest_ahead`, whose Contents say `is_left` and nothing else.
enum class Long { stream, hold, leave };

/// Reads files, in the order of `paths`, on several threads. Nothing is thrown for a file that
/// cannot be read: its Contents say why.
std::vector<Contents> read_contents(const std::vector<std::string>& paths, Long rule);

/// The file in pieces of at most 1 MB, for what is streamed. Errors: state_unusable.
void each_piece(const fs::path& path, const std::function<void(std::string_view)>& take);

std::string_view without_mark(std::string_view text);

}  // namespace caisson::sources
