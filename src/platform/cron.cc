// SPDX-License-Identifier: Apache-2.0
#include "platform/cron.h"

#include <array>
#include <charconv>
#include <span>
#include <vector>

#include "base/text.h"

namespace caisson::platform {
namespace {

using namespace std::chrono;

struct FieldShape {
    int first;
    int last;
    std::span<const std::string_view> names;  ///< Of `first`, `first + 1`, …
};

constexpr std::array<std::string_view, 12> month_names = {"jan", "feb", "mar", "apr", "may", "jun",
                                                          "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> day_names = {"sun", "mon", "tue", "wed",
                                                       "thu", "fri", "sat"};

std::optional<int> number_of(std::string_view text, const FieldShape& shape) {
    for (std::size_t i = 0; i < shape.names.size(); ++i) {
        if (shape.names[i] == text) {
            return shape.first + static_cast<int>(i);
        }
    }
    int value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size() || value < shape.first ||
        value > shape.last) {
        return std::nullopt;
    }
    return value;
}

/// `*`, `5`, `1-5`, `*/15`, `8-18/2`.
template <typename Set>
bool add_item(std::string_view item, const FieldShape& shape, Set& set) {
    int step = 1;
    if (const auto slash = item.find('/'); slash != std::string_view::npos) {
        const auto given = number_of(item.substr(slash + 1), {1, shape.last, {}});
        if (!given) {
            return false;
        }
        step = *given;
        item = item.substr(0, slash);
    }
    int first = shape.first;
    int last = shape.last;
    if (item != "*") {
        const auto dash = item.find('-');
        const auto from = number_of(item.substr(0, dash), shape);
        const auto to =
            dash == std::string_view::npos ? from : number_of(item.substr(dash + 1), shape);
        if (!from || !to || *from > *to) {
            return false;
        }
        first = *from;
        // "5/15" is from 5 on, as in Vixie's cron.
        last = dash == std::string_view::npos && step > 1 ? shape.last : *to;
    }
    for (int value = first; value <= last; value += step) {
        set.set(static_cast<std::size_t>(value));
    }
    return true;
}

template <typename Set>
bool read_field(std::string_view text, const FieldShape& shape, Set& set) {
    for (const auto& item : split(text, ',')) {
        if (!add_item(item, shape, set)) {
            return false;
        }
    }
    return set.any();
}

std::string_view spelled_out(std::string_view text) {
    constexpr std::array<std::array<std::string_view, 2>, 6> words = {{{"@hourly", "0 * * * *"},
                                                                       {"@daily", "0 0 * * *"},
                                                                       {"@midnight", "0 0 * * *"},
                                                                       {"@weekly", "0 0 * * 0"},
                                                                       {"@monthly", "0 0 1 * *"},
                                                                       {"@yearly", "0 0 1 1 *"}}};
    for (const auto& [word, fields] : words) {
        if (word == text) {
            return fields;
        }
    }
    return text;
}

/// The day of a leap year comes once in eight years at worst (1896 to 1904).
constexpr int most_days = 366 * 9;

}  // namespace

std::optional<Cron> Cron::parse(std::string_view text) {
    const auto trimmed = lower(trim(text));
    std::vector<std::string> fields;
    for (const auto& field : split(spelled_out(trimmed), ' ')) {
        if (!field.empty()) {
            fields.push_back(field);
        }
    }
    Cron cron;
    std::bitset<8> weekdays;
    if (fields.size() != 5 || !read_field(fields[0], {0, 59, {}}, cron.minutes_) ||
        !read_field(fields[1], {0, 23, {}}, cron.hours_) ||
        !read_field(fields[2], {1, 31, {}}, cron.days_) ||
        !read_field(fields[3], {1, 12, month_names}, cron.months_) ||
        !read_field(fields[4], {0, 7, day_names}, weekdays)) {
        return std::nullopt;
    }
    for (std::size_t day = 0; day < 7; ++day) {
        cron.weekdays_.set(day, weekdays[day] || (day == 0 && weekdays[7]));
    }
    cron.any_day_ = fields[2].front() == '*';
    cron.any_weekday_ = fields[4].front() == '*';
    cron.text_ = std::string(trim(text));
    const sys_days start = 2000y / January / 1;
    for (int i = 0; i < most_days; ++i) {
        if (cron.has_day(start + days(i))) {
            return cron;
        }
    }
    return std::nullopt;
}

bool Cron::has_day(sys_days day) const {
    const year_month_day date(day);
    const bool day_fits = days_[static_cast<unsigned>(date.day())];
    const bool weekday_fits = weekdays_[weekday(day).c_encoding()];
    const bool fits =
        any_day_ || any_weekday_ ? day_fits && weekday_fits : day_fits || weekday_fits;
    return fits && months_[static_cast<unsigned>(date.month())];
}

/// The nearest due minute from `from` on, itself included, in the direction of `step`.
Moment Cron::scan(Moment from, int step) const {
    auto day = floor<days>(from);
    int minute = static_cast<int>(floor<minutes>(from - day).count());
    for (int i = 0; i <= most_days; ++i) {
        for (; has_day(day) && minute >= 0 && minute < 24 * 60; minute += step) {
            if (hours_[static_cast<std::size_t>(minute / 60)] &&
                minutes_[static_cast<std::size_t>(minute % 60)]) {
                return day + minutes(minute);
            }
        }
        day += days(step);
        minute = step > 0 ? 0 : 24 * 60 - 1;
    }
    return from;  // Not reached: parse() found a day.
}

Moment Cron::next(Moment moment) const { return scan(floor<minutes>(moment) + minutes(1), 1); }
Moment Cron::last(Moment moment) const { return scan(floor<minutes>(moment), -1); }

}  // namespace caisson::platform
