// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/effects.h"

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "drivers/sql/scanner.h"

namespace caisson::sql {
namespace {

/// The first words of a statement outside parentheses; a quoted name is no keyword.
class Keywords {
 public:
    explicit Keywords(std::string_view statement) {
        Scanner scanner(statement);
        int parentheses = 0;
        while (words_.size() < limit) {
            const auto token = scanner.next();
            if (!token) {
                break;
            }
            const auto text = statement.substr(token->offset, token->length);
            parentheses += text == "(" ? 1 : text == ")" ? -1 : 0;
            if (parentheses <= 0 && token->kind == TokenKind::word) {
                words_.push_back(text);
            } else if (parentheses <= 0 && token->kind == TokenKind::quoted) {
                words_.emplace_back();
            } else if (token->kind == TokenKind::word && is_keyword(text, "concurrently")) {
                in_options_ = true;
            }
        }
    }

    bool is(std::size_t index, std::initializer_list<std::string_view> keywords) const {
        return index < words_.size() &&
               std::any_of(keywords.begin(), keywords.end(), [&](std::string_view keyword) {
                   return is_keyword(words_[index], keyword);
               });
    }
    bool has(std::string_view keyword) const {
        return std::any_of(words_.begin(), words_.end(),
                           [&](std::string_view word) { return is_keyword(word, keyword); });
    }
    bool has_option() const { return in_options_; }
    /// … DETACH PARTITION name CONCURRENTLY; columns may have these names.
    bool detaches_concurrently() const {
        for (std::size_t i = 2; i + 3 < words_.size(); ++i) {
            if (is(i, {"detach"}) && is(i + 1, {"partition"})) {
                return is_keyword(words_.back(), "concurrently");
            }
        }
        return false;
    }

 private:
    static constexpr std::size_t limit = 64;
    std::vector<std::string_view> words_;
    bool in_options_ = false;
};

bool is_concurrent(const Keywords& words) {
    if (words.is(0, {"create"})) {
        return words.is(2, {"concurrently"}) || words.is(3, {"concurrently"});
    }
    if (words.is(0, {"drop"})) {
        return words.is(1, {"index"}) && words.is(2, {"concurrently"});
    }
    if (words.is(0, {"alter"})) {
        return words.is(1, {"table"}) && words.detaches_concurrently();
    }
    return (words.is(0, {"reindex", "repack"}) &&
            (words.has_option() || words.has("concurrently"))) ||
           (words.is(0, {"refresh"}) && words.has("concurrently"));
}

bool locks(const Keywords& words) {
    if (words.is(0, {"create"})) {
        const std::size_t kind = words.is(1, {"or"})                              ? 3
                                 : words.is(1, {"unique", "constraint", "event"}) ? 2
                                                                                  : 1;
        return words.is(kind, {"index", "trigger", "rule", "policy"}) ||
               (words.is(1, {"table"}) && words.has("partition"));
    }
    if (words.is(0, {"alter"})) {
        return words.is(1, {"table", "index", "view", "materialized", "sequence", "policy",
                            "trigger", "rule", "foreign", "type", "domain"});
    }
    if (words.is(0, {"drop"})) {
        return words.is(1, {"table", "index", "view", "materialized", "sequence", "trigger", "rule",
                            "policy", "schema", "type", "domain", "foreign", "owned"});
    }
    return words.is(0, {"truncate", "lock", "cluster", "refresh", "reindex", "repack"}) ||
           (words.is(0, {"vacuum"}) && words.has("full")) ||
           (words.is(0, {"comment"}) && words.is(2, {"table", "column", "index"}));
}

/// The text that a string constant stands for; nothing for one with escapes in it.
std::string constant(std::string_view token) {
    std::string text;
    const auto quote = token.find('\'');
    if (quote == std::string_view::npos) {
        return text;
    }
    for (auto i = quote + 1; i + 1 < token.size(); ++i) {
        text += token[i];
        if (token[i] == '\'') {
            ++i;
        }
    }
    return text;
}

}  // namespace

Effects effects_of(std::string_view statement) {
    const Keywords words(statement);
    Effects effects;
    effects.concurrently = is_concurrent(words);
    effects.locks_tables = locks(words);
    effects.may_commit = words.is(0, {"call", "do"});
    effects.needs_transaction =
        words.is(0, {"savepoint", "lock", "release"}) ||
        (words.is(0, {"rollback"}) && words.has("to")) ||
        (words.is(0, {"declare"}) && !(words.has("with") && words.has("hold")));
    return effects;
}

std::optional<AddedEnumValue> added_enum_value(std::string_view statement) {
    Scanner scanner(statement);
    AddedEnumValue added;
    int seen = 0;
    while (const auto token = scanner.next()) {
        const auto text = statement.substr(token->offset, token->length);
        const auto is = [&](std::string_view keyword) {
            return token->kind == TokenKind::word && is_keyword(text, keyword);
        };
        if (seen < 2) {
            if (!is(seen == 0 ? "alter" : "type")) {
                return std::nullopt;
            }
            ++seen;
        } else if (seen == 2 && is("add") && !added.type.empty() && added.type.back() != '.') {
            seen = 3;
        } else if (seen == 2) {
            added.type += text;
        } else if (seen == 3) {
            if (!is("value")) {
                return std::nullopt;
            }
            seen = 4;
        } else if (token->kind == TokenKind::string) {
            added.value = constant(text);
            return added;
        }
    }
    return std::nullopt;
}

bool uses_string(std::string_view text, std::string_view value) {
    std::string quoted = "'";
    for (const char c : value) {
        quoted.append(c == '\'' ? 2 : 1, c);
    }
    quoted += '\'';
    for (auto at = text.find(quoted); at != std::string_view::npos;
         at = text.find(quoted, at + 1)) {
        const bool begins = at == 0 || text[at - 1] != '\'';
        const auto end = at + quoted.size();
        if (begins && (end >= text.size() || text[end] != '\'')) {
            return true;
        }
    }
    return false;
}

}  // namespace caisson::sql
