// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Values to the bytes of PostgreSQL's binary formats and back; from its text format, too, where a
/// result came as text. Source: the send and recv functions below src/backend/utils/adt.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "drivers/pg/field.h"
#include "drivers/pg/types.h"
#include "drivers/pg/values.h"

namespace caisson::pg {

/// An enum of C++ that stands for one of the server's says here what its labels are:
///     static std::string_view text(T value);
///     static T from(std::string_view label);   // throws for a label that it does not know
template <typename T>
struct EnumText;

/// The server's type that a C++ type is sent as; labels of enums are text.
template <typename T>
inline constexpr TypeId type_id = std::is_enum_v<T> ? type::text : type::unknown;
template <>
inline constexpr TypeId type_id<bool> = type::boolean;
template <>
inline constexpr TypeId type_id<std::int16_t> = type::int2;
template <>
inline constexpr TypeId type_id<std::int32_t> = type::int4;
template <>
inline constexpr TypeId type_id<std::int64_t> = type::int8;
template <>
inline constexpr TypeId type_id<float> = type::float4;
template <>
inline constexpr TypeId type_id<double> = type::float8;
template <>
inline constexpr TypeId type_id<std::string> = type::text;
template <>
inline constexpr TypeId type_id<std::string_view> = type::text;
template <>
inline constexpr TypeId type_id<Bytes> = type::bytea;
template <>
inline constexpr TypeId type_id<Uuid> = type::uuid;
template <>
inline constexpr TypeId type_id<Timestamp> = type::timestamptz;
template <>
inline constexpr TypeId type_id<Date> = type::date;
template <>
inline constexpr TypeId type_id<Time> = type::time;
template <>
inline constexpr TypeId type_id<Interval> = type::interval;
template <>
inline constexpr TypeId type_id<Numeric> = type::numeric;
template <>
inline constexpr TypeId type_id<Json> = type::jsonb;
template <>
inline constexpr TypeId type_id<Inet> = type::inet;
template <>
inline constexpr TypeId type_id<Range<std::int32_t>> = type::int4range;
template <>
inline constexpr TypeId type_id<Range<std::int64_t>> = type::int8range;
template <>
inline constexpr TypeId type_id<Range<Numeric>> = type::numrange;
template <>
inline constexpr TypeId type_id<Range<Timestamp>> = type::tstzrange;
template <>
inline constexpr TypeId type_id<Range<Date>> = type::daterange;

/// Append the binary form of type_id<T>. Errors: usage for what the type cannot hold.
void encode(std::string& out, bool value);
void encode(std::string& out, std::int16_t value);
void encode(std::string& out, std::int32_t value);
void encode(std::string& out, std::int64_t value);
void encode(std::string& out, float value);
void encode(std::string& out, double value);
void encode(std::string& out, std::string_view value);
inline void encode(std::string& out, const std::string& value) {
    encode(out, std::string_view(value));
}
void encode(std::string& out, const Bytes& value);
void encode(std::string& out, const Uuid& value);
void encode(std::string& out, Timestamp value);
void encode(std::string& out, Date value);
void encode(std::string& out, Time value);
void encode(std::string& out, const Interval& value);
void encode(std::string& out, const Numeric& value);
void encode(std::string& out, const Json& value);
void encode(std::string& out, const Inet& value);
template <typename T>
std::enable_if_t<std::is_enum_v<T>> encode(std::string& out, T value) {
    encode(out, EnumText<T>::text(value));
}

/// Read a value that is not NULL. Errors: internal when the field is of another kind, or does not
/// fit: an int8 is read into an int32_t when it fits, any type into a std::string when it came as
/// text or is text.
void decode(const Field& field, bool& value);
void decode(const Field& field, std::int16_t& value);
void decode(const Field& field, std::int32_t& value);
void decode(const Field& field, std::int64_t& value);
void decode(const Field& field, float& value);
void decode(const Field& field, double& value);
void decode(const Field& field, std::string& value);
void decode(const Field& field, std::string_view& value);
void decode(const Field& field, Bytes& value);
void decode(const Field& field, Uuid& value);
void decode(const Field& field, Timestamp& value);
void decode(const Field& field, Date& value);
void decode(const Field& field, Time& value);
void decode(const Field& field, Interval& value);
void decode(const Field& field, Numeric& value);
void decode(const Field& field, Json& value);
void decode(const Field& field, Inet& value);

namespace detail {

[[noreturn]] void fail_decoding(const Field& field, std::string_view wanted);
/// Cut an array, composite or range into its elements, bounds or members. `of_arrays`: what an
/// array of several dimensions gives is arrays of one less, and without it such a one is refused.
Pieces elements_of(const Field& array, bool of_arrays = false);
Pieces members_of(const Field& composite);
struct Bounds {
    std::uint8_t flags = 0;
    Pieces pieces;
    const Field& lower() const { return pieces.fields.front(); }
    const Field& upper() const { return pieces.fields.back(); }
};
Bounds bounds_of(const Field& range);
void begin_array(std::string& out, TypeId element, std::size_t size, bool has_null);
/// A length word now, to be filled in by end_value() once the value is written.
std::size_t begin_value(std::string& out);
void end_value(std::string& out, std::size_t begin);
void null_value(std::string& out);

constexpr std::uint8_t range_empty = 0x01;
constexpr std::uint8_t range_includes_lower = 0x02;
constexpr std::uint8_t range_includes_upper = 0x04;
constexpr std::uint8_t range_lower_infinite = 0x08;
constexpr std::uint8_t range_upper_infinite = 0x10;

/// Pieces may be made for the time of the decoding alone, and nothing may point into them.
template <typename T>
inline constexpr bool is_owned = !std::is_same_v<T, std::string_view>;
template <typename T>
inline constexpr bool is_owned<std::optional<T>> = is_owned<T>;
template <typename T>
inline constexpr bool is_array = false;
template <typename T>
inline constexpr bool is_array<std::vector<T>> = true;
template <typename T>
inline constexpr bool is_array<std::optional<std::vector<T>>> = true;

template <typename T>
struct Decoder {
    static T decode(const Field& field) {
        if (field.is_null) {
            fail_decoding(field, "a value");
        }
        if constexpr (std::is_enum_v<T>) {
            std::string_view label;
            pg::decode(field, label);
            return EnumText<T>::from(label);
        } else {
            T value{};
            pg::decode(field, value);
            return value;
        }
    }
};

template <typename T>
struct Decoder<std::optional<T>> {
    static std::optional<T> decode(const Field& field) {
        return field.is_null ? std::nullopt : std::optional<T>(Decoder<T>::decode(field));
    }
};

template <typename T>
struct Decoder<std::vector<T>> {
    static_assert(is_owned<T>, "elements are read as std::string");
    static std::vector<T> decode(const Field& field) {
        const auto elements = elements_of(field, is_array<T>);
        std::vector<T> values;
        values.reserve(elements.fields.size());
        for (const auto& element : elements.fields) {
            values.push_back(Decoder<T>::decode(element));
        }
        return values;
    }
};

template <typename... Ts>
struct Decoder<std::tuple<Ts...>> {
    static_assert((is_owned<Ts> && ...), "members are read as std::string");
    static std::tuple<Ts...> decode(const Field& field) {
        const auto members = members_of(field);
        if (members.fields.size() != sizeof...(Ts)) {
            fail_decoding(field, "a composite of another number of members");
        }
        return decode_all(members.fields, std::index_sequence_for<Ts...>());
    }

