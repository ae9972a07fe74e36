// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/redaction.h"

#include <algorithm>

namespace caisson::monitor {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

/// Goes through a text token by token.
class Redaction {
 public:
    explicit Redaction(std::string_view text) : text_(text) {}

    std::string run() {
        while (at_ < text_.size()) {
            step();
        }
        while (!result_.empty() && result_.back() == ' ') {
            result_.pop_back();
        }
        return std::move(result_);
    }

 private:
    char next(std::size_t distance = 0) const {
        return at_ + distance < text_.size() ? text_[at_ + distance] : '\0';
    }

    void step() {
        const char c = next();
        if (begins_name(c)) {
            name();
        } else if (c == '\'') {
            constant(false);
        } else if (c == '"') {
            quoted_name();
        } else if (c == '-' && next(1) == '-') {
            at_ = std::min(text_.find('\n', at_), text_.size());
            gap();
        } else if (c == '/' && next(1) == '*') {
            comment();
        } else if (c == '$') {
            dollar();
        } else if (is_digit(c) || (c == '.' && is_digit(next(1)))) {
            number();
        } else {
            result_ += c;
            ++at_;
        }
    }

    /// A word: digits and dollars in it are no constants; E'' is one with escapes.
    void name() {
        const auto start = at_;
        while (begins_name(next()) || is_digit(next()) || next() == '$') {
            ++at_;
        }
        const auto word = text_.substr(start, at_ - start);
        result_ += word;
        if (next() == '\'') {
            constant(word == "e" || word == "E");
        }
    }

    /// Whether a backslash hides a quote depends on a setting that the text does not tell.
    void constant(bool escapes) {
        result_ += "'?'";
        for (++at_; at_ < text_.size(); ++at_) {
            if (next() == '\\' && escapes) {
                ++at_;
            } else if (next() == '\\' && next(1) == '\'') {
                at_ = text_.size();
            } else if (next() == '\'' && next(1) == '\'') {
                ++at_;
            } else if (next() == '\'') {
                ++at_;
                return;
            }
        }
        at_ = text_.size();
    }

    void quoted_name() {
        auto end = at_ + 1;
        while (end < text_.size() && (text_[end] != '"' || text_.substr(end, 2) == "\"\"")) {
            end += text_[end] == '"' ? 2 : 1;
        }
        if (end < text_.size()) {
            result_ += text_.substr(at_, end + 1 - at_);
            at_ = end + 1;
        } else {
            at_ = text_.size();
        }
    }

    /// Comments have comments in them, and tell of people as well.
    void comment() {
        int depth = 0;
        do {
            const auto two = text_.substr(at_, 2);
            depth += two == "/*" ? 1 : two == "*/" ? -1 : 0;
            at_ += two == "/*" || two == "*/" ? 2 : 1;
        } while (depth > 0 && at_ < text_.size());
        gap();
    }

    void gap() {
        if (!result_.empty() && result_.back() != ' ' && result_.back() != '\n') {
            result_ += ' ';
        }
        while (next() == ' ') {
            ++at_;
        }
    }

    /// $1 stays; $tag$ begins a constant.
    void dollar() {
        auto end = at_ + 1;
        const bool is_parameter = is_digit(next(1));
        while (end < text_.size() && (is_digit(text_[end]) || begins_name(text_[end]))) {
            ++end;
        }
        if (is_parameter || end == text_.size() || text_[end] != '$') {
            result_ += text_.substr(at_, end - at_);
            at_ = end;
            return;
        }
        const auto tag = text_.substr(at_, end + 1 - at_);
        const auto close = text_.find(tag, end + 1);
        result_ += "'?'";
        at_ = close == std::string_view::npos ? text_.size() : close + tag.size();
    }

    /// 12, 1.5e-3, 0xFF, 1_000.
    void number() {
        result_ += '?';
        while (begins_name(next()) || is_digit(next()) || next() == '.') {
            const bool is_exponent = next() == 'e' || next() == 'E';
            ++at_;
            if (is_exponent && (next() == '-' || next() == '+') && is_digit(next(1))) {
                ++at_;
            }
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::string result_;
};

}  // namespace

std::string without_constants(std::string_view text) { return Redaction(text).run(); }

}  // namespace caisson::monitor
