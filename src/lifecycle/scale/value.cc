// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/value.h"

#include <iterator>

#include <fmt/format.h>

#include "lifecycle/scale/moment.h"

namespace caisson::scale {
namespace {

constexpr std::string_view hexadecimal = "0123456789abcdef";

void append_hex(std::string& out, std::string_view bytes) {
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += hexadecimal[byte >> 4U];
        out += hexadecimal[byte & 15U];
    }
}

void append_uuid(std::string& out, std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            out += '-';
        }
        append_hex(out, bytes.substr(i, 1));
    }
}

}  // namespace

std::string_view name_of(Value::Kind kind) {
    switch (kind) {
        case Value::Kind::null:
            return "NULL";
        case Value::Kind::boolean:
            return "a boolean";
        case Value::Kind::integer:
            return "an integer";
        case Value::Kind::decimal:
            return "a decimal number";
        case Value::Kind::date:
            return "a date";
        case Value::Kind::moment:
            return "a time";
        case Value::Kind::text:
            return "a text";
        case Value::Kind::uuid:
            return "a UUID";
        case Value::Kind::bytes:
            return "bytes";
        case Value::Kind::json:
            return "JSON";
        case Value::Kind::list:
            break;
    }
    return "a list";
}

void append_text(std::string& out, const Value& value) {
    switch (value.kind) {
        case Value::Kind::null:
            return;
        case Value::Kind::boolean:
            out += value.number != 0 ? "true" : "false";
            return;
        case Value::Kind::integer:
            fmt::format_to(std::back_inserter(out), "{}", value.number);
            return;
        case Value::Kind::decimal:
            append_text(out, Decimal{value.digits, value.scale});
            return;
        case Value::Kind::date:
            append_date(out, value.number);
            return;
        case Value::Kind::moment:
            append_moment(out, value.number);
            return;
        case Value::Kind::uuid:
            append_uuid(out, value.text);
            return;
        case Value::Kind::bytes:
            append_hex(out, value.text);
            return;
        case Value::Kind::text:
        case Value::Kind::json:
            out += value.text;
            return;
        case Value::Kind::list:
            append_json(out, value);
            return;
    }
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_json(std::string& out, const Value& value) {
    switch (value.kind) {
        case Value::Kind::null:
            out += "null";
            return;
        case Value::Kind::boolean:
        case Value::Kind::integer:
        case Value::Kind::decimal:
        case Value::Kind::json:
            append_text(out, value);
            return;
        case Value::Kind::list:
            out += '[';
            for (const auto& item : value.items) {
                out += out.back() == '[' ? "" : ", ";
                append_json_string(out, item);
            }
            out += ']';
            return;
        case Value::Kind::text:
            append_json_string(out, value.text);
            return;
        default: {
            out += '"';
            append_text(out, value);
            out += '"';
        }
    }
}

std::optional<Decimal> decimal_of(const Value& value) {
    switch (value.kind) {
        case Value::Kind::boolean:
        case Value::Kind::integer:
            return Decimal{value.number, 0};
        case Value::Kind::decimal:
            return Decimal{value.digits, value.scale};
        case Value::Kind::text:
            return parse_decimal(value.text);
        default:
            return std::nullopt;
    }
}

std::optional<std::int64_t> moment_of(const Value& value) {
    switch (value.kind) {
        case Value::Kind::moment:
            return value.number;
        case Value::Kind::date:
            return value.number * microseconds_of_day;
        case Value::Kind::text:
            return parse_moment(value.text);
        default:
            return std::nullopt;
    }
}

bool equal(const Value& value, const Value& wanted) {
    if (value.is_null() || wanted.is_null()) {
        return value.is_null() && wanted.is_null();
    }
    if (value.kind == Value::Kind::text || wanted.kind == Value::Kind::text) {
        if (value.kind == wanted.kind) {
            return value.text == wanted.text;
        }
        std::string left;
        std::string right;
        append_text(left, value);
        append_text(right, wanted);
        return left == right;
    }
    if (value.kind == wanted.kind && value.kind != Value::Kind::decimal) {
        return value.number == wanted.number;
    }
    const auto left = decimal_of(value);
    const auto right = decimal_of(wanted);
    return left && right && compare(*left, *right) == 0;
}

}  // namespace caisson::scale
