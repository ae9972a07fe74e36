// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Values that PostgreSQL has and C++ has not. Everything else is what one would expect: bool,
/// int16_t to int64_t, float, double, std::string, std::vector for arrays, std::optional for what
/// may be NULL, std::tuple for composites. They have constructors, because g++ 12 destroys an
/// aggregate that is made beside a co_await twice.

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace caisson::pg {

/// The number of a type in pg_type.
using TypeId = std::uint32_t;

/// A timestamptz. `time_point::max()` and `min()` are infinity and -infinity.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;
/// A date; its `max()` and `min()` are infinity and -infinity.
using Date = std::chrono::sys_days;
/// A time of day, without a zone.
struct Time {
    std::chrono::microseconds since_midnight{0};
    auto operator<=>(const Time&) const = default;
};

/// Months and days are no fixed span of time, so the three parts stay apart.
struct Interval {
    std::int32_t months = 0;
    std::int32_t days = 0;
    std::chrono::microseconds time{0};
    bool operator==(const Interval&) const = default;
};

struct Uuid {
    std::array<std::uint8_t, 16> bytes{};
    /// 8-4-4-4-12 hexadecimal digits, or 32, in either case. Errors: usage for anything else.
    static Uuid from(std::string_view text);
    /// In lower case, with hyphens.
    std::string text() const;
    auto operator<=>(const Uuid&) const = default;
};

/// A numeric, exactly, as its decimal digits: "-12.50", "NaN", "Infinity". Trailing zeros are kept,
/// as PostgreSQL keeps them.
struct Numeric {
    Numeric() = default;
    explicit Numeric(std::string value) : digits(std::move(value)) {}
    std::string digits;
    bool operator==(const Numeric&) const = default;
};

/// The text of a json or jsonb.
struct Json {
    Json() = default;
    explicit Json(std::string value) : text(std::move(value)) {}
    std::string text;
    bool operator==(const Json&) const = default;
};

/// A bytea.
struct Bytes {
    Bytes() = default;
    explicit Bytes(std::string value) : data(std::move(value)) {}
    std::string data;
    bool operator==(const Bytes&) const = default;
};

/// An inet or cidr, as PostgreSQL writes it: "10.0.0.1", "2001:db8::/32".
struct Inet {
    Inet() = default;
    explicit Inet(std::string value) : text(std::move(value)) {}
    std::string text;
    bool operator==(const Inet&) const = default;
};

/// Bounds that are missing are infinite.
template <typename T>
struct Range {
    Range() = default;
    Range(std::optional<T> from, std::optional<T> to, bool with_lower = true,
          bool with_upper = false)
        : lower(std::move(from)),
          upper(std::move(to)),
          includes_lower(with_lower),
          includes_upper(with_upper) {}
    std::optional<T> lower;
    std::optional<T> upper;
    bool includes_lower = true;
    bool includes_upper = false;
    bool is_empty = false;
    bool operator==(const Range&) const = default;
};

}  // namespace caisson::pg
