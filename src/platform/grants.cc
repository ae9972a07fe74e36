// SPDX-License-Identifier: Apache-2.0
/// Source: PostgreSQL, "GRANT".
#include "platform/grants.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::platform {
namespace {

struct ObjectWord {
    std::string_view one;
    std::string_view many;  ///< In `all … in schema`; empty where SQL has no such form.
    GrantObject object;
    std::string_view privileges;
};
constexpr std::array objects = {
    ObjectWord{"table", "tables", GrantObject::table,
               "select insert update delete truncate references trigger"},
    ObjectWord{"sequence", "sequences", GrantObject::sequence, "usage select update"},
    ObjectWord{"function", "functions", GrantObject::function, "execute"},
    ObjectWord{"procedure", "procedures", GrantObject::procedure, "execute"},
    ObjectWord{"routine", "routines", GrantObject::routine, "execute"},
    ObjectWord{"schema", "", GrantObject::schema, "usage create"},
    ObjectWord{"type", "", GrantObject::type, "usage"},
};

struct Token {
    std::string text;
    bool is_quoted = false;
    std::size_t start = 0;
    std::size_t end = 0;
};

/// Why a text is no grant; caught by parse_grant.
struct Refusal : std::runtime_error {
    using std::runtime_error::runtime_error;
};

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

std::vector<Token> tokens_of(std::string_view text) {
    std::vector<Token> tokens;
    std::size_t i = 0;
    while (i < text.size()) {
        const auto start = i;
        Token token;
        if (text[i] == ' ' || text[i] == '\t') {
            ++i;
            continue;
        }
        if (text[i] == '"') {
            token.is_quoted = true;
            for (++i;; ++i) {
                if (i >= text.size()) {
                    throw Refusal("a double quote is not closed");
                }
                if (text[i] == '"' && (i + 1 >= text.size() || text[i + 1] != '"')) {
                    break;
                }
                i += text[i] == '"' ? 1U : 0U;
                token.text += text[i];
            }
            ++i;
        } else if (is_word(text[i])) {
            while (i < text.size() && is_word(text[i])) {
                ++i;
            }
            token.text = lower(text.substr(start, i - start));
        } else {
            token.text = text.substr(i++, 1);
        }
        token.start = start;
        token.end = i;
        tokens.push_back(std::move(token));
    }
    return tokens;
}

class Reader {
 public:
    explicit Reader(std::string_view text) : text_(text), tokens_(tokens_of(text)) {}

    Grant read() {
        Grant grant;
        do {
            grant.privileges.push_back(privilege());
        } while (take(","));
        if (!take("on")) {
            throw Refusal(fmt::format("expected \"on\" where it says {}", here()));
        }
        const auto& word = object(grant);
        check_privileges(grant, word);
        do {
            grant.targets.push_back(target(grant));
        } while (take(","));
        if (at_ < tokens_.size()) {
            throw Refusal(
                fmt::format("nothing is expected after the names, but it says {}", here()));
        }
        return grant;
    }

 private:
    bool is_at(std::string_view word, std::size_t ahead = 0) const {
        return at_ + ahead < tokens_.size() && !tokens_[at_ + ahead].is_quoted &&
               tokens_[at_ + ahead].text == word;
    }
    bool take(std::string_view word) {
        const bool found = is_at(word);
        at_ += found ? 1U : 0U;
        return found;
    }
    std::string here() const {
        return at_ < tokens_.size() ? fmt::format("\"{}\"", tokens_[at_].text)
                                    : std::string("no more");
    }

    std::string name() {
        const bool fine =
            at_ < tokens_.size() && (tokens_[at_].is_quoted || is_word(tokens_[at_].text[0]));
        if (!fine) {
            throw Refusal(fmt::format("expected a name where it says {}", here()));
        }
        const auto& text = tokens_[at_].text;
        if (text.empty() || text.size() > 63) {
            throw Refusal("a name has 1 to 63 bytes");
        }
        return tokens_[at_++].text;
    }

