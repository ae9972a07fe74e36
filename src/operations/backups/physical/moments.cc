// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/moments.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::backups::physical {
namespace {

constexpr std::int64_t second = 1'000'000;

/// Takes `digits` digits off the front.
std::optional<int> take(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) {
        return std::nullopt;
    }
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (text[i] < '0' || text[i] > '9') {
            return std::nullopt;
        }
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return value;
}

bool skip(std::string_view& text, std::string_view any_of) {
    if (text.empty() || any_of.find(text.front()) == std::string_view::npos) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

std::int64_t take_fraction(std::string_view& text) {
    std::int64_t fraction = 0;
    std::int64_t scale = second;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        scale /= 10;
        fraction += (text.front() - '0') * scale;
        text.remove_prefix(1);
    }
    return fraction;
}

/// Seconds east of Greenwich.
std::optional<int> take_offset(std::string_view text) {
    if (text.empty() || text == "Z" || text == " UTC" || text == "z") {
        return 0;
    }
    const bool is_west = text.front() == '-';
    if (!skip(text, "+-")) {
        return std::nullopt;
    }
    const auto hours = take(text, 2);
    skip(text, ":");
    const auto minutes = text.empty() ? std::optional(0) : take(text, 2);
    if (!hours || !minutes || !text.empty() || *hours > 15 || *minutes > 59) {
        return std::nullopt;
    }
    const int offset = *hours * 3600 + *minutes * 60;
    return is_west ? -offset : offset;
}

}  // namespace

std::optional<std::int64_t> parse_moment(std::string_view text) {
    text = trim(text);
    const auto year = take(text, 4);
    const bool first = skip(text, "-");
    const auto month = take(text, 2);
    const bool next = skip(text, "-");
    const auto day = take(text, 2);
    if (!year || !month || !day || !first || !next || !skip(text, "T t")) {
        return std::nullopt;
    }
    const auto hour = take(text, 2);
    const bool colon = skip(text, ":");
    const auto minute = take(text, 2);
    if (!hour || !minute || !colon || *hour > 23 || *minute > 59) {
        return std::nullopt;
    }
    std::optional<int> seconds = 0;
    std::int64_t fraction = 0;
    if (skip(text, ":")) {
        seconds = take(text, 2);
        if (skip(text, ".")) {
            fraction = take_fraction(text);
        }
    }
    const auto offset = take_offset(text);
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!seconds || *seconds > 59 || !offset || !date.ok()) {
        return std::nullopt;
    }
    const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    return (days * 86400 + *hour * 3600 + *minute * 60 + *seconds - *offset) * second + fraction;
}

std::string moment_text(std::int64_t microseconds) {
    const std::chrono::sys_time<std::chrono::microseconds> moment{
        std::chrono::microseconds(microseconds)};
    const auto day = std::chrono::floor<std::chrono::days>(moment);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{moment - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count(),
                       time.subseconds().count());
}

std::optional<double> seconds_between(std::string_view from, std::string_view to) {
    const auto first = parse_moment(from);
    const auto second_one = parse_moment(to);
    return first && second_one ? std::optional(static_cast<double>(*second_one - *first) / second)
                               : std::nullopt;
}

std::string drill_moment(const std::string& from, const std::string& to, const std::string& ring,
                         std::uint64_t random) {
    const auto first = parse_moment(from);
    const auto last = parse_moment(to);
    if (!first || !last || *last <= *first) {
        return to;
    }
    const auto oldest_marker = parse_moment(ring).value_or(*first);
    const auto start = std::max({*first, *last - 3600 * second, std::min(*last, oldest_marker)});
    return moment_text(start + static_cast<std::int64_t>(
                                   random % (static_cast<std::uint64_t>(*last - start) + 1)));
}

}  // namespace caisson::backups::physical
