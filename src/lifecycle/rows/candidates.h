// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lifecycle/rows/shape.h"

namespace caisson::rows {

/// Makes the values of one row unlike those of every other.
struct Tag {
    std::string word;          ///< Small letters and digits, such as `a17`.
    std::uint64_t number = 0;  ///< At most five digits, so that it fits behind a digit of smallint.
    std::string uuid;          ///< Whose last twelve digits are replaced by the column's number.
};

/// Constants of a column's checks, by what they may be.
struct Hints {
    std::vector<std::string> texts;
    std::vector<std::string> patterns;  ///< Behind ~.
    std::vector<std::string> likes;     ///< Behind LIKE.
    std::vector<std::string> numbers;

    void append(const Hints& more);
};
/// The constants of an expression as the server words it, in their order. Pure.
Hints hints_of(const std::string& expression);

/// Values that a column might take, as SQL expressions, the likeliest first; without NULL and
/// without the default. A unique column has those first that no other row has. Pure.
std::vector<std::string> candidates(const Column& column, std::size_t position, bool is_unique,
                                    const Hints& hints, const Tag& tag);

/// A value that other rows have, changed so that this row alone has it.
std::vector<std::string> variations(const Column& column, const std::string& value, const Tag& tag);

}  // namespace caisson::rows
