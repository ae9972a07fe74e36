// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/codec.h"

#include <bit>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "drivers/pg/bytes.h"
#include "drivers/pg/interval_text.h"
#include "drivers/pg/network.h"
#include "drivers/pg/numeric.h"
#include "drivers/pg/text_format.h"

namespace caisson::pg {
namespace {

using detail::fail_decoding;
using std::chrono::microseconds;

/// PostgreSQL counts from 2000-01-01.
constexpr std::chrono::days epoch_days{10957};
constexpr std::int64_t epoch_microseconds = std::int64_t{946'684'800} * 1'000'000;

template <typename T>
T whole(const Field& field, std::string_view wanted) {
    Cursor in{field.bytes};
    const auto value = in.take<T>();
    if (!in.fine || !in.left.empty()) {
        fail_decoding(field, wanted);
    }
    return value;
}

std::int64_t integer(const Field& field) {
    constexpr std::string_view wanted = "an integer";
    if (!field.binary) {
        std::int64_t value = 0;
        if (!parse_number(field.bytes, value)) {
            fail_decoding(field, wanted);
        }
        return value;
    }
    switch (field.type) {
        case type::int2:
            return whole<std::int16_t>(field, wanted);
        case type::int4:
            return whole<std::int32_t>(field, wanted);
        case type::int8:
            return whole<std::int64_t>(field, wanted);
        case type::oid:
            return whole<std::uint32_t>(field, wanted);
        default:
            fail_decoding(field, wanted);
    }
}

template <typename T>
void narrow(const Field& field, T& value) {
    const auto wide = integer(field);
    if (wide < std::numeric_limits<T>::min() || wide > std::numeric_limits<T>::max()) {
        fail_decoding(field, "a smaller integer");
    }
    value = static_cast<T>(wide);
}

}  // namespace

namespace detail {

void fail_decoding(const Field& field, std::string_view wanted) {
    throw Error(Code::internal,
                field.is_null
                    ? fmt::format("NULL was read as {}: std::optional takes it", wanted)
                    : fmt::format("a value of type {} ({}, {} bytes) was read as {}", field.type,
                                  field.binary ? "binary" : "text", field.bytes.size(), wanted));
}

std::size_t begin_value(std::string& out) {
    put(out, std::int32_t{0});
    return out.size();
}

void end_value(std::string& out, std::size_t begin) {
    const auto size = big_endian(static_cast<std::int32_t>(out.size() - begin));
    std::memcpy(out.data() + begin - sizeof size, &size, sizeof size);
}

void null_value(std::string& out) { put(out, std::int32_t{-1}); }

void begin_array(std::string& out, TypeId element, std::size_t size, bool has_null) {
    put(out, std::int32_t{size == 0 ? 0 : 1});
    put(out, std::int32_t{has_null ? 1 : 0});
    put(out, element);
    if (size > 0) {
        put(out, static_cast<std::int32_t>(size));
        put(out, std::int32_t{1});
    }
}

}  // namespace detail

void encode(std::string& out, bool value) { out.push_back(value ? '\1' : '\0'); }
void encode(std::string& out, std::int16_t value) { put(out, value); }
void encode(std::string& out, std::int32_t value) { put(out, value); }
void encode(std::string& out, std::int64_t value) { put(out, value); }
void encode(std::string& out, float value) { put(out, std::bit_cast<std::uint32_t>(value)); }
void encode(std::string& out, double value) { put(out, std::bit_cast<std::uint64_t>(value)); }
void encode(std::string& out, std::string_view value) { out.append(value); }
void encode(std::string& out, const Bytes& value) { out.append(value.data); }
void encode(std::string& out, const Numeric& value) { encode_numeric(out, value.digits); }
void encode(std::string& out, const Inet& value) { encode_inet(out, value.text); }

void encode(std::string& out, const Uuid& value) {
    out.append(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
}

void encode(std::string& out, Timestamp value) {
    const auto since_1970 = value.time_since_epoch().count();
    if (value == Timestamp::max() || value == Timestamp::min()) {
        return put(out, since_1970);
    }
    if (since_1970 < std::numeric_limits<std::int64_t>::min() + epoch_microseconds) {
        throw Error(Code::usage, "the time is before what a timestamptz can hold");
    }
    put(out, since_1970 - epoch_microseconds);
}

void encode(std::string& out, Date value) {
    const auto since_1970 = value.time_since_epoch().count();
    if (value == Date::max() || value == Date::min()) {
        return put(out, value == Date::max() ? std::numeric_limits<std::int32_t>::max()
                                             : std::numeric_limits<std::int32_t>::min());
    }
    put(out, static_cast<std::int32_t>(since_1970 - epoch_days.count()));
}

void encode(std::string& out, Time value) { put(out, value.since_midnight.count()); }

void encode(std::string& out, const Interval& value) {
    put(out, value.time.count());
    put(out, value.days);
    put(out, value.months);
}

void encode(std::string& out, const Json& value) {
    out.push_back('\1');
    out.append(value.text);
}

void decode(const Field& field, bool& value) {
    if (field.binary) {
        if (field.type != type::boolean) {
            fail_decoding(field, "a boolean");
        }
        value = whole<std::uint8_t>(field, "a boolean") != 0;
    } else if (field.bytes == "t" || field.bytes == "f") {
        value = field.bytes == "t";
    } else {
        fail_decoding(field, "a boolean");
    }
}

void decode(const Field& field, std::int16_t& value) { narrow(field, value); }
void decode(const Field& field, std::int32_t& value) { narrow(field, value); }
void decode(const Field& field, std::int64_t& value) { value = integer(field); }

void decode(const Field& field, float& value) {
    if (!field.binary) {
        // Not by way of a double, which would round twice.
        if (!parse_number(field.bytes, value)) {
            fail_decoding(field, "a number");
        }
        return;
    }
    double wide = 0;
    decode(field, wide);
    value = static_cast<float>(wide);
}

void decode(const Field& field, double& value) {
    if (!field.binary || field.type == type::numeric) {
        const std::string text =
            field.binary ? numeric_text(field.bytes) : std::string(field.bytes);
        if (!parse_number(text, value)) {
            fail_decoding(field, "a number");
        }
    } else if (field.type == type::float8) {
        value = std::bit_cast<double>(whole<std::uint64_t>(field, "a number"));
    } else if (field.type == type::float4) {
        value = std::bit_cast<float>(whole<std::uint32_t>(field, "a number"));
    } else {
        value = static_cast<double>(integer(field));
    }
}

void decode(const Field& field, std::string& value) {
    std::string_view text;
    decode(field, text);
    value = text;
}

void decode(const Field& field, std::string_view& value) {
    value = field.bytes;
    if (!field.binary) {
        return;
    }
    switch (field.type) {
        case type::text:
        case type::varchar:
        case type::bpchar:
        case type::name:
        case type::character:
        case type::json:
            return;
        case type::jsonb:
            value.remove_prefix(value.empty() ? 0 : 1);
            return;
        default:
            // Labels of an enum inside an array or composite come so. What is built in is asked for
            // by its own type instead.
            if (is_binary(field.type)) {
                fail_decoding(field, "text");
            }
    }
}

void decode(const Field& field, Bytes& value) {
    if (field.binary && field.type == type::bytea) {
        value.data = field.bytes;
    } else if (field.binary || !parse_bytea(field.bytes, value.data)) {
        fail_decoding(field, "a bytea");
    }
}

void decode(const Field& field, Uuid& value) {
    if (!field.binary) {
        value = Uuid::from(field.bytes);
    } else if (field.type == type::uuid && field.bytes.size() == value.bytes.size()) {
        std::memcpy(value.bytes.data(), field.bytes.data(), value.bytes.size());
    } else {
        fail_decoding(field, "a uuid");
    }
}

void decode(const Field& field, Timestamp& value) {
    if (!field.binary) {
        if (!parse_timestamp(field.bytes, value)) {
            fail_decoding(field, "a timestamp");
        }
        return;
    }
    if (field.type != type::timestamptz && field.type != type::timestamp) {
        fail_decoding(field, "a timestamp");
    }
    const auto since_2000 = whole<std::int64_t>(field, "a timestamp");
    if (since_2000 == std::numeric_limits<std::int64_t>::max() ||
        since_2000 == std::numeric_limits<std::int64_t>::min()) {
        value = Timestamp(microseconds(since_2000));
    } else if (since_2000 > std::numeric_limits<std::int64_t>::max() - epoch_microseconds) {
        fail_decoding(field, "a time before the year 294247");
    } else {
        value = Timestamp(microseconds(since_2000 + epoch_microseconds));
    }
}

void decode(const Field& field, Date& value) {
    if (!field.binary) {
        if (!parse_date(field.bytes, value)) {
            fail_decoding(field, "a date");
        }
        return;
    }
    if (field.type != type::date) {
        fail_decoding(field, "a date");
    }
    const auto since_2000 = whole<std::int32_t>(field, "a date");
    if (since_2000 == std::numeric_limits<std::int32_t>::max()) {
        value = Date::max();
    } else if (since_2000 == std::numeric_limits<std::int32_t>::min()) {
        value = Date::min();
    } else {
        value = Date(std::chrono::days(since_2000) + epoch_days);
    }
}

void decode(const Field& field, Time& value) {
    if (!field.binary) {
        if (!parse_time(field.bytes, value.since_midnight)) {
            fail_decoding(field, "a time");
        }
    } else if (field.type == type::time) {
        value.since_midnight = microseconds(whole<std::int64_t>(field, "a time"));
    } else {
        fail_decoding(field, "a time");
    }
}

void decode(const Field& field, Interval& value) {
    if (!field.binary) {
        if (!parse_interval(field.bytes, value)) {
            fail_decoding(field, "an interval");
        }
        return;
    }
    if (field.type != type::interval || field.bytes.size() != 16) {
        fail_decoding(field, "an interval");
    }
    Cursor in{field.bytes};
    value.time = microseconds(in.take<std::int64_t>());
    value.days = in.take<std::int32_t>();
    value.months = in.take<std::int32_t>();
}

void decode(const Field& field, Numeric& value) {
    if (!field.binary) {
        value.digits = field.bytes;
    } else if (field.type == type::numeric) {
        value.digits = numeric_text(field.bytes);
    } else {
        value.digits = std::to_string(integer(field));
    }
    if (value.digits.empty()) {
        fail_decoding(field, "a numeric");
    }
}

void decode(const Field& field, Json& value) { decode(field, value.text); }

void decode(const Field& field, Inet& value) {
    value.text =
        field.binary ? inet_text(field.bytes, field.type == type::cidr) : std::string(field.bytes);
    if (value.text.empty()) {
        fail_decoding(field, "an inet");
    }
}

}  // namespace caisson::pg
