// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace caisson::sql {

enum class TokenKind {
    word,       ///< A keyword or an identifier without quotes.
    quoted,     ///< "an identifier".
    string,     ///< 'text', E'text', $tag$text$tag$.
    number,     ///< Also a parameter such as $1.
    symbol,     ///< One character of an operator or of punctuation.
    open,       ///< ( or [
    close,      ///< ) or ]
    semicolon,  ///< ;
    backslash,  ///< Where a command of psql begins.
    comment,    ///< Only when comments were asked for.
};

struct Token {
    TokenKind kind = TokenKind::symbol;
    std::size_t offset = 0;
    std::size_t length = 0;
    bool terminated = true;  ///< False when the text ends inside a quote or comment.
    bool open = false;       ///< With more text behind it, it might be another token.
};

/// Cuts UTF-8 text into the lexical elements of PostgreSQL. It never fails: what it does not know
/// is a symbol. Source: PostgreSQL, "Lexical Structure"; psql reads files by the same rules.
class Scanner {
 public:
    explicit Scanner(std::string_view text, std::size_t offset = 0, bool with_comments = false)
        : text_(text), at_(offset), with_comments_(with_comments) {}

    /// The next token; nothing at the end of the text.
    std::optional<Token> next();
    /// Goes on at this byte.
    void seek(std::size_t offset) { at_ = offset; }
    /// standard_conforming_strings: when off, a backslash escapes in 'text' as it does in E'text'.
    void standard_strings(bool on) { standard_strings_ = on; }

 private:
    char peek(std::size_t ahead) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    std::size_t end_of_line_comment() const;
    std::size_t end_of_block_comment(bool& terminated) const;
    std::size_t end_of_quote(std::size_t from, bool backslashes, bool& terminated);
    std::size_t end_of_escapes(std::size_t from, bool& terminated);
    std::optional<std::size_t> continuation(std::size_t from);
    std::optional<std::size_t> end_of_dollar_quote(bool& terminated);
    Token token(TokenKind kind, std::size_t end, bool terminated = true);

    std::string_view text_;
    std::size_t at_;
    bool with_comments_;
    bool standard_strings_ = true;
    bool looked_past_ = false;  ///< The end of the text decided what the token is.
};

/// Whether the word of a text is this keyword, which is given in lower case.
bool is_keyword(std::string_view word, std::string_view keyword);

}  // namespace caisson::sql
