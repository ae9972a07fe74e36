// SPDX-License-Identifier: Apache-2.0
#include "base/moment.h"

#include <algorithm>

#include <fmt/format.h>

namespace caisson {
namespace {

using namespace std::chrono;

/// Takes `count` digits off the front.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
    if (text.size() < count) {
        return std::nullopt;
    }
    int value = 0;
    for (const char c : text.substr(0, count)) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        value = value * 10 + (c - '0');
    }
    text.remove_prefix(count);
    return value;
}

bool take(std::string_view& text, std::string_view any_of) {
    const bool fits = !text.empty() && any_of.find(text.front()) != std::string_view::npos;
    text.remove_prefix(fits ? 1 : 0);
    return fits;
}

std::optional<sys_days> take_day(std::string_view& text) {
    const auto y = take_digits(text, 4);
    const bool first = take(text, "-");
    const auto m = take_digits(text, 2);
    const bool second = take(text, "-");
    const auto d = take_digits(text, 2);
    if (!y || !m || !d || !first || !second) {
        return std::nullopt;
    }
    const year_month_day day{year(*y), month(static_cast<unsigned>(*m)),
                             std::chrono::day(static_cast<unsigned>(*d))};
    return day.ok() ? std::optional(sys_days(day)) : std::nullopt;
}

/// HH:MM
std::optional<minutes> take_minutes(std::string_view& text) {
    const auto h = take_digits(text, 2);
    const bool colon = take(text, ":");
    const auto m = take_digits(text, 2);
    if (!h || !m || !colon || *h > 23 || *m > 59) {
        return std::nullopt;
    }
    return hours(*h) + minutes(*m);
}

}  // namespace

std::optional<Moment> parse_moment(std::string_view text) {
    const auto day = take_day(text);
    if (!day || text.empty()) {
        return day;
    }
    if (!take(text, "Tt ")) {
        return std::nullopt;
    }
    const auto time = take_minutes(text);
    const bool colon = take(text, ":");
    const auto second = take_digits(text, 2);
    if (!time || !colon || !second || *second > 60) {
        return std::nullopt;
    }
    if (take(text, ".")) {
        const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
        if (end == 0) {
            return std::nullopt;
        }
        text.remove_prefix(end);
    }
    const Moment moment = *day + *time + seconds(*second);
    if (take(text, "Zz")) {
        return text.empty() ? std::optional(moment) : std::nullopt;
    }
    const bool is_west = !text.empty() && text.front() == '-';
    if (!take(text, "+-")) {
        return std::nullopt;
    }
    const auto offset = take_minutes(text);
    if (!offset || !text.empty()) {
        return std::nullopt;
    }
    return is_west ? moment + *offset : moment - *offset;
}

std::string timestamp(Moment moment) {
    const auto day = floor<days>(moment);
    const year_month_day date(day);
    const hh_mm_ss time(moment - day);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::string minute_text(Moment moment) {
    auto text = timestamp(moment).substr(0, 16);
    text[10] = ' ';
    return text + "Z";
}

Moment moment_now() { return floor<seconds>(system_clock::now()); }

}  // namespace caisson
