// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Dates and times as PostgreSQL counts them: from 2000-01-01, proleptic Gregorian, UTC. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace caisson::scale {

constexpr std::int64_t microseconds_of_day = 86'400'000'000;

/// "2026-01-05", "2026-01-05T08:00:00Z", with a blank for the T, a fraction, or an offset: in
/// microseconds. Without an offset it is UTC.
std::optional<std::int64_t> parse_moment(std::string_view text);
/// Days; the day on which the moment lies.
std::int64_t day_of(std::int64_t moment);

/// 2026-01-05
void append_date(std::string& out, std::int64_t day);
/// 2026-01-05T08:00:00Z; with a fraction only where there is one.
void append_moment(std::string& out, std::int64_t moment);

}  // namespace caisson::scale
