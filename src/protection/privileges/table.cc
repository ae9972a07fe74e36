// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "protection/privileges/matrix.h"

namespace caisson::privileges {
namespace {

using Rights = std::set<std::string>;

const Rights& rights_of(const std::map<std::string, Rights>& by_role, const std::string& role) {
    static const Rights none;
    const auto found = by_role.find(role);
    return found == by_role.end() ? none : found->second;
}

/// The letters that psql's \dp shows; small columns in parentheses are told by a star.
std::string letters(const Rights& rights) {
    static const std::vector<std::pair<std::string, char>> known = {
        {"insert", 'a'},   {"select", 'r'},     {"update", 'w'}, {"delete", 'd'},
        {"truncate", 'D'}, {"references", 'x'}, {"trigger", 't'}};
    std::string text;
    for (const auto& [right, letter] : known) {
        if (rights.contains(right)) {
            text += letter;
        } else if (std::ranges::any_of(
                       rights, [&](const auto& each) { return each.starts_with(right + " ("); })) {
            text += letter;
            text += '*';
        }
    }
    return text.empty() ? "–" : text;
}

}  // namespace

std::string to_table(const Matrix& matrix, const std::vector<std::string>& roles) {
    std::vector<std::vector<std::string>> lines;
    std::vector<std::string> heading = {""};
    heading.insert(heading.end(), roles.begin(), roles.end());
    lines.push_back(heading);
    for (const auto& [object, by_role] : matrix) {
        if (!object.starts_with("table ")) {
            continue;
        }
        std::vector<std::string> line = {object.substr(6)};
        for (const auto& role : roles) {
            line.push_back(letters(rights_of(by_role, role)));
        }
        lines.push_back(std::move(line));
    }
    // An en dash has three bytes and one column.
    const auto width_of = [](const std::string& text) {
        return static_cast<std::size_t>(std::ranges::count_if(
            text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
    };
    std::vector<std::size_t> widths(heading.size(), 0);
    for (const auto& line : lines) {
        for (std::size_t place = 0; place < line.size(); ++place) {
            widths[place] = std::max(widths[place], width_of(line[place]));
        }
    }
    std::string text;
    for (const auto& line : lines) {
        std::string row;
        for (std::size_t place = 0; place < line.size(); ++place) {
            row += line[place] + std::string(widths[place] - width_of(line[place]) + 2, ' ');
        }
        text += row.substr(0, row.find_last_not_of(' ') + 1) + "\n";
    }
    return text;
}

}  // namespace caisson::privileges
