// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Text as values: cutting, trimming, comparing, positions, and figures as people read them.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace caisson {

std::string_view trim(std::string_view text);
/// Parts between separators; "a,,b" gives three parts, "" gives none.
std::vector<std::string> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
std::string lower(std::string_view text);
std::string replace_all(std::string text, std::string_view from, std::string_view to);

/// Line and column (from 1, in characters) of a byte offset into UTF-8 text.
struct Position {
    std::size_t line = 1;
    std::size_t column = 1;
};
Position position_of(std::string_view text, std::size_t byte_offset);
/// The byte offset of the n-th character (from 0) of UTF-8 text; its size when there are fewer.
std::size_t byte_of_character(std::string_view text, std::size_t character);

/// Whether the bytes are UTF-8 as RFC 3629 defines it.
bool is_utf8(std::string_view text);

/// Without a byte order mark, every CRLF and lone CR as LF: what a checksum is taken of.
std::string normalise_lines(std::string_view text);

/// The candidate nearest to a misspelt word, or empty when none is near ("did you mean").
std::string nearest(std::string_view word, std::span<const std::string> candidates);

/// 0.4 ms, 12 ms, 1.2 s, 3 min 20 s.
std::string human(std::chrono::nanoseconds duration);
/// 512 B, 1.5 kB, 24 MB: powers of 1024, as PostgreSQL prints them.
std::string human_bytes(std::uint64_t bytes);
/// "1 table", "9 tables"; `many` where the plural is irregular.
std::string counted(std::size_t number, std::string_view one, std::string_view many = {});

}  // namespace caisson
