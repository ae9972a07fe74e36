// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace caisson::seeds {

/// What is wrong with a JSON text, and where: a byte offset into it.
struct JsonMistake {
    std::size_t offset = 0;
    std::string message;
};

/// A value as it stands in the text: numbers keep every digit, and nothing is copied.
struct JsonValue {
    enum class Kind { null, boolean, number, string, array, object };
    Kind kind = Kind::null;
    std::string_view raw;
    std::size_t offset = 0;
};
std::string_view name_of(JsonValue::Kind kind);

/// Walks over JSON text. Throws JsonMistake where the text is not what RFC 8259 allows, is nested
/// more than 512 deep, or holds a lone surrogate or U+0000 (which PostgreSQL cannot store).
/// Source: RFC 8259.
class JsonCursor {
 public:
    /// `offset` is added to every offset that is given out.
    explicit JsonCursor(std::string_view text, std::size_t offset = 0)
        : text_(text), base_(offset) {}

    /// The next character that is not white space; '\0' at the end.
    char peek();
    std::size_t offset() const { return base_ + at_; }
    void expect(char wanted, std::string_view what);
    bool accept(char wanted);
    /// Checks and passes over one value.
    JsonValue value();

 private:
    void scan(int depth);
    void scan_string();
    void scan_number();
    void scan_word(std::string_view word);
    [[noreturn]] void fail(std::string message) const;

    std::string_view text_;
    std::size_t base_ = 0;
    std::size_t at_ = 0;
};

/// The text that a string value stands for, escapes replaced.
std::string decode(const JsonValue& string);
/// The members of an object or the elements of an array that a cursor has checked.
void each_member(const JsonValue& object,
                 const std::function<void(const JsonValue& name, const JsonValue& value)>& take);
void each_element(const JsonValue& array, const std::function<void(const JsonValue&)>& take);

}  // namespace caisson::seeds
