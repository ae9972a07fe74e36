// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Errors that are expected, as values: a name that is taken, a row that others point to.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "drivers/pg/error.h"

namespace caisson::pg {

/// A rule of the database that kept a statement from being done. Nothing of it is stored; inside a
/// transaction, that transaction is over but for its rollback, as the server has it.
struct Violation {
    enum class Kind {
        unique,       ///< Another row has the same key (23505), or excludes this one (23P01).
        foreign_key,  ///< It points to no row, or others point to it (23503, 23001).
        check,        ///< A CHECK (23514).
        not_null,     ///< A column must have a value (23502).
    };
    Kind kind = Kind::unique;
    std::string constraint;  ///< Its name; of not_null the column's.
    std::string table;
    std::string detail;   ///< Which value, in the server's words: it may hold personal data.
    std::string message;  ///< What the server said.
};

/// The rule that an error tells of; nothing for an error of another kind.
/// Source: PostgreSQL, appendix A, class 23.
std::optional<Violation> violation_of(const DatabaseError& error);

/// What came of it: a value, or the rule that was violated.
template <typename T>
class [[nodiscard]] Outcome {
 public:
    Outcome(T value) : held_(std::move(value)) {}
    Outcome(Violation violation) : held_(std::move(violation)) {}

    explicit operator bool() const { return held_.index() == 0; }
    /// Errors: std::bad_variant_access when there is none.
    T& operator*() { return std::get<0>(held_); }
    const T& operator*() const { return std::get<0>(held_); }
    T* operator->() { return &std::get<0>(held_); }
    const T* operator->() const { return &std::get<0>(held_); }
    const Violation& violation() const { return std::get<1>(held_); }
    /// Whether it is this very rule: `outcome.violates("users_email_key")`.
    bool violates(std::string_view constraint) const {
        return held_.index() == 1 && violation().constraint == constraint;
    }

 private:
    std::variant<T, Violation> held_;
};

}  // namespace caisson::pg
