// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Values as PostgreSQL writes them in text (DateStyle ISO), for results that did not come in
/// binary. Each tells whether the text was of its kind.

#include <charconv>
#include <chrono>
#include <string>
#include <string_view>
#include <system_error>

#include "drivers/pg/values.h"

namespace caisson::pg {

template <typename T>
bool parse_number(std::string_view text, T& value) {
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failure == std::errc() && end == text.data() + text.size() && !text.empty();
}
/// \x and hexadecimal digits.
bool parse_bytea(std::string_view text, std::string& bytes);
/// 2026-11-26, 0044-03-15 BC, infinity
bool parse_date(std::string_view text, Date& date);
/// 14:05:06.25
bool parse_time(std::string_view text, std::chrono::microseconds& since_midnight);
/// 2026-11-26 14:05:06.25+02, without the offset: UTC; with " BC" behind it; infinity.
bool parse_timestamp(std::string_view text, Timestamp& timestamp);
/// 2026-11-26 12:05:06.250000+00, infinity: what every date and time type takes.
std::string write_timestamp(Timestamp timestamp);
/// 2026-11-26 00:00:00+00, infinity: likewise, also for days that no timestamp reaches.
std::string write_date(Date date);

}  // namespace caisson::pg
