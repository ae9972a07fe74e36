// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/query.h"

#include <algorithm>

namespace caisson::sql {
namespace {

constexpr int creating = 1;
constexpr int or_seen = 2;
constexpr int replacing = 3;
constexpr int in_routine = 4;
constexpr int elsewhere = -1;

}  // namespace

SourcePosition Query::position_of(std::size_t byte) const {
    if (parts_.empty()) {
        return start_;
    }
    const auto after =
        std::upper_bound(parts_.begin(), parts_.end(), byte,
                         [](std::size_t wanted, const Part& part) { return wanted < part.begin; });
    const auto& part = after == parts_.begin() ? *after : *(after - 1);
    auto position = part.position;
    if (!part.fixed && byte > part.begin) {
        const auto end = std::min(byte, text_.size());
        position.advance(std::string_view(text_).substr(part.begin, end - part.begin));
    }
    return position;
}

StatementKind Query::kind() const {
    Words words;
    for (const auto& word : words_) {
        words.push_back({std::string_view(text_).substr(word.begin, word.length),
                         word.in_parentheses, word.quoted});
    }
    return classify(words);
}

void Query::stands_at(const SourcePosition& position, bool fixed) {
    if (parts_.empty()) {
        start_ = position;
    }
    parts_.push_back({text_.size(), position, fixed});
}

void Query::add(const Token& token, std::string_view text) {
    terminated_ = terminated_ && token.terminated;
    if (token.kind == TokenKind::open) {
        parentheses_ += text == "(" ? 1 : 0;
    } else if (token.kind == TokenKind::close) {
        parentheses_ = std::max(parentheses_ - (text == ")" ? 1 : 0), 0);
    }
    const bool is_word = token.kind == TokenKind::word;
    if (is_word || token.kind == TokenKind::quoted) {
        if (parentheses_ == 0 && routine_ != elsewhere) {
            const auto word = is_word ? text : std::string_view();
            follow_body(word);
            follow_routine(word);
        }
        if (words_.size() < Words::limit) {
            words_.push_back({text_.size(), text.size(), parentheses_ > 0, !is_word});
        }
    }
    if (routine_ == in_routine) {
        before_ = text == "."                 ? Before::dot
                  : is_keyword(text, "as")    ? Before::as
                  : is_keyword(text, "begin") ? Before::begin
                                              : Before::other;
    }
    text_ += text;
}

/// CREATE [OR REPLACE] FUNCTION or PROCEDURE, by itself or as an element of CREATE SCHEMA.
void Query::follow_routine(std::string_view word) {
    const bool routine = is_keyword(word, "function") || is_keyword(word, "procedure");
    if (is_keyword(word, "create") && routine_ != in_routine && (routine_ == 0 || in_schema_)) {
        routine_ = creating;
    } else if (routine_ == creating && is_keyword(word, "schema")) {
        in_schema_ = true;
    } else if (routine_ == creating && is_keyword(word, "or")) {
        routine_ = or_seen;
    } else if (routine_ == or_seen && is_keyword(word, "replace")) {
        routine_ = replacing;
    } else if ((routine_ == creating || routine_ == replacing) && routine) {
        routine_ = in_routine;
    } else if (routine_ != in_routine) {
        routine_ = in_schema_ ? 0 : elsewhere;
    }
}

/// CREATE FUNCTION … BEGIN ATOMIC … END: its body holds semicolons outside quotes, and END also
/// closes CASE. After a dot or AS these words are ordinary names.
void Query::follow_body(std::string_view word) {
    if (before_ == Before::dot || before_ == Before::as) {
        return;
    }
    if (is_keyword(word, "atomic") && before_ == Before::begin && bodies_ == 0 &&
        routine_ == in_routine) {
        bodies_ = 1;
    } else if (bodies_ > 0 && is_keyword(word, "case")) {
        ++bodies_;
    } else if (bodies_ > 0 && is_keyword(word, "end")) {
        --bodies_;
    }
}

}  // namespace caisson::sql
