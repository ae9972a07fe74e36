// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/moment.h"

#include <chrono>
#include <iterator>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::scale {
namespace {

constexpr std::int64_t epoch_day = 10'957;  // 2000-01-01, counted from 1970-01-01.
constexpr std::int64_t second = 1'000'000;

/// Takes exactly `count` digits off the front.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
    if (text.size() < count) {
        return std::nullopt;
    }
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (text[i] < '0' || text[i] > '9') {
            return std::nullopt;
        }
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(count);
    return value;
}

bool take(std::string_view& text, char wanted) {
    if (!text.starts_with(wanted)) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

std::optional<std::int64_t> take_date(std::string_view& text) {
    const auto year = take_digits(text, 4);
    const bool first_dash = take(text, '-');
    const auto month = take_digits(text, 2);
    const bool second_dash = take(text, '-');
    const auto day = take_digits(text, 2);
    if (!year || !month || !day || !first_dash || !second_dash) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date(std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day)));
    if (!date.ok()) {
        return std::nullopt;
    }
    return std::chrono::sys_days(date).time_since_epoch().count() - epoch_day;
}

/// Seconds and their fraction, in microseconds.
std::optional<std::int64_t> take_seconds(std::string_view& text) {
    const auto seconds = take_digits(text, 2);
    if (!seconds || *seconds > 59) {
        return std::nullopt;
    }
    std::int64_t value = *seconds * second;
    if (take(text, '.')) {
        std::int64_t weight = second / 10;
        const auto before = text.size();
        while (const auto digit = take_digits(text, 1)) {
            value += *digit * weight;
            weight /= 10;
        }
        if (text.size() == before) {
            return std::nullopt;
        }
    }
    return value;
}

std::optional<std::int64_t> take_time(std::string_view& text) {
    const auto hours = take_digits(text, 2);
    const bool colon = take(text, ':');
    const auto minutes = take_digits(text, 2);
    if (!hours || !minutes || !colon || *hours > 23 || *minutes > 59) {
        return std::nullopt;
    }
    const auto seconds = take(text, ':') ? take_seconds(text) : std::optional<std::int64_t>(0);
    if (!seconds) {
        return std::nullopt;
    }
    return (*hours * 60 + *minutes) * 60 * second + *seconds;
}

/// "Z", "+02", "+02:00", "+0200" or nothing.
std::optional<std::int64_t> take_offset(std::string_view& text) {
    if (text.empty() || take(text, 'Z')) {
        return 0;
    }
    const bool west = text.starts_with('-');
    if (!west && !text.starts_with('+')) {
        return std::nullopt;
    }
    text.remove_prefix(1);
    const auto hours = take_digits(text, 2);
    take(text, ':');
    const auto minutes = text.empty() ? std::optional(0) : take_digits(text, 2);
    if (!hours || !minutes || *hours > 15 || *minutes > 59) {
        return std::nullopt;
    }
    return (*hours * 60 + *minutes) * 60 * second * (west ? -1 : 1);
}

/// The quotient towards the past, as days before 2000 need it.
std::int64_t floored(std::int64_t value, std::int64_t unit) {
    return value / unit - (value % unit < 0 ? 1 : 0);
}

}  // namespace

std::optional<std::int64_t> parse_moment(std::string_view text) {
    text = trim(text);
    const auto day = take_date(text);
    if (!day) {
        return std::nullopt;
    }
    const auto midnight = *day * microseconds_of_day;
    if (text.empty()) {
        return midnight;
    }
    if (!take(text, 'T') && !take(text, ' ')) {
        return std::nullopt;
    }
    const auto time = take_time(text);
    const auto offset = time ? take_offset(text) : std::nullopt;
    if (!offset || !text.empty()) {
        return std::nullopt;
    }
    return midnight + *time - *offset;
}

std::int64_t day_of(std::int64_t moment) { return floored(moment, microseconds_of_day); }

void append_date(std::string& out, std::int64_t day) {
    const std::chrono::year_month_day date{
        std::chrono::sys_days(std::chrono::days(day + epoch_day))};
    fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

void append_moment(std::string& out, std::int64_t moment) {
    const auto day = day_of(moment);
    const auto time = moment - day * microseconds_of_day;
    append_date(out, day);
    fmt::format_to(std::back_inserter(out), "T{:02}:{:02}:{:02}", time / second / 3600,
                   time / second / 60 % 60, time / second % 60);
    if (time % second != 0) {
        fmt::format_to(std::back_inserter(out), ".{:06}", time % second);
    }
    out += 'Z';
}

}  // namespace caisson::scale
