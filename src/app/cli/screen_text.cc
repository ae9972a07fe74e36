// SPDX-License-Identifier: Apache-2.0
#include "app/cli/screen_text.h"

#include <algorithm>

#include "base/text.h"

namespace caisson::cli {
namespace {

/// Bytes of the code that begins here; 0: none does.
std::size_t code_at(std::string_view text, std::size_t at) {
    if (text.substr(at, 2) != "\x1b[") {
        return 0;
    }
    const auto end = text.find_first_of("mhlHJK", at);
    return end == std::string_view::npos ? text.size() - at : end + 1 - at;
}

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

bool is_figure(std::string_view text) {
    return !text.empty() && (text.front() == '-' || (text.front() >= '0' && text.front() <= '9'));
}

}  // namespace

std::string plain(std::string_view text) {
    std::string clean;
    for (std::size_t at = 0; at < text.size();) {
        const auto code = code_at(text, at);
        if (code == 0) {
            clean += text[at];
        }
        at += std::max<std::size_t>(code, 1);
    }
    return clean;
}

std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(plain(text), begins_character));
}

std::string cut_to(std::string_view text, std::size_t width) {
    if (width_of(text) <= width) {
        return std::string(text);
    }
    std::string cut;
    std::size_t taken = 0;
    bool has_code = false;
    for (std::size_t at = 0; at < text.size();) {
        if (const auto code = code_at(text, at); code > 0) {
            cut += text.substr(at, code);
            has_code = true;
            at += code;
            continue;
        }
        taken += begins_character(text[at]) ? 1 : 0;
        if (taken >= width) {
            break;
        }
        cut += text[at++];
    }
    return cut + (width > 0 ? "…" : "") + (has_code ? "\x1b[0m" : "");
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    // Texts are other people's: nothing in them may move the cursor.
    std::string still(text);
    std::ranges::replace_if(
        still, [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\n'; }, ' ');
    for (std::string_view rest : split(still, '\n')) {
        while (width_of(rest) > width && width > 0) {
            const auto most = byte_of_character(rest, width);
            // At a blank where there is one in the second half.
            const auto blank = rest.rfind(' ', most);
            const auto end = blank != std::string_view::npos && blank > most / 2 ? blank : most;
            lines.emplace_back(rest.substr(0, end));
            rest.remove_prefix(end < rest.size() && rest[end] == ' ' ? end + 1 : end);
        }
        lines.emplace_back(rest);
    }
    return lines;
}

std::vector<std::string> columns_of(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::string> lines;
    if (rows.empty()) {
        return lines;
    }
    std::vector<std::size_t> widths(rows.front().size(), 0);
    std::vector<bool> right(widths.size(), rows.size() > 1);
    for (std::size_t row = 0; row < rows.size(); ++row) {
        for (std::size_t i = 0; i < rows[row].size(); ++i) {
            const auto text = plain(rows[row][i]);
            widths[i] = std::max(widths[i], width_of(text));
            right[i] = right[i] && (row == 0 || is_figure(text) || text == "–");
        }
    }
    for (const auto& row : rows) {
        auto& line = lines.emplace_back();
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string gap(widths[i] - width_of(row[i]), ' ');
            line += (i == 0 ? "" : "  ") + (right[i] ? gap + row[i] : row[i] + gap);
        }
        const auto end = line.find_last_not_of(' ');
        line.resize(end == std::string::npos ? 0 : end + 1);
    }
    return lines;
}

std::string in_one_line(std::string_view text) {
    std::string line;
    for (const char c : text) {
        const bool is_blank = static_cast<unsigned char>(c) <= ' ';
        if (!is_blank || (!line.empty() && line.back() != ' ')) {
            line += is_blank ? ' ' : c;
        }
    }
    return line;
}

}  // namespace caisson::cli
