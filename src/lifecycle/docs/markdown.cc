// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/markdown.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::docs {
namespace {

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Control characters mean nothing to a reader; some would end the document's text.
bool is_control(char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
}

/// An underscore between letters begins no emphasis, and reads better without a backslash.
bool needs_backslash(std::string_view text, std::size_t i) {
    if (text[i] == '_') {
        const bool after = i > 0 && is_word(text[i - 1]);
        const bool before = i + 1 < text.size() && is_word(text[i + 1]);
        return !(after && before);
    }
    return std::string_view("\\`*[]<|~$").find(text[i]) != std::string_view::npos;
}

/// What would begin a heading, a list, a quotation or a line under a heading.
std::size_t block_mark(std::string_view line) {
    std::size_t digits = 0;
    while (digits < line.size() && is_digit(line[digits])) {
        ++digits;
    }
    if (digits > 0 && digits < line.size() && (line[digits] == '.' || line[digits] == ')')) {
        return digits;
    }
    return !line.empty() && std::string_view("#>+-=").find(line[0]) != std::string_view::npos
               ? 0
               : std::string_view::npos;
}

std::string escaped_line(std::string_view line) {
    line = trim(line);
    const auto mark = block_mark(line);
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (is_control(line[i])) {
            continue;
        }
        if (line[i] == '&') {
            text += "&amp;";
            continue;
        }
        text += i == mark || needs_backslash(line, i) ? "\\" : "";
        text += line[i] == '\t' ? ' ' : line[i];
    }
    return text;
}

std::string lines_joined(std::string_view text, std::string_view separator) {
    std::string joined;
    for (const auto& line : split(trim(normalise_lines(text)), '\n')) {
        joined += (joined.empty() ? "" : std::string(separator)) + escaped_line(line);
    }
    return joined;
}

std::size_t longest_run(std::string_view text, char c) {
    std::size_t longest = 0;
    std::size_t run = 0;
    for (const char each : text) {
        run = each == c ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    return longest;
}

/// On one line, every run of blanks as one; quoted text too, as a cell has no second line.
std::string on_one_line(std::string_view text) {
    std::string line;
    for (const char c : trim(text)) {
        const bool is_blank = c == '\n' || c == '\t' || c == '\r';
        if (is_control(c) && !is_blank) {
            continue;
        }
        if (is_blank && !line.empty() && line.back() == ' ') {
            continue;
        }
        if (c == ' ' && !line.empty() && line.back() == ' ' &&
            text.find('\n') != std::string::npos) {
            continue;
        }
        line += is_blank ? ' ' : c;
    }
    return line;
}

/// Inside `<code>` Markdown still counts; what means something there is written by its number.
std::string html_code(std::string_view text) {
    std::string html = "<code>";
    for (const char c : text) {
        if (std::string_view("&<>|`*_[]\\~$").find(c) == std::string_view::npos) {
            html += c;
        } else {
            html += fmt::format("&#{};", static_cast<int>(c));
        }
    }
    return html + "</code>";
}

}  // namespace

std::string inline_text(std::string_view text) { return lines_joined(text, " "); }

std::string cell_text(std::string_view text) { return lines_joined(text, "<br>"); }

std::string paragraphs(std::string_view text) {
    std::string result;
    for (const auto& line : split(trim(normalise_lines(text)), '\n')) {
        result += escaped_line(line) + "\n";
    }
    return result;
}

std::string code(std::string_view text) {
    const auto line = on_one_line(text);
    if (line.empty()) {
        return {};
    }
    if (line.find('|') != std::string::npos) {
        return html_code(line);
    }
    const std::string fence(longest_run(line, '`') + 1, '`');
    const bool touches = line.front() == '`' || line.back() == '`';
    return touches ? fence + ' ' + line + ' ' + fence : fence + line + fence;
}

std::string code_block(std::string_view language, std::string_view text) {
    const std::string fence(std::max<std::size_t>(3, longest_run(text, '`') + 1), '`');
    auto body = normalise_lines(text);
    while (body.ends_with('\n')) {
        body.pop_back();
    }
    return fmt::format("{}{}\n{}\n{}\n", fence, language, body, fence);
}

std::string heading(int level, std::string_view text) {
    return fmt::format("\n{} {}\n\n", std::string(static_cast<std::size_t>(level), '#'),
                       inline_text(text));
}

std::string anchor(std::string_view heading_text) {
    std::string anchor;
    for (const char c : lower(heading_text)) {
        if (is_word(c) || c == '_' || c == '-') {
            anchor += c;
        } else if (c == ' ') {
            anchor += '-';
        }
    }
    return anchor;
}

std::string tidy(std::string_view page) {
    std::string text;
    std::string fence;
    bool was_empty = false;
    for (const auto& line :
         split(page.ends_with('\n') ? page.substr(0, page.size() - 1) : page, '\n')) {
        if (fence.empty() && line.starts_with("```")) {
            fence = line.substr(0, line.find_first_not_of('`'));
        } else if (!fence.empty() && line == fence) {
            fence.clear();
        }
        if (!line.empty() || !was_empty || !fence.empty()) {
            text += line + '\n';
        }
        was_empty = line.empty();
    }
    return text;
}

std::string Grid::text() const {
    std::vector<std::size_t> shown;
    for (std::size_t i = 0; i < headings_.size(); ++i) {
        const bool says_something = std::any_of(
            rows_.begin(), rows_.end(), [&](const auto& row) { return !row.at(i).empty(); });
        if (i == 0 || says_something) {
            shown.push_back(i);
        }
    }
    return text_of(shown);
}

std::string Grid::whole_text() const {
    std::vector<std::size_t> all(headings_.size());
    std::iota(all.begin(), all.end(), 0);
    return text_of(all);
}

std::string Grid::text_of(const std::vector<std::size_t>& columns) const {
    if (rows_.empty()) {
        return {};
    }
    std::string text = "|";
    std::string rule = "|";
    for (const auto i : columns) {
        const bool is_figure = headings_[i].ends_with('>');
        const std::string word =
            is_figure ? headings_[i].substr(0, headings_[i].size() - 1) : headings_[i];
        text += word.empty() ? " |" : fmt::format(" {} |", word);
        rule += is_figure ? "---:|" : "---|";
    }
    text += '\n' + rule + '\n';
    for (const auto& row : rows_) {
        text += '|';
        for (const auto i : columns) {
            text += row[i].empty() ? " |" : fmt::format(" {} |", row[i]);
        }
        text += '\n';
    }
    return text;
}

std::string enumeration(const std::vector<std::string>& parts) {
    std::string text;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        text += i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ";
        text += parts[i];
    }
    return text;
}

}  // namespace caisson::docs
