// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Moments of the calendar, in UTC and to the second, as text and back. Pure but for moment_now().
/// Source: RFC 3339.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace caisson {

using Moment = std::chrono::sys_seconds;

/// "2026-03-03T08:00:00.123Z", "2026-03-03T09:00:00+01:00"; also a day alone, which is its first
/// moment. Parts of a second are cut off. Nothing for any other text, and for days that are none.
std::optional<Moment> parse_moment(std::string_view text);
/// 2026-03-03T08:00:00Z.
std::string timestamp(Moment moment);
/// For people: 2026-03-03 08:00Z.
std::string minute_text(Moment moment);
Moment moment_now();

}  // namespace caisson
