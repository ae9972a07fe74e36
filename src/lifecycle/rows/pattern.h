// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace caisson::rows {

/// A text that a regular expression takes, another one for each number as far as the expression
/// leaves room. Nothing for what it does not know, such as look-ahead and back references: whoever
/// asks has the server check the text anyway. Pure.
/// Source: PostgreSQL, "POSIX Regular Expressions" (advanced).
std::optional<std::string> text_for_pattern(std::string_view pattern, std::uint64_t number);

/// The same for LIKE.
std::string text_for_like(std::string_view pattern, std::uint64_t number);

}  // namespace caisson::rows
