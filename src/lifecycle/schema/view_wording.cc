// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "drivers/sql/scanner.h"
#include "lifecycle/schema/canonical.h"

namespace caisson::schema {
namespace {

using sql::TokenKind;

struct Word {
    std::string_view text;
    TokenKind kind;
    std::size_t offset;
    int depth;          ///< Of brackets around it.
    bool is_in_select;  ///< In a SELECT of its own, inside brackets.

    bool is_name() const { return kind == TokenKind::word || kind == TokenKind::quoted; }
    bool is_any(std::initializer_list<std::string_view> keywords) const {
        return kind == TokenKind::word && depth == 0 &&
               std::any_of(keywords.begin(), keywords.end(),
                           [&](auto keyword) { return sql::is_keyword(text, keyword); });
    }
};

std::vector<Word> words_of(std::string_view text) {
    std::vector<Word> words;
    std::vector<bool> selects;  // A bracket each.
    sql::Scanner scanner(text);
    while (const auto token = scanner.next()) {
        const auto part = text.substr(token->offset, token->length);
        if (token->kind == TokenKind::close && !selects.empty()) {
            selects.pop_back();
        }
        if (!words.empty() && words.back().kind == TokenKind::open &&
            token->kind == TokenKind::word && !selects.empty() &&
            (sql::is_keyword(part, "select") || sql::is_keyword(part, "with") ||
             sql::is_keyword(part, "values"))) {
            selects.back() = true;
        }
        words.push_back({part, token->kind, token->offset, static_cast<int>(selects.size()),
                         std::find(selects.begin(), selects.end(), true) != selects.end()});
        if (token->kind == TokenKind::open) {
            selects.push_back(false);
        }
    }
    return words;
}

}  // namespace

std::string canonical_view(std::string definition) {
    const auto words = words_of(definition);
    const auto find = [&](auto from, std::initializer_list<std::string_view> keywords) {
        return std::find_if(from, words.end(),
                            [&](const Word& word) { return word.is_any(keywords); });
    };
    const auto select = find(words.begin(), {"select"});
    const auto from = find(select, {"from"});
    if (from == words.end() || find(select, {"union", "intersect", "except"}) != words.end()) {
        return definition;
    }
    const auto end = find(
        from, {"where", "group", "having", "window", "order", "limit", "offset", "fetch", "for"});
    std::string_view alias;
    for (auto word = from + 1; word != end; ++word) {
        const bool is_join = word->kind == TokenKind::word && sql::is_keyword(word->text, "join");
        if ((word->depth == 0 && word->text == ",") || (is_join && !word->is_in_select)) {
            return definition;
        }
        alias = word->depth == 0 && word->is_name() ? word->text : alias;
    }
    std::string result;
    std::size_t copied = 0;
    for (auto word = select; words.end() - word > 2; ++word) {
        const bool is_qualifier = word->is_name() && word->text == alias && !word->is_in_select &&
                                  (word + 1)->text == "." && (word + 2)->is_name() &&
                                  (word - 1)->text != "." && (word < from || word >= end);
        if (is_qualifier) {
            result.append(definition, copied, word->offset - copied);
            copied = (word + 2)->offset;
        }
    }
    return result + definition.substr(copied);
}

}  // namespace caisson::schema
