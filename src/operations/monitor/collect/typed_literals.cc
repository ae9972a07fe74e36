// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/typed_literals.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/text.h"

namespace caisson::monitor {
namespace {

enum class Kind { word, quoted, number, parameter, other };

struct Token {
    Kind kind;
    std::size_t begin;
    std::size_t end;
};

/// Words after which a constant is a value by itself, and the word no type.
constexpr std::array before_values = std::to_array<std::string_view>(
    {"select",  "all",      "distinct", "where",     "and",        "or",      "not",       "having",
     "on",      "when",     "then",     "else",      "case",       "in",      "between",   "like",
     "ilike",   "to",       "escape",   "limit",     "offset",     "first",   "next",      "by",
     "values",  "from",     "for",      "any",       "some",       "set",     "returning", "using",
     "rows",    "range",    "groups",   "symmetric", "asymmetric", "leading", "trailing",  "both",
     "placing", "overlaps", "variadic", "document",  "content",    "passing", "as",        "is",
     "fetch",   "with",     "default",  "return",    "of",         "array",   "row",       "zone"});
constexpr std::array interval_fields =
    std::to_array<std::string_view>({"year", "month", "day", "hour", "minute", "second", "to"});

bool contains(const auto& words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

/// Goes through a text whose constants are parameters: strings are rare there, and stay.
class Tokens {
 public:
    explicit Tokens(std::string_view text) : text_(text) {
        while (at_ < text_.size()) {
            step();
        }
    }
    const std::vector<Token>& all() const { return tokens_; }

 private:
    void step() {
        const char c = text_[at_];
        const auto rest = text_.substr(at_);
        if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
            ++at_;
        } else if (rest.starts_with("--")) {
            at_ = std::min(text_.find('\n', at_), text_.size());
        } else if (rest.starts_with("/*")) {
            const auto end = text_.find("*/", at_ + 2);
            at_ = end == std::string_view::npos ? text_.size() : end + 2;
        } else if (c == '"' || c == '\'') {
            const auto end = text_.find(c, at_ + 1);
            add(c == '"' ? Kind::quoted : Kind::other,
                end == std::string_view::npos ? text_.size() : end + 1);
        } else if (is_name(c)) {
            add(Kind::word,
                after([](char each) { return is_name(each) || is_digit(each) || each == '$'; }));
        } else if (c == '$' || is_digit(c)) {
            add(c == '$' ? Kind::parameter : Kind::number, after(is_digit));
        } else {
            add(Kind::other, at_ + 1);
        }
    }
    std::size_t after(bool (*belongs)(char)) const {
        auto end = at_ + 1;
        while (end < text_.size() && belongs(text_[end])) {
            ++end;
        }
        return end;
    }
    void add(Kind kind, std::size_t end) {
        tokens_.push_back({kind, at_, end});
        at_ = end;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<Token> tokens_;
};

/// Looks for a type before a parameter, from its last token to its first.
class Types {
 public:
    Types(std::string_view text, const std::vector<Token>& tokens) : text_(text), tokens_(tokens) {}

    /// The first token of the type that ends before token `end`; nothing: there is none.
    std::optional<std::size_t> before(std::size_t end) const {
        auto at = before_modifier(end);
        if (const auto first = with_zone(at)) {
            return first;
        }
        if (at == 0 || !is_type(at - 1)) {
            return std::nullopt;
        }
        --at;
        for (const auto& [last, previous] : {std::pair{"varying", "character"},
                                             {"varying", "char"},
                                             {"varying", "bit"},
                                             {"precision", "double"},
                                             {"character", "national"},
                                             {"char", "national"}}) {
            if (word(at) == last && at > 0 && word(at - 1) == previous) {
                --at;
            }
        }
        while (at >= 2 && text_of(at - 1) == "." && is_type(at - 2)) {
            at -= 2;
        }
        return at;
    }
    /// The first token behind the fields of an interval, such as DAY TO SECOND(3).
    std::size_t after_fields(std::size_t at) const {
        const auto begin = at;
        while (at < tokens_.size() && contains(interval_fields, word(at))) {
            ++at;
        }
        if (at > begin && at + 2 < tokens_.size() && before_modifier(at + 3) == at) {
            at += 3;
        }
        return at;
    }
    std::string word(std::size_t at) const {
        return at < tokens_.size() && tokens_[at].kind == Kind::word ? lower(text_of(at)) : "";
    }

 private:
    std::string text_of(std::size_t at) const {
        return std::string(text_.substr(tokens_[at].begin, tokens_[at].end - tokens_[at].begin));
    }
    bool is_type(std::size_t at) const {
        return tokens_[at].kind == Kind::quoted ||
               (tokens_[at].kind == Kind::word && !contains(before_values, word(at)));
    }
    /// Without a `(10, 2)` that ends before `end`.
    std::size_t before_modifier(std::size_t end) const {
        if (end == 0 || text_of(end - 1) != ")") {
            return end;
        }
        auto at = end - 1;
        while (at > 0 && (tokens_[at - 1].kind == Kind::number || text_of(at - 1) == ",")) {
            --at;
        }
        return at > 0 && at < end - 1 && text_of(at - 1) == "(" ? at - 1 : end;
    }
    /// `timestamp (3) with time zone`: what stands `at time zone $1` is another.
    std::optional<std::size_t> with_zone(std::size_t end) const {
        if (end < 4 || word(end - 1) != "zone" || word(end - 2) != "time" ||
            (word(end - 3) != "with" && word(end - 3) != "without")) {
            return std::nullopt;
        }
        const auto at = before_modifier(end - 3);
        const bool is_type = at > 0 && (word(at - 1) == "time" || word(at - 1) == "timestamp");
        return is_type ? std::optional(at - 1) : std::nullopt;
    }

    std::string_view text_;
    const std::vector<Token>& tokens_;
};

}  // namespace

std::string with_casts(std::string_view statement) {
    const auto tokens = Tokens(statement).all();
    const Types types(statement, tokens);
    const auto text = [&](std::size_t begin, std::size_t end) {
        return std::string(statement.substr(begin, end - begin));
    };
    std::string result;
    std::size_t copied = 0;
    for (std::size_t at = 0; at < tokens.size(); ++at) {
        const auto type = tokens[at].kind == Kind::parameter ? types.before(at) : std::nullopt;
        if (!type) {
            continue;
        }
        const auto end = types.word(*type) == "interval" ? types.after_fields(at + 1) : at + 1;
        result += text(copied, tokens[*type].begin) + text(tokens[at].begin, tokens[at].end) +
                  "::" + text(tokens[*type].begin, tokens[at - 1].end) +
                  text(tokens[at].end, tokens[end - 1].end);
        copied = tokens[end - 1].end;
    }
    return result + text(copied, statement.size());
}

}  // namespace caisson::monitor
