// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Exact decimal numbers of at most 38 digits: money, and what a blockchain counts. Pure.

#include <optional>
#include <string>
#include <string_view>

namespace caisson::scale {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;

/// digits / 10^scale.
struct Decimal {
    Int128 digits = 0;
    int scale = 0;
};
constexpr int most_scale = 18;

/// "12", "-12.50", "1.5e18". Nothing when it is no number or needs more than 38 digits.
std::optional<Decimal> parse_decimal(std::string_view text);
/// "-12.50": as many decimals as the scale says.
void append_text(std::string& out, const Decimal& value);
std::string to_text(const Decimal& value);

/// With so many decimals, halves away from zero. Errors: as multiply().
Decimal rescaled(const Decimal& value, int scale);
/// Errors: seed_failed when the result needs more than 38 digits.
Decimal add(const Decimal& a, const Decimal& b);
Decimal subtract(const Decimal& a, const Decimal& b);
Decimal multiply(const Decimal& a, const Decimal& b);
/// With `scale` decimals, halves away from zero. Errors: as multiply(), and for a division by zero.
Decimal divide(const Decimal& a, const Decimal& b, int scale);
/// What a division to a whole number, towards zero, leaves. Errors: as divide().
Decimal modulo(const Decimal& a, const Decimal& b);
/// The whole number at or below the value, or the quotient. Errors: as divide().
Decimal floor(const Decimal& value);
Decimal floor_of_quotient(const Decimal& a, const Decimal& b);
/// Below zero, zero or above, as a is less than, equal to or more than b.
int compare(const Decimal& a, const Decimal& b);

}  // namespace caisson::scale
