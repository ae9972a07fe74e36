// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Which columns a row gives, with their values: for statements in which the others keep what they
/// have, or get their defaults. Names, types and tables are constants of generated code, quoted and
/// checked there; values are always bound. The statements that come of it are put together when
/// they run: generation prepared none of them, nor the texts of COPY.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "drivers/pg/arguments.h"
#include "drivers/pg/statement.h"

namespace caisson::pg {

/// A column that is to be changed, or left alone: `changes.city = "Abu Dhabi"`. Where T is
/// std::optional, std::nullopt makes it NULL.
template <typename T>
class Change {
 public:
    Change() = default;
    template <typename U, typename = std::enable_if_t<std::is_constructible_v<T, U&&> &&
                                                      !std::is_same_v<std::decay_t<U>, Change>>>
    Change(U&& value) : value_(std::forward<U>(value)), is_given_(true) {}

    bool is_given() const { return is_given_; }
    const T& value() const { return value_; }

 private:
    T value_{};
    bool is_given_ = false;
};

class Columns {
 public:
    /// `before`: $1, $2, … of the statement that come before the columns' own.
    explicit Columns(Arguments before = {})
        : arguments_(std::move(before)), first_(arguments_.size() + 1) {}

    /// `name` as SQL has it, `type` as a cast does; both outlive this value.
    template <typename T>
    void add(std::string_view name, std::string_view type, const T& value) {
        entries_.push_back({name, type, true, false});
        arguments_.add(value);
    }
    /// Left out when there is none: the column gets its default.
    template <typename T>
    void add_given(std::string_view name, std::string_view type, const std::optional<T>& value) {
        value ? add(name, type, *value) : entries_.push_back({name, type, false, false});
    }
    /// As add_given(), for a column without a default: leaving it out and NULL are the same.
    template <typename T>
    void add_nullable(std::string_view name, std::string_view type, const std::optional<T>& value) {
        value ? add(name, type, *value) : entries_.push_back({name, type, false, true});
    }
    template <typename T>
    void add_given(std::string_view name, std::string_view type, const Change<T>& change) {
        if (change.is_given()) {
            add(name, type, change.value());
        }
    }

    struct Entry {
        std::string_view name;
        std::string_view type;
        bool is_given = false;
        bool absent_is_null = false;
    };
    const std::vector<Entry>& entries() const { return entries_; }
    const Arguments& arguments() const { return arguments_; }

    /// `insert into TABLE (a, b) OVERRIDING values ($1, $2) REST`.
    Query insert(std::string_view table, std::string_view overriding, std::string_view rest) const;
    /// As insert(); a row with the same `key` is changed instead, in every column that is given,
    /// not part of the key and not `kept`, where `condition` holds. `always`, as for update(),
    /// stands behind them unless its column is given. Both name columns with their table and may be
    /// empty. With `overriding` the key is never set, so a row that is there is given back as it is
    /// when nothing else is given.
    Query upsert(std::string_view table, std::string_view overriding,
                 const std::vector<std::string_view>& key,
                 const std::vector<std::string_view>& kept, std::string_view always,
                 std::string_view condition, std::string_view rest) const;
    /// `update TABLE set a = $2, b = $3, ALWAYS where CONDITION REST`; `always` may be empty.
    /// Errors: usage when nothing is to be set.
    Query update(std::string_view table, std::string_view always, std::string_view condition,
                 std::string_view rest) const;

 private:
    std::vector<std::string_view> names() const;
    /// A column that an upsert may change; empty when there is none.
    std::string_view neither_of(const std::vector<std::string_view>& key,
                                const std::vector<std::string_view>& kept) const;
    /// Stores the row, or gives back the one with this key as it is. Nothing when somebody else
    /// stored it while the statement ran.
    Query insert_or_select(std::string_view table, std::string_view overriding,
                           const std::vector<std::string_view>& key, std::string_view condition,
                           std::string_view rest) const;
    std::vector<Entry> entries_;
    Arguments arguments_;
    std::size_t first_;  ///< The placeholder of the first column.
};

/// Many rows at once: data for a COPY, or one INSERT … SELECT from arrays. The latter goes where
/// COPY does not: PostgreSQL refuses COPY FROM for tables with row-level security.
struct Copy {
    std::string statement;  ///< `copy … from stdin`; empty: `insert` does it.
    std::string data;
    std::optional<Query> insert;
    std::chrono::milliseconds limit{0};  ///< From sending it to its answer; zero: the caller's own.
};

/// Rows as `copy TABLE (…) from stdin` takes them, of the columns that any of them gives.
/// Errors: usage when one leaves to its default what another gives, when all of
/// them leave all to their defaults; and for a zero byte.
Copy copy_rows(std::string_view table, std::string_view overriding,
               const std::vector<Columns>& rows);
/// As copy_rows(), through one INSERT.
Copy insert_rows(std::string_view table, std::string_view overriding,
                 const std::vector<Columns>& rows);
/// Rows for a COPY or an INSERT that generated code has the text of: `width` values in each.
Copy copy_rows(std::string statement, const std::vector<Arguments>& rows);
Copy insert_rows(Statement statement, const std::vector<Arguments>& rows, std::size_t width);
/// The only value of these, as its type's input reads it: "42", "3d1a8e52-…". Empty for NULL.
std::string text_of(const Arguments& value);

}  // namespace caisson::pg