 private:
    template <std::size_t... Indices>
    static std::tuple<Ts...> decode_all(const std::vector<Field>& members,
                                        std::index_sequence<Indices...>) {
        return {Decoder<Ts>::decode(members[Indices])...};
    }
};

template <typename T>
struct Decoder<Range<T>> {
    static_assert(is_owned<T>, "bounds are read as std::string");
    static Range<T> decode(const Field& field) {
        const auto bounds = bounds_of(field);
        Range<T> range;
        range.is_empty = (bounds.flags & range_empty) != 0;
        range.includes_lower = (bounds.flags & range_includes_lower) != 0;
        range.includes_upper = (bounds.flags & range_includes_upper) != 0;
        if (!bounds.lower().is_null) {
            range.lower = Decoder<T>::decode(bounds.lower());
        }
        if (!bounds.upper().is_null) {
            range.upper = Decoder<T>::decode(bounds.upper());
        }
        return range;
    }
};

}  // namespace detail

/// As decode(), for every shape: std::optional<T>, std::vector<T>, Range<T>, std::tuple<T, …>, and
/// std::vector<std::vector<T>> for two dimensions; bounds of arrays that do not begin with 1 are
/// not kept. What came as text is read as what came in binary, whatever the IntervalStyle; the
/// DateStyle is ISO. One thing cannot be told in text: an array of boxes inside a composite, whose
/// elements stand between semicolons.
/// Errors: internal, also for NULL where T is not optional.
template <typename T>
T decode(const Field& field) {
    return detail::Decoder<T>::decode(field);
}

template <typename T>
void encode(std::string& out, const Range<T>& range) {
    using namespace detail;
    std::uint8_t flags = range.is_empty ? range_empty : 0;
    if (!range.is_empty) {
        flags = static_cast<std::uint8_t>(
            (range.lower ? 0 : range_lower_infinite) | (range.upper ? 0 : range_upper_infinite) |
            (range.lower && range.includes_lower ? range_includes_lower : 0) |
            (range.upper && range.includes_upper ? range_includes_upper : 0));
    }
    out.push_back(static_cast<char>(flags));
    for (const auto* bound : {&range.lower, &range.upper}) {
        if (*bound && !range.is_empty) {
            const auto begin = begin_value(out);
            encode(out, **bound);
            end_value(out, begin);
        }
    }
}

namespace detail {
template <typename T>
void encode_element(std::string& out, const T& value) {
    const auto begin = begin_value(out);
    encode(out, value);
    end_value(out, begin);
}
template <typename T>
void encode_element(std::string& out, const std::optional<T>& value) {
    value ? encode_element(out, *value) : null_value(out);
}
template <typename T>
struct Element {
    using Type = T;
};
template <typename T>
struct Element<std::optional<T>> {
    using Type = T;
};
}  // namespace detail

template <typename T>
void encode(std::string& out, const std::vector<T>& values) {
    using Element = typename detail::Element<T>::Type;
    detail::begin_array(out, type_id<Element>, values.size(), !std::is_same_v<Element, T>);
    for (const auto& value : values) {
        detail::encode_element(out, static_cast<const T&>(value));
    }
}

}  // namespace caisson::pg
