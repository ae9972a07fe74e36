// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/difference.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::migrations {
namespace {

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
    Lines lines;
    while (!text.empty()) {
        const auto end = text.find('\n');
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

/// A line that stays (' '), goes ('-') or comes ('+').
struct Edit {
    char sign;
    std::string_view line;
};

/// Beyond this many pairs of lines the middle is shown as replaced in one piece: migrations are
/// edited in few places, and what is equal at both ends is cut off first.
constexpr std::size_t most_pairs = 4'000'000;

/// The longest common subsequence of what differs (dynamic programming from the end).
void compare(std::vector<Edit>& edits, const Lines& before, const Lines& after) {
    const auto n = before.size();
    const auto m = after.size();
    std::vector<std::uint32_t> common;
    if (n * m <= most_pairs) {
        common.assign((n + 1) * (m + 1), 0);
        for (auto i = n; i-- > 0;) {
            for (auto j = m; j-- > 0;) {
                common[i * (m + 1) + j] =
                    before[i] == after[j]
                        ? common[(i + 1) * (m + 1) + j + 1] + 1
                        : std::max(common[(i + 1) * (m + 1) + j], common[i * (m + 1) + j + 1]);
            }
        }
    }
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < n && j < m && !common.empty()) {
        if (before[i] == after[j]) {
            edits.push_back({' ', before[i]});
            ++i;
            ++j;
        } else if (common[(i + 1) * (m + 1) + j] >= common[i * (m + 1) + j + 1]) {
            edits.push_back({'-', before[i++]});
        } else {
            edits.push_back({'+', after[j++]});
        }
    }
    while (i < n) {
        edits.push_back({'-', before[i++]});
    }
    while (j < m) {
        edits.push_back({'+', after[j++]});
    }
}

std::vector<Edit> edits_between(Lines before, Lines after) {
    std::vector<Edit> edits;
    std::size_t head = 0;
    while (head < before.size() && head < after.size() && before[head] == after[head]) {
        edits.push_back({' ', before[head++]});
    }
    std::size_t tail = 0;
    while (tail < before.size() - head && tail < after.size() - head &&
           before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) {
        ++tail;
    }
    const Lines ending(before.end() - static_cast<std::ptrdiff_t>(tail), before.end());
    const auto middle = [&](Lines& lines) {
        lines.erase(lines.end() - static_cast<std::ptrdiff_t>(tail), lines.end());
        lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(head));
    };
    middle(before);
    middle(after);
    compare(edits, before, after);
    for (const auto line : ending) {
        edits.push_back({' ', line});
    }
    return edits;
}

/// Edits from `first` to before `last` with their numbers: @@ -3,7 +3,8 @@.
std::string hunk(const std::vector<Edit>& edits, std::size_t first, std::size_t last) {
    std::size_t old_line = 1;
    std::size_t new_line = 1;
    for (std::size_t i = 0; i < first; ++i) {
        old_line += edits[i].sign != '+' ? 1U : 0U;
        new_line += edits[i].sign != '-' ? 1U : 0U;
    }
    std::size_t olds = 0;
    std::size_t news = 0;
    std::string body;
    for (std::size_t i = first; i < last; ++i) {
        olds += edits[i].sign != '+' ? 1U : 0U;
        news += edits[i].sign != '-' ? 1U : 0U;
        body += fmt::format("{}{}\n", edits[i].sign, edits[i].line);
    }
    return fmt::format("@@ -{},{} +{},{} @@\n{}", olds > 0 ? old_line : old_line - 1, olds,
                       news > 0 ? new_line : new_line - 1, news, body);
}

std::string shortened(const std::string& text, std::size_t limit) {
    const auto lines = lines_of(text);
    if (lines.size() <= limit) {
        return text;
    }
    std::string result;
    for (std::size_t i = 0; i < limit; ++i) {
        result += fmt::format("{}\n", lines[i]);
    }
    return result + fmt::format("… {} more\n", counted(lines.size() - limit, "line"));
}

}  // namespace

std::string unified_difference(std::string_view before, std::string_view after,
                               const std::string& before_name, const std::string& after_name,
                               std::size_t limit) {
    const auto old_text = normalise_lines(before);
    const auto new_text = normalise_lines(after);
    if (old_text == new_text) {
        return "";
    }
    const auto edits = edits_between(lines_of(old_text), lines_of(new_text));
    constexpr std::size_t context = 3;
    std::string result = fmt::format("--- {}\n+++ {}\n", before_name, after_name);
    std::size_t i = 0;
    while (i < edits.size()) {
        if (edits[i].sign == ' ') {
            ++i;
            continue;
        }
        const std::size_t first = i > context ? i - context : 0;
        std::size_t last_change = i;
        while (i < edits.size() && i <= last_change + 2 * context) {
            last_change = edits[i].sign != ' ' ? i : last_change;
            ++i;
        }
        const auto last = std::min(last_change + 1 + context, edits.size());
        result += hunk(edits, first, last);
        i = last;
    }
    if (std::all_of(edits.begin(), edits.end(), [](const auto& e) { return e.sign == ' '; })) {
        result += "\\ only the line end at the end of the file differs\n";
    }
    return shortened(result, limit);
}

}  // namespace caisson::migrations
