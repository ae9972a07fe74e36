// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/text_format.h"

#include <fmt/format.h>

namespace caisson::pg {
namespace {

using std::chrono::microseconds;

int hexadecimal(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
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
    const auto month = text.find('-');
    const auto day = month == std::string_view::npos ? month : text.find('-', month + 1);
    if (day == std::string_view::npos) {
        return false;
    }
    int year = 0;
    unsigned month_number = 0;
    unsigned day_number = 0;
    if (!parse_number(text.substr(0, month), year) ||
        !parse_number(text.substr(month + 1, day - month - 1), month_number) ||
        !parse_number(text.substr(day + 1), day_number)) {
        return false;
    }
    const std::chrono::year_month_day parts{
        std::chrono::year(year), std::chrono::month(month_number), std::chrono::day(day_number)};
    date = Date(parts);
    return parts.ok();
}

bool parse_time(std::string_view text, microseconds& since_midnight) {
    int hours = 0;
    int minutes = 0;
    int seconds = 0;
    if (text.size() < 8 || text[2] != ':' || text[5] != ':' ||
        !parse_number(text.substr(0, 2), hours) || !parse_number(text.substr(3, 2), minutes) ||
        !parse_number(text.substr(6, 2), seconds)) {
        return false;
    }
    std::string fraction(text.substr(8));
    int fraction_microseconds = 0;
    if (!fraction.empty()) {
        fraction.resize(7, '0');
        if (fraction.front() != '.' ||
            !parse_number(std::string_view(fraction).substr(1), fraction_microseconds)) {
            return false;
        }
    }
    since_midnight = std::chrono::hours(hours) + std::chrono::minutes(minutes) +
                     std::chrono::seconds(seconds) + microseconds(fraction_microseconds);
    return true;
}

bool parse_timestamp(std::string_view text, Timestamp& timestamp) {
    if (text == "infinity" || text == "-infinity") {
        timestamp = text.front() == '-' ? Timestamp::min() : Timestamp::max();
        return true;
    }
    const auto space = text.find(' ');
    Date date;
    if (space == std::string_view::npos || !parse_date(text.substr(0, space), date)) {
        return false;
    }
    text.remove_prefix(space + 1);
    const auto sign = text.find_first_of("+-");
    microseconds offset{0};
    if (sign != std::string_view::npos) {
        std::string zone(text.substr(sign + 1));
        constexpr std::string_view complete = ":00:00";
        if (zone.size() < 8) {
            zone += complete.substr(zone.size() == 2 ? 0 : 3);
        }
        if (!parse_time(zone, offset)) {
            return false;
        }
        offset = text[sign] == '-' ? -offset : offset;
    }
    microseconds time{0};
    if (!parse_time(text.substr(0, sign), time)) {
        return false;
    }
    timestamp = Timestamp(date) + time - offset;
    return true;
}

std::string write_timestamp(Timestamp timestamp) {
    if (timestamp == Timestamp::max() || timestamp == Timestamp::min()) {
        return timestamp == Timestamp::max() ? "infinity" : "-infinity";
    }
    const auto day = std::chrono::floor<std::chrono::days>(timestamp);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(timestamp - day);
    const int year = static_cast<int>(date.year());
    // There is no year 0: 1 BC stands before 1 AD.
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}+00{}", year > 0 ? year : 1 - year,
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count(),
                       time.subseconds().count(), year > 0 ? "" : " BC");
}

}  // namespace caisson::pg
