// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Text as wide as a terminal shows it: characters, not bytes, and codes of colours take no room.
/// Pure.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::cli {

std::size_t width_of(std::string_view text);
/// Without what does not fit; "…" stands for it. Colours end with the line.
std::string cut_to(std::string_view text, std::size_t width);
/// Lines of at most this width, of text without colours.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);
/// Rows of cells as lines: columns as wide as what is in them, numbers on the right.
std::vector<std::string> columns_of(const std::vector<std::vector<std::string>>& rows);
/// Without codes of colours.
std::string plain(std::string_view text);
/// In one line: blanks and ends of lines are one blank.
std::string in_one_line(std::string_view text);

}  // namespace caisson::cli
