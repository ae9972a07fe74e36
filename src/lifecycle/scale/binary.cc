// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/binary.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include "base/error.h"
#include "lifecycle/scale/moment.h"

namespace caisson::scale {
namespace {

using std::operator""sv;

/// Source: pgvector, vector.h.
constexpr std::int16_t most_dimensions = 16'000;

template <typename Number>
void append_number(std::string& out, Number number) {
    auto bits = static_cast<std::make_unsigned_t<Number>>(number);
    std::array<char, sizeof(Number)> bytes{};
    for (auto at = bytes.rbegin(); at != bytes.rend(); ++at) {
        *at = static_cast<char>(bits & 0xFFU);
        if constexpr (sizeof(Number) > 1) {
            bits = static_cast<decltype(bits)>(bits >> 8U);
        }
    }
    out.append(bytes.data(), bytes.size());
}

void append_length(std::string& out, std::size_t length) {
    append_number(out, static_cast<std::int32_t>(length));
}

void append_bytes(std::string& out, std::string_view bytes) {
    append_length(out, bytes.size());
    out += bytes;
}

/// Puts the length in front of what was appended since.
class Sized {
 public:
    explicit Sized(std::string& out) : out_(out), begin_(out.size()) { append_length(out, 0); }
    void end() {
        const auto length = out_.size() - begin_ - 4;
        std::string bytes;
        append_length(bytes, length);
        std::memcpy(out_.data() + begin_, bytes.data(), 4);
    }

