// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/interval_text.h"

#include <cstdint>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "drivers/pg/text_format.h"

namespace caisson::pg {
namespace {

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;

/// What servers from version 17 on send in binary for infinity and -infinity; as numbers no server
/// takes them. Source: PostgreSQL 17, src/include/datatype/timestamp.h (INTERVAL_NOEND).
constexpr Interval most_interval{std::numeric_limits<std::int32_t>::max(),
                                 std::numeric_limits<std::int32_t>::max(),
                                 std::chrono::microseconds::max()};
constexpr Interval least_interval{std::numeric_limits<std::int32_t>::min(),
                                  std::numeric_limits<std::int32_t>::min(),
                                  std::chrono::microseconds::min()};

/// The parts so far; `fine` turns false, and stays so, where one cannot be held.
struct Sum {
    std::int64_t months = 0;
    std::int64_t days = 0;
    std::int64_t time = 0;
    bool fine = true;

    void add(std::int64_t& part, std::int64_t value, std::int64_t unit) {
        std::int64_t product = 0;
        fine = fine && !__builtin_mul_overflow(value, unit, &product) &&
               !__builtin_add_overflow(part, product, &part);
    }
};

/// A number without its sign, which stands apart: "-0.5" is less than nothing.
struct Number {
    std::int64_t whole = 0;
    std::int64_t microseconds = 0;  ///< Of what stands behind the point.
    bool fine = false;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A sign taken from the front: 1, -1, or what holds without one.
int take_sign(std::string_view& text, int without) {
    if (text.empty() || (text.front() != '-' && text.front() != '+')) {
        return without;
    }
    const int sign = text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
    return sign;
}

/// Digits taken from the front, with what stands behind a point.
Number take_number(std::string_view& text) {
    Number number;
    std::size_t size = 0;
    while (size < text.size() && is_digit(text[size])) {
        ++size;
    }
    number.fine = parse_number(text.substr(0, size), number.whole);
    text.remove_prefix(size);
    if (text.empty() || text.front() != '.') {
        return number;
    }
    text.remove_prefix(1);
    size = 0;
    for (std::int64_t unit = second / 10; size < text.size() && is_digit(text[size]); ++size) {
        number.microseconds += (text[size] - '0') * unit;
        unit /= 10;
    }
    number.fine = number.fine && size > 0 && size <= 6;
    text.remove_prefix(size);
    return number;
}

/// 04:05:06.7 or 4:05:06, without its sign.
bool add_clock(Sum& sum, std::string_view text, int sign) {
    for (const auto unit : {hour, minute, second}) {
        const auto number = take_number(text);
        sum.fine = sum.fine && number.fine && (unit == second || number.microseconds == 0);
        sum.add(sum.time, sign * number.whole, unit);
        sum.add(sum.time, sign * number.microseconds, 1);
        if (unit != second) {
            if (text.empty() || text.front() != ':') {
                return false;
            }
            text.remove_prefix(1);
        }
    }
    return text.empty() && sum.fine;
}

/// 1-2: years and months, without their sign.
bool add_years_and_months(Sum& sum, std::string_view text, int sign) {
    const auto years = take_number(text);
    if (text.empty() || text.front() != '-') {
        return false;
    }
    text.remove_prefix(1);
    const auto months = take_number(text);
    sum.add(sum.months, sign * years.whole, 12);
    sum.add(sum.months, sign * months.whole, 1);
    return text.empty() && years.fine && months.fine && years.microseconds == 0 &&
           months.microseconds == 0 && sum.fine;
}

/// Which part a unit counts, and how much of it one is.
struct Unit {
    std::int64_t Sum::*part = nullptr;
    std::int64_t size = 0;
};

Unit unit_named(std::string_view word) {
    if (word.size() > 1 && word.back() == 's') {
        word.remove_suffix(1);
    }
    if (word == "year" || word == "mon") {
        return {&Sum::months, word == "year" ? 12 : 1};
    }
    if (word == "day") {
        return {&Sum::days, 1};
    }
    if (word == "hour" || word == "min" || word == "sec") {
        return {&Sum::time, word == "hour" ? hour : word == "min" ? minute : second};
    }
    return {};
}

Unit unit_of(char letter, bool is_time) {
    switch (letter) {
        case 'Y':
            return {is_time ? nullptr : &Sum::months, 12};
        case 'M':
            return is_time ? Unit{&Sum::time, minute} : Unit{&Sum::months, 1};
        case 'D':
            return {is_time ? nullptr : &Sum::days, 1};
        case 'H':
            return {is_time ? &Sum::time : nullptr, hour};
        case 'S':
            return {is_time ? &Sum::time : nullptr, second};
        default:
            return {};
    }
}

/// Only seconds have something behind a point.
bool add_number(Sum& sum, const Number& number, int sign, const Unit& unit) {
    if (unit.part == nullptr || !number.fine || (number.microseconds != 0 && unit.size != second)) {
        return false;
    }
    sum.add(sum.*unit.part, sign * number.whole, unit.size);
    sum.add(sum.time, sign * number.microseconds, 1);
    return sum.fine;
}

/// Behind the P of iso_8601.
bool add_designated(Sum& sum, std::string_view text) {
    if (text.empty()) {
        return false;
    }
    bool is_time = false;
    while (!text.empty()) {
        if (!is_time && text.front() == 'T') {
            is_time = true;
            text.remove_prefix(1);
        }
        const int sign = take_sign(text, 1);
        const auto number = take_number(text);
        if (text.empty() || !add_number(sum, number, sign, unit_of(text.front(), is_time))) {
            return false;
        }
        text.remove_prefix(1);
    }
    return true;
}

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    while (true) {
        const auto space = text.find(' ');
        words.push_back(text.substr(0, space));
        if (space == std::string_view::npos) {
            return words;
        }
        text.remove_prefix(space + 1);
    }
}

/// The three styles in words. A number without a unit is days, with a time behind it to which its
/// sign extends, or the 0 that stands for nothing at all.
bool add_words(Sum& sum, const std::vector<std::string_view>& words, int direction) {
    int bare_sign = 1;
    for (std::size_t i = 0; i < words.size(); ++i) {
        auto word = words[i];
        const bool is_last = i + 1 == words.size();
        if (word.find(':') != std::string_view::npos) {
            const int sign = take_sign(word, bare_sign);
            if (!is_last || !add_clock(sum, word, direction * sign)) {
                return false;
            }
            continue;
        }
        const int sign = take_sign(word, 1);
        if (word.find('-') != std::string_view::npos) {
            if (!add_years_and_months(sum, word, direction * sign)) {
                return false;
            }
            continue;
        }
        const auto number = take_number(word);
        if (!word.empty()) {
            return false;
        }
        if (!is_last && words[i + 1].find(':') != std::string_view::npos) {
            bare_sign = sign;
            if (!add_number(sum, number, direction * sign, {&Sum::days, 1})) {
                return false;
            }
        } else if (is_last) {
            return i == 0 && number.fine && number.whole == 0 && number.microseconds == 0;
        } else if (!add_number(sum, number, direction * sign, unit_named(words[++i]))) {
            return false;
        }
    }
    return true;
}

}  // namespace

bool parse_interval(std::string_view text, Interval& interval) {
    if (text == "infinity" || text == "-infinity") {
        interval = text.front() == '-' ? least_interval : most_interval;
        return true;
    }
    Sum sum;
    if (!text.empty() && text.front() == 'P') {
        if (!add_designated(sum, text.substr(1))) {
            return false;
        }
    } else {
        auto words = words_of(text);
        int direction = 1;
        if (words.size() > 1 && words.front() == "@") {
            words.erase(words.begin());
            if (words.size() > 1 && words.back() == "ago") {
                words.pop_back();
                direction = -1;
            }
        }
        if (!add_words(sum, words, direction)) {
            return false;
        }
    }
    constexpr std::int64_t least = std::numeric_limits<std::int32_t>::min();
    constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
    if (sum.months < least || sum.months > most || sum.days < least || sum.days > most) {
        return false;
    }
    interval = {static_cast<std::int32_t>(sum.months), static_cast<std::int32_t>(sum.days),
                std::chrono::microseconds(sum.time)};
    return true;
}

std::string write_interval(const Interval& interval) {
    if (interval == most_interval || interval == least_interval) {
        return interval == most_interval ? "infinity" : "-infinity";
    }
    return fmt::format("{:+} mons {:+} days {:+} microseconds", interval.months, interval.days,
                       interval.time.count());
}

}  // namespace caisson::pg
