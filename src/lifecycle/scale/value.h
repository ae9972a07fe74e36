// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/scale/decimal.h"

namespace caisson::scale {

/// What a column of a row holds, before anybody asks which type the database gives it. Kept and
/// made again for row after row: its texts keep their room.
struct Value {
    enum class Kind : std::uint8_t {
        null,
        boolean,
        integer,
        decimal,
        date,    ///< Days from 2000-01-01.
        moment,  ///< Microseconds from 2000-01-01, UTC.
        text,
        uuid,   ///< 16 bytes in `text`.
        bytes,  ///< In `text`.
        json,   ///< Its text.
        list,   ///< Texts.
    };
    Kind kind = Kind::null;
    int scale = 0;            ///< Of a decimal.
    std::int64_t number = 0;  ///< Of boolean, integer, date, moment.
    Int128 digits = 0;        ///< Of a decimal.
    std::string text;
    std::vector<std::string> items;

    bool is_null() const { return kind == Kind::null; }
    void set_null() { kind = Kind::null; }
    void set_boolean(bool value) {
        kind = Kind::boolean;
        number = value ? 1 : 0;
    }
    void set_integer(std::int64_t value) {
        kind = Kind::integer;
        number = value;
    }
    void set_decimal(const Decimal& value) {
        kind = Kind::decimal;
        digits = value.digits;
        scale = value.scale;
    }
    void set_date(std::int64_t day) {
        kind = Kind::date;
        number = day;
    }
    void set_moment(std::int64_t moment) {
        kind = Kind::moment;
        number = moment;
    }
    void set_text(std::string_view value) {
        kind = Kind::text;
        text = value;
    }
    /// To be filled by whoever calls it.
    std::string& room(Kind wanted) {
        kind = wanted;
        text.clear();
        return text;
    }
};

std::string_view name_of(Value::Kind kind);
/// As people read it: 12.50, 2026-01-05T08:00:00Z, f2a96db2-…, lower-case hexadecimal of bytes;
/// nothing of NULL.
void append_text(std::string& out, const Value& value);
/// As JSON; NULL is null.
void append_json(std::string& out, const Value& value);
/// In quotes, escaped as RFC 8259 wants it.
void append_json_string(std::string& out, std::string_view text);

/// As a number, where it is one or its text is.
std::optional<Decimal> decimal_of(const Value& value);
/// As a moment: dates at midnight, texts as they are read.
std::optional<std::int64_t> moment_of(const Value& value);

/// `wanted` is one of scale.toml's constants: a text equals whatever is written so.
bool equal(const Value& value, const Value& wanted);

}  // namespace caisson::scale
