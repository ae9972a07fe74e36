// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::sources {

/// `.sql` of `a.SQL`, in lower case; empty where there is none.
std::string extension_of(std::string_view name);
/// Without the end, when it has it (upper and lower case are one).
bool take_end(std::string_view& text, std::string_view end);
std::string_view leading_digits(std::string_view text);
bool is_number(std::string_view text);

/// A language other than SQL that migration tools run: `Go`, `Python`; empty for any other file.
std::string_view language_of(std::string_view name);

/// The name in lower case, with underscores for what is neither a letter nor a digit.
/// Errors: usage when nothing is left.
std::string slug(const std::string& name, char separator = '_');
/// One more, in decimal of any length, at least as wide.
std::string successor(std::string version);
/// The moment in UTC as digits: 14 as YYYYMMDDHHMMSS, 17 with milliseconds.
std::string moment_now(std::size_t digits = 14);
/// The digits at the start of each name.
std::vector<std::string> numbers_of(const std::vector<std::string>& names);
/// What follows the newest of these numbers: the moment where it is one, else its successor;
/// `first` (empty: the moment) where there is none.
std::string next_number(const std::vector<std::string>& numbers, const std::string& first);
/// The description as directives, a line each.
std::string description_lines(const std::string& description);

}  // namespace caisson::sources
