// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/json.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

namespace caisson::seeds {
namespace {

constexpr int deepest = 512;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Four hexadecimal digits; -1 when they are none.
int hexadecimal(std::string_view digits) {
    if (digits.size() < 4) {
        return -1;
    }
    int value = 0;
    for (const char c : digits.substr(0, 4)) {
        const int digit = is_digit(c)            ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

bool is_high_surrogate(int unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low_surrogate(int unit) { return unit >= 0xDC00 && unit < 0xE000; }

void append_utf8(std::string& text, std::uint32_t point) {
    const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
    if (point < 0x80) {
        add(point);
    } else if (point < 0x800) {
        add(0xC0 | point >> 6);
        add(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        add(0xE0 | point >> 12);
        add(0x80 | (point >> 6 & 0x3F));
        add(0x80 | (point & 0x3F));
    } else {
        add(0xF0 | point >> 18);
        add(0x80 | (point >> 12 & 0x3F));
        add(0x80 | (point >> 6 & 0x3F));
        add(0x80 | (point & 0x3F));
    }
}

}  // namespace

std::string_view name_of(JsonValue::Kind kind) {
    constexpr std::array<std::string_view, 6> names = {"null",   "true or false", "a number",
                                                       "a text", "an array",      "an object"};
    return names[static_cast<std::size_t>(kind)];
}

void JsonCursor::fail(std::string message) const {
    throw JsonMistake{base_ + at_, std::move(message)};
}

char JsonCursor::peek() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
        ++at_;
    }
    return at_ < text_.size() ? text_[at_] : '\0';
}

bool JsonCursor::accept(char wanted) {
    if (peek() != wanted || at_ == text_.size()) {
        return false;
    }
    ++at_;
    return true;
}

void JsonCursor::expect(char wanted, std::string_view what) {
    if (!accept(wanted)) {
        fail(at_ == text_.size() ? fmt::format("the file ends where {} was expected", what)
                                 : fmt::format("expected {}", what));
    }
}

JsonValue JsonCursor::value() {
    const char first = peek();
    JsonValue value;
    value.offset = base_ + at_;
    value.kind = first == '{'                   ? JsonValue::Kind::object
                 : first == '['                 ? JsonValue::Kind::array
                 : first == '"'                 ? JsonValue::Kind::string
                 : first == 't' || first == 'f' ? JsonValue::Kind::boolean
                 : first == 'n'                 ? JsonValue::Kind::null
                                                : JsonValue::Kind::number;
    const std::size_t start = at_;
    scan(0);
    value.raw = text_.substr(start, at_ - start);
    return value;
}

void JsonCursor::scan(int depth) {
    if (depth > deepest) {
        fail(fmt::format("nested more than {} deep", deepest));
    }
    const char first = peek();
    if (at_ == text_.size()) {
        fail("the file ends where a value was expected");
    }
    if (first == '{' || first == '[') {
        const bool is_object = first == '{';
        const char close = is_object ? '}' : ']';
        ++at_;
        if (accept(close)) {
            return;
        }
        do {
            if (is_object) {
                if (peek() != '"') {
                    expect('"', "a name in double quotes");
                }
                scan_string();
                expect(':', "a colon after the name");
            }
            scan(depth + 1);
        } while (accept(','));
        expect(close,
               is_object ? "a comma or } after the member" : "a comma or ] after the element");
    } else if (first == '"') {
        scan_string();
    } else if (first == '-' || is_digit(first)) {
        scan_number();
    } else if (first == 't') {
        scan_word("true");
    } else if (first == 'f') {
        scan_word("false");
    } else {
        scan_word("null");
    }
}

void JsonCursor::scan_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) {
        fail(
            "expected a value: an object, an array, a text in double quotes, a number, true, "
            "false or null");
    }
    at_ += word.size();
}

void JsonCursor::scan_number() {
    const auto digits = [&] {
        if (at_ == text_.size() || !is_digit(text_[at_])) {
            fail("expected a digit");
        }
        while (at_ < text_.size() && is_digit(text_[at_])) {
            ++at_;
        }
    };
    if (text_[at_] == '-') {
        ++at_;
    }
    if (at_ + 1 < text_.size() && text_[at_] == '0' && is_digit(text_[at_ + 1])) {
        fail("a number does not begin with 0");
    }
    digits();
    if (at_ < text_.size() && text_[at_] == '.') {
        ++at_;
        digits();
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
        ++at_;
        if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) {
            ++at_;
        }
        digits();
    }
}

void JsonCursor::scan_string() {
    const std::size_t opening = at_++;
    while (true) {
        if (at_ == text_.size()) {
            at_ = opening;
            fail("this text is never closed");
        }
        const char c = text_[at_];
        if (c == '"') {
            ++at_;
            return;
        }
        if (static_cast<unsigned char>(c) < 0x20) {
            fail(c == '\n' || c == '\r' ? "the line ends inside a text; write \\n"
                                        : "a control character inside a text; write \\u00XX");
        }
        if (c != '\\') {
            ++at_;
            continue;
        }
        const char escape = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
        if (escape != 'u') {
            if (std::string_view("\"\\/bfnrt").find(escape) == std::string_view::npos ||
                escape == '\0') {
                fail("unknown escape; a backslash is written twice");
            }
            at_ += 2;
            continue;
        }
        const int unit = hexadecimal(text_.substr(std::min(at_ + 2, text_.size())));
        if (unit < 0) {
            fail("\\u needs four hexadecimal digits");
        }
        if (unit == 0) {
            fail("U+0000 cannot be stored in PostgreSQL");
        }
        if (is_low_surrogate(unit)) {
            fail("a surrogate without its first half");
        }
        at_ += 6;
        if (is_high_surrogate(unit)) {
            const bool more = text_.substr(at_, 2) == "\\u";
            if (!more || !is_low_surrogate(hexadecimal(text_.substr(at_ + 2)))) {
                at_ -= 6;
                fail("a surrogate without its second half");
            }
            at_ += 6;
        }
    }
}

std::string decode(const JsonValue& string) {
    const auto raw = string.raw.substr(1, string.raw.size() - 2);
    std::string text;
    text.reserve(raw.size());
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] != '\\') {
            text += raw[i];
            continue;
        }
        switch (raw[++i]) {
            case 'b':
                text += '\b';
                break;
            case 'f':
                text += '\f';
                break;
            case 'n':
                text += '\n';
                break;
            case 'r':
                text += '\r';
                break;
            case 't':
                text += '\t';
                break;
            case 'u': {
                auto point = static_cast<std::uint32_t>(hexadecimal(raw.substr(i + 1)));
                i += 4;
                if (is_high_surrogate(static_cast<int>(point))) {
                    const auto low = static_cast<std::uint32_t>(hexadecimal(raw.substr(i + 3)));
                    point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
                    i += 6;
                }
                append_utf8(text, point);
                break;
            }
            default:
                text += raw[i];
        }
    }
    return text;
}

void each_member(const JsonValue& object,
                 const std::function<void(const JsonValue&, const JsonValue&)>& take) {
    JsonCursor cursor(object.raw, object.offset);
    cursor.accept('{');
    if (cursor.accept('}')) {
        return;
    }
    do {
        const auto name = cursor.value();
        cursor.accept(':');
        take(name, cursor.value());
    } while (cursor.accept(','));
}

void each_element(const JsonValue& array, const std::function<void(const JsonValue&)>& take) {
    JsonCursor cursor(array.raw, array.offset);
    cursor.accept('[');
    if (cursor.accept(']')) {
        return;
    }
    do {
        take(cursor.value());
    } while (cursor.accept(','));
}

}  // namespace caisson::seeds
