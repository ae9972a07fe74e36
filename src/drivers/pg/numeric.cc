// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/numeric.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "drivers/pg/bytes.h"

namespace caisson::pg {
namespace {

constexpr std::uint16_t negative = 0x4000;
constexpr std::uint16_t not_a_number = 0xC000;
constexpr std::uint16_t infinite = 0xD000;
constexpr std::uint16_t minus_infinite = 0xF000;
constexpr int group = 4;
/// What numeric's own header can say.
constexpr int most_digits_after_point = 16383;
constexpr int most_digits_before_point = 131072;

void put_special(std::string& out, std::uint16_t sign) {
    put(out, std::uint16_t{0});
    put(out, std::int16_t{0});
    put(out, sign);
    put(out, std::uint16_t{0});
}

[[noreturn]] void refuse(std::string_view text) {
    throw Error(Code::usage, fmt::format("\"{}\" is no numeric", text));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The digits without sign, point and exponent, and how many stand before and after the point.
struct Decimal {
    std::string digits;
    int before = 0;
    int after = 0;
};

Decimal decimal(std::string_view rest, std::string_view text) {
    Decimal value;
    while (!rest.empty() && is_digit(rest.front())) {
        value.digits.push_back(rest.front());
        ++value.before;
        rest.remove_prefix(1);
    }
    if (!rest.empty() && rest.front() == '.') {
        rest.remove_prefix(1);
        while (!rest.empty() && is_digit(rest.front())) {
            value.digits.push_back(rest.front());
            ++value.after;
            rest.remove_prefix(1);
        }
    }
    if (value.digits.empty()) {
        refuse(text);
    }
    if (!rest.empty() && (rest.front() == 'e' || rest.front() == 'E')) {
        rest.remove_prefix(rest.size() > 1 && rest[1] == '+' ? 2 : 1);
        int exponent = 0;
        const auto [end, failure] =
            std::from_chars(rest.data(), rest.data() + rest.size(), exponent);
        if (failure != std::errc() || exponent > most_digits_before_point ||
            exponent < -most_digits_after_point) {
            refuse(text);
        }
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
        value.before += exponent;
        value.after = std::max(value.after - exponent, 0);
    }
    if (!rest.empty() || value.before > most_digits_before_point ||
        value.after > most_digits_after_point) {
        refuse(text);
    }
    return value;
}

}  // namespace

std::string numeric_text(std::string_view binary) {
    Cursor in{binary};
    const auto groups = in.take<std::uint16_t>();
    const auto weight = in.take<std::int16_t>();
    const auto sign = in.take<std::uint16_t>();
    const auto scale = in.take<std::uint16_t>();
    if (!in.fine || in.left.size() != std::size_t{groups} * 2) {
        return {};
    }
    switch (sign) {
        case not_a_number:
            return "NaN";
        case infinite:
            return "Infinity";
        case minus_infinite:
            return "-Infinity";
        default:
            break;
    }
    std::vector<std::uint16_t> digits(groups);
    for (auto& digit : digits) {
        digit = in.take<std::uint16_t>();
    }
    const auto at = [&](int index) {
        return index >= 0 && index < static_cast<int>(digits.size())
                   ? digits[static_cast<std::size_t>(index)]
                   : std::uint16_t{0};
    };
    std::string text = sign == negative ? "-" : "";
    if (weight < 0) {
        text += '0';
    } else {
        text += std::to_string(at(0));
        for (int i = 1; i <= weight; ++i) {
            text += fmt::format("{:04}", at(i));
        }
    }
    if (scale > 0) {
        text += '.';
        const auto end = text.size() + scale;
        for (int i = weight + 1; text.size() < end; ++i) {
            text += fmt::format("{:04}", at(i));
        }
        text.resize(end);
    }
    return text;
}

void encode_numeric(std::string& out, std::string_view text) {
    std::string_view rest = trim(text);
    bool is_negative = false;
    if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) {
        is_negative = rest.front() == '-';
        rest.remove_prefix(1);
    }
    const auto word = lower(rest);
    if (word == "nan") {
        return put_special(out, not_a_number);
    }
    if (word == "infinity" || word == "inf") {
        return put_special(out, is_negative ? minus_infinite : infinite);
    }
    auto value = decimal(rest, text);
    // Groups of four are aligned at the point: the digit d stands `before` places left of it.
    while (!value.digits.empty() && value.digits.front() == '0') {
        value.digits.erase(0, 1);
        --value.before;
    }
    const int weight =
        value.before > 0 ? (value.before - 1) / group : -((-value.before) / group) - 1;
    const int lead = (weight + 1) * group - value.before;
    value.digits.insert(0, static_cast<std::size_t>(lead), '0');
    value.digits.append((group - value.digits.size() % group) % group, '0');
    std::vector<std::uint16_t> groups;
    for (std::size_t i = 0; i < value.digits.size(); i += group) {
        std::uint16_t digit = 0;
        for (std::size_t j = 0; j < group; ++j) {
            digit = static_cast<std::uint16_t>(digit * 10 + (value.digits[i + j] - '0'));
        }
        groups.push_back(digit);
    }
    while (!groups.empty() && groups.back() == 0) {
        groups.pop_back();
    }
    put(out, static_cast<std::uint16_t>(groups.size()));
    put(out, static_cast<std::int16_t>(groups.empty() ? 0 : weight));
    put(out, is_negative && !groups.empty() ? negative : std::uint16_t{0});
    put(out, static_cast<std::uint16_t>(value.after));
    for (const auto digit : groups) {
        put(out, digit);
    }
}

}  // namespace caisson::pg
