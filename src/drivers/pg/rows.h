// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a lane gives back: the rows of one statement, typed. (Result is what a blocking connection
/// gives back: rows as text.)

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/pg/codec.h"

struct pg_result;

namespace caisson::pg {

/// Threads: one at a time. Fields, and the text views read from them, live as long as the Rows.
class Rows {
 public:
    class Row {
     public:
        /// The value of a column, counted from 0 or by its name; see codec.h. Errors: internal when
        /// the column is of another kind, or is NULL and T is not std::optional.
        template <typename T>
        T get(std::size_t column) const {
            return decode<T>(rows_->field(index_, column));
        }
        template <typename T>
        T get(std::string_view column) const {
            return decode<T>(rows_->field(index_, rows_->column(column)));
        }
        bool is_null(std::size_t column) const { return rows_->field(index_, column).is_null; }

     private:
        friend class Rows;
        Row(const Rows* rows, std::size_t index) : rows_(rows), index_(index) {}
        const Rows* rows_;
        std::size_t index_;
    };

    class Iterator {
     public:
        using iterator_category = std::forward_iterator_tag;
        using value_type = Row;
        using difference_type = std::ptrdiff_t;
        using pointer = const Row*;
        using reference = Row;

        Iterator() = default;
        Iterator(const Rows* rows, std::size_t index) : rows_(rows), index_(index) {}
        Row operator*() const { return (*rows_)[index_]; }
        Iterator& operator++() {
            ++index_;
            return *this;
        }
        Iterator operator++(int) {
            const auto before = *this;
            ++index_;
            return before;
        }
        bool operator==(const Iterator& other) const { return index_ == other.index_; }

     private:
        const Rows* rows_ = nullptr;
        std::size_t index_ = 0;
    };

    Rows() = default;
    explicit Rows(pg_result* owned) : result_(owned) {}

    std::size_t size() const;
    bool empty() const { return size() == 0; }
    Row operator[](std::size_t index) const { return {this, index}; }
    Row front() const { return {this, 0}; }
    Iterator begin() const { return {this, 0}; }
    Iterator end() const { return {this, size()}; }
    /// Rows that an INSERT, UPDATE, DELETE or MERGE touched; 0 for everything else.
    std::uint64_t affected() const;

    /// What the server says it did: "SELECT 3", "COMMIT".
    std::string_view tag() const;

    std::vector<std::string> columns() const;
    /// Where a column stands. Errors: internal when there is none of the name.
    std::size_t column(std::string_view name) const;
    TypeId type(std::size_t column) const;
    Field field(std::size_t row, std::size_t column) const;

 private:
    struct Clear {
        void operator()(pg_result* result) const;
    };
    std::unique_ptr<pg_result, Clear> result_;
};

}  // namespace caisson::pg
