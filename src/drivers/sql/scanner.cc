// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/scanner.h"

#include <algorithm>

namespace caisson::sql {
namespace {

bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == '\v';
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// Every byte of a character beyond ASCII may stand in a name.
bool starts_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}
bool continues_word(char c) { return starts_word(c) || is_digit(c) || c == '$'; }

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool is_keyword(std::string_view word, std::string_view keyword) {
    if (word.size() != keyword.size()) {
        return false;
    }
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (to_lower(word[i]) != keyword[i]) {
            return false;
        }
    }
    return true;
}

Token Scanner::token(TokenKind kind, std::size_t end, bool terminated) {
    const Token token{kind, at_, end - at_, terminated, looked_past_ || end >= text_.size()};
    at_ = end;
    looked_past_ = false;
    return token;
}

std::size_t Scanner::end_of_line_comment() const {
    const auto end = text_.find_first_of("\r\n", at_);
    return end == std::string_view::npos ? text_.size() : end;
}

/// Comments nest, as in the standard and unlike in C.
std::size_t Scanner::end_of_block_comment(bool& terminated) const {
    std::size_t depth = 0;
    std::size_t i = at_;
    while (i + 1 < text_.size()) {
        if (text_[i] == '/' && text_[i + 1] == '*') {
            ++depth;
            i += 2;
        } else if (text_[i] == '*' && text_[i + 1] == '/') {
            i += 2;
            if (--depth == 0) {
                return i;
            }
        } else {
            ++i;
        }
    }
    terminated = false;
    return text_.size();
}

/// `from` is the opening quote. A doubled quote is a quote inside.
std::size_t Scanner::end_of_quote(std::size_t from, bool backslashes, bool& terminated) {
    const char quote = text_[from];
    std::size_t i = from + 1;
    while (i < text_.size()) {
        if (backslashes && text_[i] == '\\') {
            i += 2;
        } else if (text_[i] != quote) {
            ++i;
        } else if (i + 1 < text_.size() && text_[i + 1] == quote) {
            i += 2;
        } else {
            return i + 1;
        }
    }
    terminated = false;
    return text_.size();
}

/// A string with a line end before the next quote goes on there, and its backslashes still escape.
std::size_t Scanner::end_of_escapes(std::size_t from, bool& terminated) {
    auto end = end_of_quote(from, true, terminated);
    while (terminated) {
        const auto next = continuation(end);
        if (!next) {
            break;
        }
        end = end_of_quote(*next, true, terminated);
    }
    return std::min(end, text_.size());
}

/// The quote that continues a string which ended right before `from`.
std::optional<std::size_t> Scanner::continuation(std::size_t from) {
    bool line_end = false;
    while (from < text_.size()) {
        const char c = text_[from];
        if (is_space(c)) {
            line_end = line_end || c == '\n' || c == '\r';
            ++from;
        } else if (c == '-' && from + 1 < text_.size() && text_[from + 1] == '-') {
            from = std::min(text_.find_first_of("\r\n", from), text_.size());
        } else if (c == '-' && from + 1 == text_.size()) {
            break;
        } else {
            return c == '\'' && line_end ? std::optional(from) : std::nullopt;
        }
    }
    looked_past_ = true;
    return std::nullopt;
}

/// Nothing when the dollar sign opens no quote.
std::optional<std::size_t> Scanner::end_of_dollar_quote(bool& terminated) {
    std::size_t i = at_ + 1;
    if (i < text_.size() && starts_word(text_[i])) {
        while (i < text_.size() && text_[i] != '$' && continues_word(text_[i])) {
            ++i;
        }
    }
    if (i >= text_.size() || text_[i] != '$') {
        looked_past_ = i >= text_.size();
        return std::nullopt;
    }
    const auto tag = text_.substr(at_, i + 1 - at_);
    const auto end = text_.find(tag, i + 1);
    if (end == std::string_view::npos) {
        terminated = false;
        return text_.size();
    }
    return end + tag.size();
}

std::optional<Token> Scanner::next() {
    while (at_ < text_.size()) {
        const char c = text_[at_];
        bool terminated = true;
        if (is_space(c)) {
            ++at_;
        } else if (c == '-' && peek(1) == '-') {
            const auto comment = token(TokenKind::comment, end_of_line_comment());
            if (with_comments_) {
                return comment;
            }
        } else if (c == '/' && peek(1) == '*') {
            const auto end = end_of_block_comment(terminated);
            const auto comment = token(TokenKind::comment, end, terminated);
            // A comment without an end is an error at the server, so it must not vanish here.
            if (with_comments_ || !terminated) {
                return comment;
            }
        } else if (c == '\'') {
            const auto end = standard_strings_ ? end_of_quote(at_, false, terminated)
                                               : end_of_escapes(at_, terminated);
            return token(TokenKind::string, end, terminated);
        } else if (c == '"') {
            const auto end = end_of_quote(at_, false, terminated);
            return token(TokenKind::quoted, end, terminated);
        } else if ((c == 'e' || c == 'E') && peek(1) == '\'') {
            const auto end = end_of_escapes(at_ + 1, terminated);
            return token(TokenKind::string, end, terminated);
        } else if (starts_word(c)) {
            std::size_t end = at_ + 1;
            while (end < text_.size() && continues_word(text_[end])) {
                ++end;
            }
            return token(TokenKind::word, end);
        } else if (is_digit(c) || (c == '$' && is_digit(peek(1)))) {
            std::size_t end = at_ + 1;
            while (end < text_.size() &&
                   (is_digit(text_[end]) || starts_word(text_[end]) || text_[end] == '.')) {
                ++end;
            }
            return token(TokenKind::number, end);
        } else if (c == '$') {
            const auto end = end_of_dollar_quote(terminated);
            return end ? token(TokenKind::string, *end, terminated)
                       : token(TokenKind::symbol, at_ + 1);
        } else {
            const auto kind = c == ';'               ? TokenKind::semicolon
                              : c == '(' || c == '[' ? TokenKind::open
                              : c == ')' || c == ']' ? TokenKind::close
                              : c == '\\'            ? TokenKind::backslash
                                                     : TokenKind::symbol;
            return token(kind, at_ + 1);
        }
    }
    return std::nullopt;
}

}  // namespace caisson::sql
