// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/command.h"

#include <algorithm>
#include <array>
#include <utility>

namespace caisson::sql {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool is_octal(char c) { return c >= '0' && c <= '7'; }
int hexadecimal(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char small = static_cast<char>(c | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool takes_pipe(std::string_view name) {
    return is_one_of(name, {"g", "gx", "o", "out", "w", "write"});
}

}  // namespace

bool takes_whole_line(std::string_view name) {
    return is_one_of(name, {"!", "copy", "ef", "ev", "h", "help", "sf", "sf+", "sv", "sv+"});
}

bool sends_query(std::string_view name) {
    return is_one_of(name, {"g", "gx", "gset", "gexec", "gdesc", "crosstabview", "watch",
                            "bind_named", "parse", "sendpipeline"});
}

CommandScanner::CommandScanner(std::string_view line, Lookup lookup, Program program)
    : line_(line), lookup_(std::move(lookup)), program_(std::move(program)) {
    while (!at_end() && !is_space(line_[at_]) && line_[at_] != '\\') {
        ++at_;
    }
    name_ = line_.substr(0, at_);
}

void CommandScanner::skip_space() {
    while (!at_end() && is_space(line_[at_])) {
        ++at_;
    }
}

std::optional<std::string> CommandScanner::next(Argument argument, bool without_semicolons) {
    skip_space();
    if (argument == Argument::whole_line ||
        (argument == Argument::file_or_pipe && !at_end() && line_[at_] == '|')) {
        const auto rest = line_.substr(std::exchange(at_, line_.size()));
        return rest.empty() ? std::nullopt : std::optional<std::string>(rest);
    }
    std::string value;
    plain_ = 0;
    quoted_ = false;
    while (!at_end() && !is_space(line_[at_]) && line_[at_] != '\\' && !unterminated_) {
        const char c = line_[at_];
        if (c == '\'') {
            read_quoted(value);
        } else if (c == '"') {
            read_double_quoted(value);
        } else if (c == '`') {
            read_program(value);
        } else if (c == ':') {
            read_reference(value);
        } else {
            value += c;
            ++plain_;
            ++at_;
        }
    }
    while (without_semicolons && plain_ > 0 && !value.empty() && value.back() == ';') {
        value.pop_back();
        --plain_;
    }
    if (unterminated_ || (value.empty() && !quoted_)) {
        return std::nullopt;
    }
    return value;
}

void CommandScanner::read_quoted(std::string& value) {
    quoted_ = true;
    plain_ = 0;
    ++at_;
    while (!at_end()) {
        const char c = line_[at_];
        if (c == '\\') {
            read_escape(value);
        } else if (c != '\'') {
            value += c;
            ++at_;
        } else if (at_ + 1 < line_.size() && line_[at_ + 1] == '\'') {
            value += c;
            at_ += 2;
        } else {
            ++at_;
            return;
        }
    }
    unterminated_ = true;
}

/// A backslash in 'text': a letter, up to three octal digits, x and up to two hexadecimal ones.
void CommandScanner::read_escape(std::string& value) {
    ++at_;
    if (at_end()) {
        return;
    }
    const char c = line_[at_++];
    constexpr std::array<std::pair<char, char>, 5> letters = {
        {{'n', '\n'}, {'t', '\t'}, {'b', '\b'}, {'r', '\r'}, {'f', '\f'}}};
    for (const auto& [letter, meaning] : letters) {
        if (c == letter) {
            value += meaning;
            return;
        }
    }
    if (is_octal(c)) {
        unsigned code = static_cast<unsigned>(c - '0');
        for (int count = 1; count < 3 && !at_end() && is_octal(line_[at_]); ++count) {
            code = code * 8 + static_cast<unsigned>(line_[at_++] - '0');
        }
        value += static_cast<char>(code & 0xFFU);
    } else if (c == 'x' && !at_end() && hexadecimal(line_[at_]) >= 0) {
        unsigned code = 0;
        for (int count = 0; count < 2 && !at_end() && hexadecimal(line_[at_]) >= 0; ++count) {
            code = code * 16 + static_cast<unsigned>(hexadecimal(line_[at_++]));
        }
        value += static_cast<char>(code);
    } else {
        value += c;
    }
}

void CommandScanner::read_double_quoted(std::string& value) {
    quoted_ = true;
    plain_ = 0;
    const auto end = line_.find('"', at_ + 1);
    unterminated_ = end == std::string_view::npos;
    const auto next = unterminated_ ? line_.size() : end + 1;
    value += line_.substr(at_, next - at_);
    at_ = next;
}

void CommandScanner::read_program(std::string& value) {
    quoted_ = true;
    plain_ = 0;
    const auto end = line_.find('`', at_ + 1);
    if (end == std::string_view::npos) {
        unterminated_ = true;
        at_ = line_.size();
        return;
    }
    const auto text = line_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    if (!program_) {
        return;
    }
    std::string command;
    for (std::size_t i = 0; i < text.size();) {
        const auto reference = text[i] == ':' ? reference_at(text.substr(i)) : Reference{};
        const bool usable = reference.length > 0 && (reference.form == VariableForm::plain ||
                                                     reference.form == VariableForm::literal);
        auto found =
            usable && lookup_ ? lookup_(reference.name, VariableForm::plain) : std::nullopt;
        if (found && reference.form == VariableForm::literal) {
            std::string word = "'";
            for (const char c : *found) {
                word += c == '\'' ? std::string("'\"'\"'") : std::string(1, c);
            }
            found = word + "'";
        }
        const auto length = found ? reference.length : 1;
        command += found ? std::string_view(*found) : text.substr(i, 1);
        i += length;
    }
    value += program_(command);
}

void CommandScanner::read_reference(std::string& value) {
    const auto reference = reference_at(line_.substr(at_));
    auto found =
        reference.length > 0 && lookup_ ? lookup_(reference.name, reference.form) : std::nullopt;
    if (found) {
        value += *found;
        at_ += reference.length;
        quoted_ = true;
        plain_ = 0;
    } else {
        const auto length = reference.form == VariableForm::plain && reference.length > 0
                                ? reference.length
                                : std::size_t{1};
        value += line_.substr(at_, length);
        at_ += length;
        plain_ = reference.length > 0 ? 0 : plain_ + 1;
    }
}

std::size_t CommandScanner::finish() {
    lookup_ = {};
    program_ = {};
    if (takes_whole_line(name_)) {
        at_ = line_.size();
    }
    const auto argument = takes_pipe(name_) ? Argument::file_or_pipe : Argument::normal;
    while (!unterminated_ && next(argument)) {
    }
    if (unterminated_) {
        at_ = line_.size();
    }
    skip_space();
    if (line_.substr(at_, 2) == "\\\\") {
        at_ += 2;
    }
    return at_;
}

std::size_t length_of_command(std::string_view line) {
    if (!line.empty() && (line.front() == ';' || line.front() == ':')) {
        return 1;
    }
    return CommandScanner(line).finish();
}

}  // namespace caisson::sql
