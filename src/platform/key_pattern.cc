// SPDX-License-Identifier: Apache-2.0
#include "platform/key_pattern.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::platform {
namespace {

bool is_placeholder_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    });
}

class Parser {
 public:
    explicit Parser(std::string_view text) : text_(text) {}

    KeyPattern parse() {
        if (text_.empty()) {
            fail("it is empty");
        }
        while (at_ < text_.size() && pattern_.mistake.empty()) {
            const char c = text_[at_];
            if ((c == '{' || c == '}') && text_.substr(at_ + 1, 1) == text_.substr(at_, 1)) {
                add_literal(c);
                at_ += 2;
            } else if (c == '{') {
                placeholder();
            } else if (c == '}') {
                fail("a } stands alone; }} is the character itself");
            } else {
                add_literal(c);
                ++at_;
            }
        }
        return std::move(pattern_);
    }

 private:
    void fail(std::string mistake) { pattern_.mistake = std::move(mistake); }

    void add_literal(char c) {
        auto& parts = pattern_.parts;
        if (parts.empty() || parts.back().kind != KeyPart::Kind::literal) {
            parts.push_back({});
        }
        parts.back().text += c;
    }

    void placeholder() {
        const auto end = text_.find('}', at_);
        if (end == std::string_view::npos) {
            return fail("a { is not closed; {{ is the character itself");
        }
        auto name = text_.substr(at_ + 1, end - at_ - 1);
        auto kind = KeyPart::Kind::word;
        if (name.ends_with('*')) {
            kind = KeyPart::Kind::rest;
            name.remove_suffix(1);
        }
        auto& parts = pattern_.parts;
        if (!is_placeholder_name(name)) {
            return fail(fmt::format("{{{}}} is no placeholder", name));
        }
        if (!parts.empty() && parts.back().kind != KeyPart::Kind::literal) {
            // Nobody could say where the one ends and the other begins.
            return fail(
                fmt::format("nothing stands between {{{}}} and {{{}}}", parts.back().text, name));
        }
        for (const auto& part : parts) {
            if (part.kind != KeyPart::Kind::literal && part.text == name) {
                return fail(fmt::format("{{{}}} stands in it twice", name));
            }
        }
        parts.push_back({kind, std::string(name)});
        at_ = end + 1;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    KeyPattern pattern_;
};

}  // namespace

std::string KeyPattern::meaning() const {
    std::string text;
    for (const auto& part : parts) {
        if (part.kind == KeyPart::Kind::literal) {
            text += replace_all(replace_all(part.text, "{", "{{"), "}", "}}");
        } else {
            text += part.kind == KeyPart::Kind::word ? "{}" : "{*}";
        }
    }
    return text;
}

KeyPattern parse_key_pattern(std::string_view text) { return Parser(text).parse(); }

}  // namespace caisson::platform
