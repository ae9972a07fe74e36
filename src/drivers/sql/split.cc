// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/split.h"

#include <algorithm>
#include <string_view>

#include "drivers/sql/scanner.h"

namespace caisson::sql {
namespace {

/// What is known of the statement that is being read.
class Reading {
 public:
    explicit Reading(std::string_view text) : text_(text) {}

    bool empty() const { return end_ == 0; }
    /// Whether a semicolon here would separate.
    bool separates() const { return parentheses_ == 0 && bodies_ == 0; }

    void take(const Token& token) {
        if (empty()) {
            start_ = token.offset;
        }
        end_ = token.offset + token.length;
        terminated_ = terminated_ && token.terminated;
        if (token.kind == TokenKind::open) {
            ++parentheses_;
        } else if (token.kind == TokenKind::close) {
            parentheses_ = std::max(parentheses_ - 1, 0);
        }
        const auto word = text_.substr(token.offset, token.length);
        if (parentheses_ == 0 && token.kind == TokenKind::word) {
            follow_body(word);
        }
        if (words_.size() < Words::limit &&
            (token.kind == TokenKind::word || token.kind == TokenKind::quoted)) {
            words_.push_back({word, parentheses_ > 0, token.kind == TokenKind::quoted});
        }
        previous_ = word;
    }

    Statement finish() {
        Statement statement;
        statement.offset = start_;
        statement.length = end_ - start_;
        statement.kind = classify(words_);
        statement.terminated = terminated_;
        *this = Reading(text_);
        return statement;
    }

 private:
    /// CREATE FUNCTION … BEGIN ATOMIC … END: its body holds semicolons outside quotes, and END also
    /// closes CASE. After a dot or AS these words are ordinary names.
    void follow_body(std::string_view word) {
        if (previous_ == "." || is_keyword(previous_, "as")) {
            return;
        }
        if (is_keyword(word, "atomic") && is_keyword(previous_, "begin") && bodies_ == 0 &&
            words_.creates_routine()) {
            bodies_ = 1;
        } else if (bodies_ > 0 && is_keyword(word, "case")) {
            ++bodies_;
        } else if (bodies_ > 0 && is_keyword(word, "end")) {
            --bodies_;
        }
    }

    std::string_view text_;
    std::size_t start_ = 0;
    std::size_t end_ = 0;
    int parentheses_ = 0;
    int bodies_ = 0;
    bool terminated_ = true;
    std::string_view previous_;
    Words words_;
};

std::size_t end_of_line(std::string_view text, std::size_t from) {
    const auto end = text.find('\n', from);
    return end == std::string_view::npos ? text.size() : end;
}

/// The data of a COPY begin in the line after its semicolon and end with a line `\.`; gives the
/// place after it.
std::size_t take_data(std::string_view text, std::size_t from, Statement& statement) {
    std::size_t line = std::min(end_of_line(text, from) + 1, text.size());
    statement.data_offset = line;
    while (line < text.size()) {
        const auto end = end_of_line(text, line);
        auto content = text.substr(line, end - line);
        if (!content.empty() && content.back() == '\r') {
            content.remove_suffix(1);
        }
        if (content == "\\.") {
            statement.data_length = line - statement.data_offset;
            return std::min(end + 1, text.size());
        }
        line = std::min(end + 1, text.size());
    }
    statement.data_length = text.size() - statement.data_offset;
    return text.size();
}

}  // namespace

std::vector<Statement> split(std::string_view text) {
    std::vector<Statement> statements;
    Scanner scanner(text);
    Reading reading(text);
    while (const auto token = scanner.next()) {
        if (token->kind == TokenKind::backslash) {
            if (!reading.empty()) {
                statements.push_back(reading.finish());
            }
            auto end = end_of_line(text, token->offset);
            if (end > token->offset && text[end - 1] == '\r') {
                --end;
            }
            statements.push_back({token->offset, end - token->offset, StatementKind::psql_command});
            scanner.seek(end);
        } else if (token->kind != TokenKind::semicolon || !reading.separates()) {
            reading.take(*token);
        } else if (!reading.empty()) {
            statements.push_back(reading.finish());
            if (statements.back().kind == StatementKind::copy_in) {
                scanner.seek(take_data(text, token->offset + 1, statements.back()));
            }
        }
    }
    if (!reading.empty()) {
        statements.push_back(reading.finish());
    }
    return statements;
}

}  // namespace caisson::sql
