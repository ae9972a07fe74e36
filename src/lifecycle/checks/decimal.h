// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace caisson::checks {

/// A decimal number as written, of any length: compared digit by digit, never rounded.
class Decimal {
 public:
    /// `-12`, `+0.50`, `.5`, `1e-3`; nothing for everything else (`NaN`, `0x10`, `1_000`, an
    /// exponent beyond five digits).
    static std::optional<Decimal> parse(std::string_view text);

    std::strong_ordering operator<=>(const Decimal& other) const;
    bool operator==(const Decimal& other) const { return (*this <=> other) == 0; }
    bool is_whole() const;
    bool is_negative() const { return negative_; }

 private:
    std::strong_ordering compare_size(const Decimal& other) const;

    bool negative_ = false;
    std::string digits_;  ///< Without zeros at either end; empty for zero.
    long point_ = 0;      ///< The value is 0.DIGITS times ten to this power.
};

}  // namespace caisson::checks
