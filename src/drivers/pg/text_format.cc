// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/text_format.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "drivers/pg/calendar.h"

namespace caisson::pg {
namespace {

using std::chrono::microseconds;

int hexadecimal(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool are_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// Two digits, at most `most`.
bool parse_two(std::string_view text, int most, int& value) {
    return text.size() == 2 && are_digits(text) && parse_number(text, value) && value <= most;
}

/// Takes a " BC" from the end.
bool take_before_christ(std::string_view& text) {
    const bool is_before = text.ends_with(" BC");
    text.remove_suffix(is_before ? 3 : 0);
    return is_before;
}

/// Days since 1970-01-01.
bool parse_day(std::string_view text, bool is_before_christ, std::int64_t& days) {
    const auto month = text.find('-');
    if (month == std::string_view::npos || text.size() != month + 6 || text[month + 3] != '-') {
        return false;
    }
    CivilDate date;
    int month_number = 0;
    int day_number = 0;
    if (!are_digits(text.substr(0, month)) || !parse_number(text.substr(0, month), date.year) ||
        !parse_two(text.substr(month + 1, 2), 12, month_number) ||
        !parse_two(text.substr(month + 4), 31, day_number) || date.year == 0) {
        return false;
    }
    // There is no year 0: 1 BC stands before 1 AD.
    date.year = is_before_christ ? 1 - date.year : date.year;
    date.month = static_cast<unsigned>(month_number);
    date.day = static_cast<unsigned>(day_number);
    days = is_valid(date) ? days_of(date) : 0;
    return is_valid(date);
}

/// +02, -03:30, +00:19:32; behind it nothing.
bool parse_offset(std::string_view text, microseconds& offset) {
    std::string zone(text.substr(1));
    constexpr std::string_view complete = ":00:00";
    if (zone.size() == 2 || zone.size() == 5) {
        zone += complete.substr(zone.size() == 2 ? 0 : 3);
    }
    if (zone.size() != 8 || !parse_time(zone, offset)) {
        return false;
    }
    offset = text.front() == '-' ? -offset : offset;
    return true;
}

}  // namespace

bool parse_bytea(std::string_view text, std::string& bytes) {
    if (text.substr(0, 2) != "\\x" || text.size() % 2 != 0) {
        return false;
    }
    text.remove_prefix(2);
    bytes.clear();
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hexadecimal(text[i]);
        const int low = hexadecimal(text[i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes.push_back(static_cast<char>(high * 16 + low));
    }
    return true;
}

bool parse_date(std::string_view text, Date& date) {
    if (text == "infinity" || text == "-infinity") {
        date = text.front() == '-' ? Date::min() : Date::max();
        return true;
    }
    const bool is_before_christ = take_before_christ(text);
    std::int64_t days = 0;
    if (!parse_day(text, is_before_christ, days)) {
        return false;
    }
    date = Date(std::chrono::days(days));
    return true;
}

bool parse_time(std::string_view text, microseconds& since_midnight) {
    int hours = 0;
    int minutes = 0;
    int seconds = 0;
    if (text.size() < 8 || text[2] != ':' || text[5] != ':' ||
        !parse_two(text.substr(0, 2), 24, hours) || !parse_two(text.substr(3, 2), 59, minutes) ||
        !parse_two(text.substr(6, 2), 60, seconds)) {
        return false;
    }
    text.remove_prefix(8);
    int fraction = 0;
    if (!text.empty()) {
        std::string digits(text.substr(1));
        if (text.front() != '.' || digits.size() > 6 || !are_digits(digits)) {
            return false;
        }
        digits.resize(6, '0');
        parse_number(std::string_view(digits), fraction);
    }
    since_midnight = std::chrono::hours(hours) + std::chrono::minutes(minutes) +
                     std::chrono::seconds(seconds) + microseconds(fraction);
    return true;
}

bool parse_timestamp(std::string_view text, Timestamp& timestamp) {
    if (text == "infinity" || text == "-infinity") {
        timestamp = text.front() == '-' ? Timestamp::min() : Timestamp::max();
        return true;
    }
    const bool is_before_christ = take_before_christ(text);
    const auto space = text.find(' ');
    std::int64_t days = 0;
    if (space == std::string_view::npos ||
        !parse_day(text.substr(0, space), is_before_christ, days)) {
        return false;
    }
    text.remove_prefix(space + 1);
    const auto sign = text.find_first_of("+-");
    microseconds offset{0};
    microseconds time{0};
    if ((sign != std::string_view::npos && !parse_offset(text.substr(sign), offset)) ||
        !parse_time(text.substr(0, sign), time)) {
        return false;
    }
    // The last years that PostgreSQL counts from 2000 do not fit when they are counted from 1970.
    // Before 1970 from the end of the day, because the first day that fits does not as a whole.
    constexpr std::int64_t day = std::int64_t{86'400} * 1'000'000;
    const bool is_early = days < 0;
    std::int64_t since_1970 = 0;
    if (__builtin_mul_overflow(days + (is_early ? 1 : 0), day, &since_1970) ||
        __builtin_add_overflow(since_1970, (time - offset).count() - (is_early ? day : 0),
                               &since_1970)) {
        return false;
    }
    timestamp = Timestamp(microseconds(since_1970));
    return true;
}

std::string write_timestamp(Timestamp timestamp) {
    if (timestamp == Timestamp::max() || timestamp == Timestamp::min()) {
        return timestamp == Timestamp::max() ? "infinity" : "-infinity";
    }
    const auto day = std::chrono::floor<std::chrono::days>(timestamp);
    const auto date = date_of(day.time_since_epoch().count());
    // Counted from a day before the first that can be held in microseconds, too.
    const auto of_day = timestamp.time_since_epoch().count() % 86'400'000'000;
    const std::chrono::hh_mm_ss time(microseconds(of_day < 0 ? of_day + 86'400'000'000 : of_day));
    // There is no year 0: 1 BC stands before 1 AD.
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}+00{}",
                       date.year > 0 ? date.year : 1 - date.year, date.month, date.day,
                       time.hours().count(), time.minutes().count(), time.seconds().count(),
                       time.subseconds().count(), date.year > 0 ? "" : " BC");
}

std::string write_date(Date date) {
    if (date == Date::max() || date == Date::min()) {
        return date == Date::max() ? "infinity" : "-infinity";
    }
    const auto civil = date_of(date.time_since_epoch().count());
    return fmt::format("{:04}-{:02}-{:02} 00:00:00+00{}",
                       civil.year > 0 ? civil.year : 1 - civil.year, civil.month, civil.day,
                       civil.year > 0 ? "" : " BC");
}

}  // namespace caisson::pg
