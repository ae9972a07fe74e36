// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The rows of one statement. A Row keeps its result alive; the views that text() gives do not.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct pg_result;

namespace caisson::pg {

class Result;

class Row {
 public:
    /// The value as PostgreSQL writes it; empty for NULL.
    std::string_view text(std::size_t column) const;
    std::string_view text(std::string_view column) const;
    std::string string(std::string_view column) const { return std::string(text(column)); }
    bool is_null(std::size_t column) const;
    bool is_null(std::string_view column) const;
    std::optional<std::string> optional(std::string_view column) const;
    /// Errors: internal when the value is not of this kind.
    std::int64_t integer(std::string_view column) const;
    double real(std::string_view column) const;
    bool boolean(std::string_view column) const;

 private:
    friend class Result;
    Row(std::shared_ptr<pg_result> result, std::size_t index)
        : result_(std::move(result)), index_(index) {}
    std::shared_ptr<pg_result> result_;
    std::size_t index_;
};

class Result {
 public:
    class Iterator {
     public:
        Iterator(const Result& result, std::size_t index) : result_(&result), index_(index) {}
        Row operator*() const { return (*result_)[index_]; }
        Iterator& operator++() {
            ++index_;
            return *this;
        }
        bool operator!=(const Iterator& other) const { return index_ != other.index_; }

     private:
        const Result* result_;
        std::size_t index_;
    };

    explicit Result(pg_result* owned);

    std::size_t size() const;
    bool empty() const { return size() == 0; }
    Row operator[](std::size_t index) const { return {result_, index}; }
    Row front() const { return (*this)[0]; }
    Iterator begin() const { return {*this, 0}; }
    Iterator end() const { return {*this, size()}; }
    std::vector<std::string> columns() const;
    /// Rows that an INSERT, UPDATE, DELETE or MERGE touched; 0 for everything else.
    std::uint64_t affected() const;

 private:
    std::shared_ptr<pg_result> result_;
};

}  // namespace caisson::pg