 private:
    std::string& out_;
    std::size_t begin_;
};

[[noreturn]] void refuse(const Value& value, const ColumnType& type) {
    std::string text;
    append_text(text, value);
    if (text.size() > 60) {
        text = text.substr(0, 60) + "…";
    }
    throw Error(Code::seed_failed,
                fmt::format("{} \"{}\" does not go into a column of the type {}",
                            name_of(value.kind), text, type.name),
                "mend the column in scale.toml");
}

template <typename Number>
void append_integer(std::string& out, const Value& value, const ColumnType& type) {
    auto number = decimal_of(value);
    if (!number) {
        refuse(value, type);
    }
    number = rescaled(*number, 0);
    if (number->digits < std::numeric_limits<Number>::min() ||
        number->digits > std::numeric_limits<Number>::max()) {
        refuse(value, type);
    }
    append_length(out, sizeof(Number));
    append_number(out, static_cast<Number>(number->digits));
}

double real_of(const Value& value, const ColumnType& type) {
    const auto number = decimal_of(value);
    if (!number) {
        refuse(value, type);
    }
    double power = 1;
    for (int i = 0; i < number->scale; ++i) {
        power *= 10;
    }
    return static_cast<double>(number->digits) / power;
}

/// Groups of four digits, the point between two of them.
void append_numeric(std::string& out, const Value& value, const ColumnType& type) {
    const auto number = decimal_of(value);
    if (!number) {
        refuse(value, type);
    }
    UInt128 rest = number->digits < 0 ? UInt128{0} - static_cast<UInt128>(number->digits)
                                      : static_cast<UInt128>(number->digits);
    const int padding = (4 - number->scale % 4) % 4;
    for (int i = 0; i < padding; ++i) {
        if (rest > ~UInt128{0} / 10) {
            refuse(value, type);
        }
        rest *= 10;
    }
    std::array<std::int16_t, 16> groups{};
    std::size_t count = 0;
    while (rest > 0) {
        groups[count++] = static_cast<std::int16_t>(rest % 10000);
        rest /= 10000;
    }
    const int behind = (number->scale + padding) / 4;
    std::size_t zeros = 0;
    while (zeros < count && groups[zeros] == 0) {
        ++zeros;
    }
    append_length(out, 8 + 2 * (count - zeros));
    append_number(out, static_cast<std::int16_t>(count - zeros));
    append_number(out, static_cast<std::int16_t>(static_cast<int>(count) - behind - 1));
    append_number(out, static_cast<std::int16_t>(number->digits < 0 ? 0x4000 : 0));
    append_number(out, static_cast<std::int16_t>(number->scale));
    for (auto i = count; i > zeros; --i) {
        append_number(out, groups[i - 1]);
    }
}

int digit_of(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// Bytes of hexadecimal digits; dashes are passed over.
bool read_hex(std::string_view text, std::string& bytes) {
    int high = -1;
    for (const char c : text) {
        if (c == '-') {
            continue;
        }
        const int digit = digit_of(c);
        if (digit < 0) {
            return false;
        }
        if (high < 0) {
            high = digit;
        } else {
            bytes += static_cast<char>(high * 16 + digit);
            high = -1;
        }
    }
    return high < 0;
}

void append_uuid(std::string& out, const Value& value, const ColumnType& type) {
    std::string bytes;
    if (value.kind == Value::Kind::text) {
        read_hex(value.text, bytes);
    } else if (value.kind == Value::Kind::uuid || value.kind == Value::Kind::bytes) {
        bytes = value.text;
    }
    if (bytes.size() != 16) {
        refuse(value, type);
    }
    append_bytes(out, bytes);
}

void append_bytea(std::string& out, const Value& value, const ColumnType& type) {
    if (value.kind == Value::Kind::bytes || value.kind == Value::Kind::uuid) {
        append_bytes(out, value.text);
        return;
    }
    if (value.kind != Value::Kind::text) {
        refuse(value, type);
    }
    // As PostgreSQL writes it; any other text is its bytes.
    std::string bytes;
    if (value.text.starts_with("\\x")) {
        if (!read_hex(std::string_view(value.text).substr(2), bytes)) {
            refuse(value, type);
        }
        append_bytes(out, bytes);
    } else {
        append_bytes(out, value.text);
    }
}

void append_moment_field(std::string& out, const Value& value, const ColumnType& type) {
    const auto moment = moment_of(value);
    if (!moment) {
        refuse(value, type);
    }
    if (type.type == Type::date) {
        append_length(out, 4);
        append_number(out, static_cast<std::int32_t>(day_of(*moment)));
    } else {
        append_length(out, 8);
        append_number(out, *moment);
    }
}

void append_address(std::string& out, const Value& value, const ColumnType& type) {
    const auto slash = value.text.find('/');
    const auto host = value.text.substr(0, slash);
    std::array<char, 16> address{};
    const bool is_6 = host.find(':') != std::string::npos;
    const std::size_t size = is_6 ? 16 : 4;
    auto bits = static_cast<int>(size * 8);
    if (slash != std::string::npos) {
        const auto given = parse_decimal(value.text.substr(slash + 1));
        if (!given || given->scale != 0 || given->digits < 0 || given->digits > bits) {
            refuse(value, type);
        }
        bits = static_cast<int>(given->digits);
    }
    if (value.kind != Value::Kind::text ||
        ::inet_pton(is_6 ? AF_INET6 : AF_INET, host.c_str(), address.data()) != 1) {
        refuse(value, type);
    }
    append_length(out, 4 + size);
    out += static_cast<char>(is_6 ? 3 : 2);  // PGSQL_AF_INET6, PGSQL_AF_INET
    out += static_cast<char>(bits);
    out += static_cast<char>(type.type == Type::cidr ? 1 : 0);
    out += static_cast<char>(size);
    out.append(address.data(), size);
}

void append_array(std::string& out, const Value& value, const ColumnType& type) {
    if (value.kind != Value::Kind::list) {
        refuse(value, type);
    }
    Sized sized(out);
    const bool empty = value.items.empty();
    append_number(out, std::int32_t{empty ? 0 : 1});
    append_number(out, std::int32_t{0});
    append_number(out, static_cast<std::int32_t>(type.element));
    if (!empty) {
        append_number(out, static_cast<std::int32_t>(value.items.size()));
        append_number(out, std::int32_t{1});
    }
    for (const auto& item : value.items) {
        append_bytes(out, item);
    }
    sized.end();
}

/// How many there are, nothing, and the numbers.
void append_vector(std::string& out, const Value& value, const ColumnType& type) {
    const std::string_view text = value.kind == Value::Kind::text ? value.text : std::string_view();
    if (text.size() < 3 || text.front() != '[' || text.back() != ']') {
        refuse(value, type);
    }
    Sized sized(out);
    const auto begin = out.size();
    std::int16_t count = 0;
    append_number(out, count);
    append_number(out, std::int16_t{0});
    const char* at = text.data() + 1;
    const char* const end = text.data() + text.size() - 1;
    while (true) {
        while (at != end && *at == ' ') {
            ++at;
        }
        float number = 0;
        const auto [next, failure] = std::from_chars(at, end, number);
        if (failure != std::errc() || count == most_dimensions) {
            refuse(value, type);
        }
        ++count;
        append_number(out, std::bit_cast<std::int32_t>(number));
        if (next == end) {
            break;
        }
        if (*next != ',') {
            refuse(value, type);
        }
        at = next + 1;
    }
    std::string bytes;
    append_number(bytes, count);
    std::memcpy(out.data() + begin, bytes.data(), bytes.size());
    sized.end();
}

void append_text_field(std::string& out, const Value& value) {
    Sized sized(out);
    append_text(out, value);
    sized.end();
}

}  // namespace

const std::string_view copy_header = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"sv;
const std::string_view copy_trailer = "\377\377"sv;

void begin_row(std::string& out, std::size_t columns) {
    append_number(out, static_cast<std::int16_t>(columns));
}

void append_field(std::string& out, const Value& value, const ColumnType& type) {
    if (value.is_null()) {
        append_number(out, std::int32_t{-1});
        return;
    }
    switch (type.type) {
        case Type::boolean: {
            const bool is_text = value.kind == Value::Kind::text;
            if (value.kind != Value::Kind::boolean &&
                !(is_text && (value.text == "true" || value.text == "false"))) {
                refuse(value, type);
            }
            append_length(out, 1);
            out += static_cast<char>(is_text ? value.text == "true" : value.number != 0);
            return;
        }
        case Type::int2:
            return append_integer<std::int16_t>(out, value, type);
        case Type::int4:
            return append_integer<std::int32_t>(out, value, type);
        case Type::int8:
            return append_integer<std::int64_t>(out, value, type);
        case Type::float4:
            append_length(out, 4);
            return append_number(
                out, std::bit_cast<std::int32_t>(static_cast<float>(real_of(value, type))));
        case Type::float8:
            append_length(out, 8);
            return append_number(out, std::bit_cast<std::int64_t>(real_of(value, type)));
        case Type::numeric:
            return append_numeric(out, value, type);
        case Type::text:
            return append_text_field(out, value);
        case Type::jsonb: {
            Sized sized(out);
            out += '\1';
            if (value.kind == Value::Kind::text) {
                out += value.text;
            } else {
                append_json(out, value);
            }
            sized.end();
            return;
        }
        case Type::uuid:
            return append_uuid(out, value, type);
        case Type::bytea:
            return append_bytea(out, value, type);
        case Type::date:
        case Type::timestamp:
        case Type::timestamptz:
            return append_moment_field(out, value, type);
        case Type::inet:
        case Type::cidr:
            return append_address(out, value, type);
        case Type::vector:
            return append_vector(out, value, type);
        case Type::array:
            return append_array(out, value, type);
    }
}

}  // namespace caisson::scale