    Privilege privilege() {
        Privilege privilege;
        if (at_ >= tokens_.size() || tokens_[at_].is_quoted || !is_word(tokens_[at_].text[0]) ||
            is_at("on")) {
            throw Refusal(
                fmt::format("expected a privilege such as select where it says {}", here()));
        }
        privilege.name = tokens_[at_++].text;
        if (privilege.name == "all") {
            take("privileges");
        }
        if (take("(")) {
            do {
                privilege.columns.push_back(name());
            } while (take(","));
            if (!take(")")) {
                throw Refusal("the list of columns is not closed");
            }
        }
        return privilege;
    }

    const ObjectWord& object(Grant& grant) {
        if (is_at("all")) {
            for (const auto& word : objects) {
                if (!word.many.empty() && is_at(word.many, 1) && is_at("in", 2) &&
                    is_at("schema", 3)) {
                    at_ += 4;
                    grant.object = word.object;
                    grant.all_in_schema = true;
                    return word;
                }
            }
            throw Refusal(
                "expected \"all tables in schema x\", or sequences, functions, procedures, "
                "routines");
        }
        for (const auto& word : objects) {
            // "on type" may also speak of a table named type: the object's word is followed by a
            // name.
            if (is_at(word.one) && at_ + 1 < tokens_.size() && !is_at(",", 1) && !is_at(".", 1)) {
                ++at_;
                grant.object = word.object;
                return word;
            }
        }
        return objects[0];
    }

    static void check_privileges(const Grant& grant, const ObjectWord& word) {
        const auto known = split(word.privileges, ' ');
        for (const auto& privilege : grant.privileges) {
            if (privilege.name != "all" &&
                std::find(known.begin(), known.end(), privilege.name) == known.end()) {
                throw Refusal(fmt::format("a {} has no privilege \"{}\", but {}", word.one,
                                          privilege.name, join(known, ", ")));
            }
            if (!privilege.columns.empty() &&
                (grant.object != GrantObject::table || grant.all_in_schema)) {
                throw Refusal("columns go with the names of tables only");
            }
        }
    }

    GrantTarget target(const Grant& grant) {
        GrantTarget target;
        target.name = name();
        if (!grant.all_in_schema && grant.object != GrantObject::schema && take(".")) {
            target.schema = std::exchange(target.name, {});
            target.name = name();
        }
        const bool is_callable = !grant.all_in_schema && (grant.object == GrantObject::function ||
                                                          grant.object == GrantObject::procedure ||
                                                          grant.object == GrantObject::routine);
        if (is_callable && is_at("(")) {
            target.has_arguments = true;
            target.arguments = arguments();
        }
        return target;
    }

    /// Types between parentheses, taken as written: PostgreSQL's own syntax for them is wide.
    std::string arguments() {
        const auto start = tokens_[at_++].end;
        std::size_t depth = 1;
        for (; at_ < tokens_.size(); ++at_) {
            const auto& token = tokens_[at_];
            if (token.is_quoted) {
                continue;
            }
            if (token.text == "(") {
                ++depth;
            } else if (token.text == ")" && --depth == 0) {
                ++at_;
                return std::string(trim(text_.substr(start, token.start - start)));
            } else if (!is_word(token.text[0]) &&
                       std::string_view(",.[]()").find(token.text) == std::string_view::npos) {
                throw Refusal(fmt::format("the types of arguments hold no {}", token.text));
            }
        }
        throw Refusal("the list of arguments is not closed");
    }

    std::string_view text_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
};

}  // namespace

std::optional<Grant> parse_grant(std::string_view text, std::string& why) {
    try {
        return Reader(text).read();
    } catch (const Refusal& refusal) {
        why = refusal.what();
        return std::nullopt;
    }
}

std::string_view grant_object_text(GrantObject object) {
    return std::find_if(objects.begin(), objects.end(),
                        [&](const ObjectWord& w) { return w.object == object; })
        ->one;
}

}  // namespace caisson::platform
