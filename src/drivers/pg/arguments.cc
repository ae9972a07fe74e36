// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/arguments.h"

#include <limits>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "drivers/pg/bytes.h"
#include "drivers/pg/interval_text.h"
#include "drivers/pg/text_format.h"

namespace caisson::pg {
namespace {

bool is_integer(TypeId type) {
    return type == type::int2 || type == type::int4 || type == type::int8;
}

/// Types whose binary form is the text itself.
bool is_text(TypeId type) {
    return type == type::text || type == type::varchar || type == type::bpchar ||
           type == type::name || type == type::json;
}

void encode_integer(std::string& out, std::int64_t value, TypeId wanted) {
    const auto put_as = [&]<typename T>(T) {
        if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) {
            throw Error(Code::usage,
                        fmt::format("{} does not fit into {} bytes", value, sizeof(T)));
        }
        put(out, static_cast<T>(value));
    };
    switch (wanted) {
        case type::int2:
            return put_as(std::int16_t{});
        case type::int4:
            return put_as(std::int32_t{});
        default:
            return put_as(std::int64_t{});
    }
}

/// As an element of an array, or a bound of a range.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + '"';
}

/// As bytea is written.
std::string hexadecimal(std::string_view bytes) {
    std::string out = "\\x";
    for (const char c : bytes) {
        out += fmt::format("{:02x}", static_cast<unsigned char>(c));
    }
    return out;
}

std::string time_text(std::chrono::microseconds since_midnight) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_midnight);
    return fmt::format("{:02}:{:02}:{:02}.{:06}", seconds.count() / 3600, seconds.count() / 60 % 60,
                       seconds.count() % 60, (since_midnight - seconds).count());
}

std::string text_of(const Field& field);

std::string text_of_array(const Field& array) {
    std::string out = "{";
    for (const auto& element : detail::elements_of(array).fields) {
        out += out.size() > 1 ? "," : "";
        out += element.is_null ? "NULL" : quoted(text_of(element));
    }
    return out + "}";
}

std::string text_of_range(const Field& range) {
    const auto bounds = detail::bounds_of(range);
    if ((bounds.flags & detail::range_empty) != 0) {
        return "empty";
    }
    std::string out = (bounds.flags & detail::range_includes_lower) != 0 ? "[" : "(";
    out += bounds.lower().is_null ? "" : quoted(text_of(bounds.lower()));
    out += ',';
    out += bounds.upper().is_null ? "" : quoted(text_of(bounds.upper()));
    return out + ((bounds.flags & detail::range_includes_upper) != 0 ? ']' : ')');
}

std::string text_of(const Field& field) {
    if (element_of(field.type) != type::unknown) {
        return text_of_array(field);
    }
    if (bound_of(field.type) != type::unknown) {
        return text_of_range(field);
    }
    switch (field.type) {
        case type::boolean:
            return decode<bool>(field) ? "t" : "f";
        case type::int2:
        case type::int4:
        case type::int8:
            return std::to_string(decode<std::int64_t>(field));
        case type::float4:
            return fmt::format("{}", decode<float>(field));
        case type::float8:
            return fmt::format("{}", decode<double>(field));
        case type::numeric:
            return decode<Numeric>(field).digits;
        case type::uuid:
            return decode<Uuid>(field).text();
        case type::inet:
            return decode<Inet>(field).text;
        case type::text:
        case type::jsonb:
            return decode<std::string>(field);
        case type::bytea:
            return hexadecimal(field.bytes);
        case type::time:
            return time_text(decode<Time>(field).since_midnight);
        case type::interval:
            return write_interval(decode<Interval>(field));
        case type::date:
            return write_date(decode<Date>(field));
        case type::timestamptz:
            return write_timestamp(decode<Timestamp>(field));
        default:
            throw Error(Code::usage, fmt::format("a value of type {} was given where the server "
                                                 "expects another",
                                                 field.type));
    }
}

}  // namespace

Field Arguments::field(std::size_t index) const {
    const auto& value = slot(index);
    return {value.type, true, value.size < 0,
            value.size < 0 ? std::string_view()
                           : std::string_view(data(value), static_cast<std::size_t>(value.size))};
}

void Arguments::fit(const std::vector<TypeId>& wanted) {
    if (wanted.size() != size_) {
        throw Error(Code::usage, fmt::format("the statement takes {}, and {} given",
                                             counted(wanted.size(), "value"),
                                             size_ == 1 ? "1 was" : fmt::format("{} were", size_)));
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (slot(i).type != wanted[i] && slot(i).size >= 0 && slot(i).type != type::unknown) {
            fit_one(i, wanted[i]);
        }
    }
}

void Arguments::fit_one(std::size_t index, TypeId wanted) {
    const auto given = slot(index).type;
    const bool is_same_layout = (is_text(given) && is_text(wanted)) ||
                                (given == type::timestamptz && wanted == type::timestamp);
    if (is_same_layout) {
        at(index).type = wanted;
        return;
    }
    std::string changed;
    TypeId sent_as = type::unknown;
    if (is_integer(given) && is_integer(wanted)) {
        encode_integer(changed, decode<std::int64_t>(field(index)), wanted);
        sent_as = wanted;
    } else {
        changed = text_of(field(index));
        // A text ends at its first zero byte, and would silently be another.
        if (changed.find('\0') != std::string::npos) {
            throw Error(Code::usage, fmt::format("value {} contains a zero byte", index + 1));
        }
    }
    const auto begin = bytes_.size();
    bytes_.append(changed);
    bytes_.push_back('\0');
    at(index) = {sent_as, static_cast<std::int32_t>(changed.size()),
                 static_cast<std::uint32_t>(begin)};
}

}  // namespace caisson::pg
