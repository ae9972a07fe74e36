// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "platform/environment.h"
#include "platform/values.h"

extern char**
    environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to the program.

namespace caisson::platform {
namespace {

class EnvReader {
 public:
    EnvReader(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {}

    Variables read() {
        while (at_ < text_.size()) {
            read_line();
        }
        if (!mistakes_.empty()) {
            throw Error(Code::variable_invalid, join(mistakes_, "\n"),
                        "write NAME=value, one a line, values with blanks or # in quotes")
                .at(first_);
        }
        return std::move(variables_);
    }

 private:
    bool at_end() const { return at_ >= text_.size() || text_[at_] == '\n'; }
    void skip_blanks() {
        while (!at_end() && (text_[at_] == ' ' || text_[at_] == '\t')) {
            ++at_;
        }
    }
    void next_line() {
        const auto end = text_.find('\n', at_);
        at_ = end == std::string_view::npos ? text_.size() : end + 1;
    }

    void mistake(std::size_t offset, const std::string& message) {
        const auto position = position_of(text_, offset);
        const Place place{file_, position.line, position.column};
        if (mistakes_.empty()) {
            first_ = place;
        }
        mistakes_.push_back(place.text() + ": " + message);
    }

    void read_line() {
        skip_blanks();
        if (at_end() || text_[at_] == '#') {
            next_line();
            return;
        }
        const auto start = at_;
        const auto line_end = std::min(text_.find('\n', start), text_.size());
        const auto equals = text_.find('=', start);
        if (equals >= line_end) {
            mistake(start, "the line has no \"=\"; expected NAME=value");
            next_line();
            return;
        }
        auto name = trim(text_.substr(start, equals - start));
        if (name.starts_with("export ") || name.starts_with("export\t")) {
            name = trim(name.substr(7));
        }
        if (!is_variable_name(name)) {
            mistake(start,
                    "this is no variable's name; expected letters, digits and _ before \"=\"");
            next_line();
            return;
        }
        at_ = equals + 1;
        skip_blanks();
        const bool is_quoted =
            !at_end() && (text_[at_] == '"' || text_[at_] == '\'' || text_[at_] == '`');
        const auto value = is_quoted ? quoted_value() : std::optional(bare_value());
        if (value) {
            variables_[std::string(name)] = *value;
        }
        next_line();
    }

    std::string bare_value() {
        const auto start = at_;
        while (!at_end()) {
            // A # within a word belongs to the value: passwords hold them.
            if (text_[at_] == '#' &&
                (at_ == start || text_[at_ - 1] == ' ' || text_[at_ - 1] == '\t')) {
                break;
            }
            ++at_;
        }
        return std::string(trim(text_.substr(start, at_ - start)));
    }

    std::optional<std::string> quoted_value() {
        const auto start = at_;
        const char quote = text_[at_++];
        std::string value;
        for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
            value += quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size()
                         ? escaped()
                         : std::string(1, text_[at_]);
        }
        if (at_ >= text_.size()) {
            mistake(start, fmt::format("the quote {} is not closed; expected another one", quote));
            at_ = start;
            return std::nullopt;
        }
        ++at_;
        skip_blanks();
        if (!at_end() && text_[at_] != '#') {
            mistake(
                at_,
                "there is text after the closing quote; expected the end of the line or a comment");
            return std::nullopt;
        }
        return value;
    }

    /// What a backslash and the character after it stand for; unknown ones stand for both.
    std::string escaped() {
        const char c = text_[++at_];
        switch (c) {
            case 'n':
                return "\n";
            case 't':
                return "\t";
            case 'r':
                return "\r";
            case '"':
            case '\\':
            case '$':
                return std::string(1, c);
            default:
                return std::string("\\") + c;
        }
    }

    std::string_view text_;
    std::string file_;
    std::size_t at_ = 0;
    Variables variables_;
    std::vector<std::string> mistakes_;
    Place first_;
};

}  // namespace

Variables parse_env_file(const std::string& text, const std::string& file) {
    return EnvReader(normalise_lines(text), file).read();
}

Variables process_variables(const Manifest& manifest) {
    Variables variables;
    if (const auto text = read_if_exists(manifest.directory / ".env")) {
        variables = parse_env_file(*text);
    }
    for (char** entry = environ; entry && *entry; ++entry) {
        const std::string_view text(*entry);
        if (const auto equals = text.find('='); equals != std::string_view::npos && equals > 0) {
            variables[std::string(text.substr(0, equals))] = text.substr(equals + 1);
        }
    }
    return variables;
}

}  // namespace caisson::platform
