// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"

namespace caisson::scale {
namespace {

[[noreturn]] void fail_overflow() {
    throw Error(Code::seed_failed, "a number needs more than 38 digits",
                "use smaller numbers or fewer decimals in scale.toml");
}

Int128 times(Int128 a, Int128 b) {
    Int128 product = 0;
    if (__builtin_mul_overflow(a, b, &product)) {
        fail_overflow();
    }
    return product;
}

Int128 power_of_ten(int exponent) {
    Int128 power = 1;
    for (int i = 0; i < exponent; ++i) {
        power = times(power, 10);
    }
    return power;
}

/// a / b, halves away from zero.
Int128 rounded_quotient(Int128 a, Int128 b) {
    const Int128 quotient = a / b;
    const Int128 rest = a % b;
    const Int128 distance = rest < 0 ? -rest : rest;
    const Int128 size = b < 0 ? -b : b;
    if (distance >= size - distance) {
        return quotient + ((a < 0) == (b < 0) ? 1 : -1);
    }
    return quotient;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The exponent behind an `e`, taken off the text.
std::optional<int> take_exponent(std::string_view& text) {
    const auto at = text.find_first_of("eE");
    if (at == std::string_view::npos) {
        return 0;
    }
    auto digits = text.substr(at + 1);
    if (digits.starts_with('+')) {
        digits.remove_prefix(1);
    }
    int exponent = 0;
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (failure != std::errc() || end != digits.data() + digits.size() || exponent < -40 ||
        exponent > 40) {
        return std::nullopt;
    }
    text = text.substr(0, at);
    return exponent;
}

void require_divisor(const Decimal& value) {
    if (value.digits == 0) {
        throw Error(Code::seed_failed, "a division by zero", "mend the expression in scale.toml");
    }
}

Int128 floored(Int128 a, Int128 b) {
    const auto quotient = a / b;
    const bool is_cut = a % b != 0 && (a < 0) != (b < 0);
    return is_cut ? quotient - 1 : quotient;
}

}  // namespace

std::optional<Decimal> parse_decimal(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    const auto exponent = take_exponent(text);
    if (!exponent || text.empty()) {
        return std::nullopt;
    }
    Decimal value;
    bool dot = false;
    bool any = false;
    for (const char c : text) {
        if (c == '.' && !dot) {
            dot = true;
            continue;
        }
        if (!is_digit(c) || __builtin_mul_overflow(value.digits, Int128{10}, &value.digits) ||
            __builtin_add_overflow(value.digits, Int128{c - '0'}, &value.digits)) {
            return std::nullopt;
        }
        any = true;
        value.scale += dot ? 1 : 0;
    }
    value.scale -= *exponent;
    if (!any || value.scale > most_scale) {
        return std::nullopt;
    }
    for (; value.scale < 0; ++value.scale) {
        if (__builtin_mul_overflow(value.digits, Int128{10}, &value.digits)) {
            return std::nullopt;
        }
    }
    value.digits = negative ? -value.digits : value.digits;
    return value;
}

void append_text(std::string& out, const Decimal& value) {
    std::array<char, 48> buffer{};
    auto* at = buffer.data() + buffer.size();
    UInt128 rest = value.digits < 0 ? UInt128{0} - static_cast<UInt128>(value.digits)
                                    : static_cast<UInt128>(value.digits);
    for (int place = 0; place <= value.scale || rest > 0; ++place) {
        if (place > 0 && place == value.scale) {
            *--at = '.';
        }
        *--at = static_cast<char>('0' + static_cast<int>(rest % 10));
        rest /= 10;
    }
    if (value.digits < 0) {
        *--at = '-';
    }
    out.append(at, static_cast<std::size_t>(buffer.data() + buffer.size() - at));
}

std::string to_text(const Decimal& value) {
    std::string text;
    append_text(text, value);
    return text;
}

Decimal rescaled(const Decimal& value, int scale) {
    if (scale >= value.scale) {
        return {times(value.digits, power_of_ten(scale - value.scale)), scale};
    }
    return {rounded_quotient(value.digits, power_of_ten(value.scale - scale)), scale};
}

Decimal add(const Decimal& a, const Decimal& b) {
    const int scale = std::max(a.scale, b.scale);
    Decimal sum{0, scale};
    if (__builtin_add_overflow(rescaled(a, scale).digits, rescaled(b, scale).digits, &sum.digits)) {
        fail_overflow();
    }
    return sum;
}

Decimal subtract(const Decimal& a, const Decimal& b) { return add(a, {-b.digits, b.scale}); }

Decimal multiply(const Decimal& a, const Decimal& b) {
    const Decimal product{times(a.digits, b.digits), a.scale + b.scale};
    return product.scale > most_scale ? rescaled(product, most_scale) : product;
}

Decimal divide(const Decimal& a, const Decimal& b, int scale) {
    require_divisor(b);
    const int shift = scale + b.scale - a.scale;
    return shift >= 0
               ? Decimal{rounded_quotient(times(a.digits, power_of_ten(shift)), b.digits), scale}
               : Decimal{rounded_quotient(a.digits, times(b.digits, power_of_ten(-shift))), scale};
}

Decimal modulo(const Decimal& a, const Decimal& b) {
    require_divisor(b);
    const int scale = std::max(a.scale, b.scale);
    return {rescaled(a, scale).digits % rescaled(b, scale).digits, scale};
}

Decimal floor(const Decimal& value) {
    return {floored(value.digits, power_of_ten(value.scale)), 0};
}

Decimal floor_of_quotient(const Decimal& a, const Decimal& b) {
    require_divisor(b);
    const int scale = std::max(a.scale, b.scale);
    return {floored(rescaled(a, scale).digits, rescaled(b, scale).digits), 0};
}

int compare(const Decimal& a, const Decimal& b) {
    const int scale = std::max(a.scale, b.scale);
    const auto left = rescaled(a, scale).digits;
    const auto right = rescaled(b, scale).digits;
    return left < right ? -1 : (left > right ? 1 : 0);
}

}  // namespace caisson::scale
