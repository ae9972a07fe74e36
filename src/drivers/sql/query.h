// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "drivers/sql/position.h"
#include "drivers/sql/scanner.h"
#include "drivers/sql/statement.h"

namespace caisson::sql {

/// A statement that is being read: its text as a server will get it, and where each part of that
/// text stands in the source. psql calls it the query buffer.
class Query {
 public:
    bool empty() const { return text_.empty(); }
    const std::string& text() const { return text_; }
    /// Where its first token stands.
    const SourcePosition& start() const { return start_; }
    /// The byte of the source behind its last token.
    std::size_t end_offset() const { return end_offset_; }
    /// False when the source ends inside a quote or comment of it.
    bool terminated() const { return terminated_; }
    /// The place in the source of a byte of the text. What a variable put in stands where the
    /// variable is named.
    SourcePosition position_of(std::size_t byte) const;
    StatementKind kind() const;
    /// Whether a semicolon here would end it: outside parentheses and BEGIN ATOMIC … END.
    bool separates() const { return parentheses_ == 0 && bodies_ == 0; }

    /// What stands between tokens.
    void add_gap(std::string_view gap) { text_ += gap; }
    /// From here on the text comes from this place, and all from the same one if `fixed`.
    void stands_at(const SourcePosition& position, bool fixed);
    void add(const Token& token, std::string_view text);
    /// Text that is not looked into: the value of :'name', the semicolon of `\;`.
    void add_opaque(std::string_view text) { text_ += text; }
    /// Behind a `\;`: what follows is a statement of its own that is sent along.
    void begin_next() { routine_ = 0; }
    void ends_at(std::size_t offset) { end_offset_ = offset; }

 private:
    struct Part {
        std::size_t begin = 0;
        SourcePosition position;
        bool fixed = false;
    };
    struct Word {
        std::size_t begin = 0;
        std::size_t length = 0;
        bool in_parentheses = false;
        bool quoted = false;
    };
    void follow_body(std::string_view word);
    void follow_routine(std::string_view word);

    std::string text_;
    std::vector<Part> parts_;
    std::vector<Word> words_;
    SourcePosition start_;
    std::size_t end_offset_ = 0;
    int parentheses_ = 0;
    int bodies_ = 0;
    int routine_ = 0;  ///< How much of CREATE [OR REPLACE] FUNCTION was seen.
    bool in_schema_ = false;
    bool terminated_ = true;
    enum class Before { other, dot, as, begin };
    Before before_ = Before::other;  ///< What the last token was.
};

}  // namespace caisson::sql
