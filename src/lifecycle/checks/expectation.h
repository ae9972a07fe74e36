// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace caisson::checks {

enum class Subject { rows, value };
enum class Operator { equal, not_equal, less, less_equal, greater, greater_equal, between };

/// What a value is compared with.
struct Literal {
    enum class Kind { number, text, boolean, null };
    Kind kind = Kind::number;
    std::string text;  ///< Without quotes; `true` or `false`; empty for null.
};

/// What must be true of a check's result: `rows = 9`, `value >= 3`, `value = 'text'`, `empty`,
/// `not empty`, `value between 3 and 9`, `value is null`. Operators: = != <> < <= > >=. Numbers are
/// compared exactly, texts byte by byte; `value` asks for one row with one column.
struct Expectation {
    std::string written;  ///< As in the file.
    Subject subject = Subject::rows;
    Operator op = Operator::equal;
    Literal low;   ///< What is compared with; the lower bound of `between`.
    Literal high;  ///< The upper bound of `between`.
};

/// Why a text is no expectation, and where (a byte from its start).
struct Misreading {
    std::size_t offset = 0;
    std::string message;
};

std::variant<Expectation, Misreading> parse_expectation(std::string_view text);

/// What a query gave.
struct Found {
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::optional<std::string> value;  ///< Of the first column of the first row; nothing for NULL.
};

struct Judgement {
    bool holds = false;
    std::string found;  ///< For people: `12 rows`, `8`, `null`, `no row`.
};
Judgement judge(const Expectation& expectation, const Found& found);

/// Whether rows are what it objects to, so that showing some of them helps.
bool wants_no_rows(const Expectation& expectation);

/// The same judgement as an SQL condition over rows_found, columns_found (integers) and value_found
/// (text).
std::string condition(const Expectation& expectation);

}  // namespace caisson::checks
