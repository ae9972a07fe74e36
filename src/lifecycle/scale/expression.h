// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/scale/decimal.h"

namespace caisson::scale {

/// `quantity * price - floor(days / 7)`: numbers, names, + - * / % and parentheses, computed
/// exactly but for divisions. `floor` is the whole number at or below what it is given, of a
/// division too exactly; % leaves what SQL's leaves, with the sign of its left side. Pure; threads:
/// any.
class Expression {
 public:
    /// Nothing when the text is none; `why` says so then.
    static std::optional<Expression> parse(std::string_view text, std::string& why);

    /// In the order in which they first appear.
    const std::vector<std::string>& names() const { return names_; }
    /// `value_of` gives the value of a name by its number. Divisions keep `scale` decimals and
    /// three more. Errors: as those of Decimal.
    Decimal evaluate(const std::function<Decimal(std::size_t name)>& value_of, int scale) const;

 private:
    friend class ExpressionParser;
    enum class Operation : std::uint8_t {
        number,
        name,
        add,
        subtract,
        multiply,
        divide,
        modulo,
        negate,
        floor,
        floor_divide,  ///< The floor of a division, which is rounded only once.
    };
    struct Step {
        Operation operation;
        Decimal number;
        std::size_t name = 0;
    };
    std::vector<Step> steps_;  ///< In the order in which a stack takes them.
    std::vector<std::string> names_;
};

}  // namespace caisson::scale
