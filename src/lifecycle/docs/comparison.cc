// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/comparison.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::docs {
namespace {

using Lines = std::vector<std::string>;

/// A shown line is at most so long: a row of a table may be very long.
constexpr std::size_t longest = 160;
/// How far two texts are searched for the line at which they meet again.
constexpr std::size_t horizon = 60;

Lines lines_of(std::string_view text) {
    if (text.ends_with('\n')) {
        text.remove_suffix(1);
    }
    return split(text, '\n');
}

/// How far behind a difference the texts go on alike: lines of the one, lines of the other.
std::pair<std::size_t, std::size_t> extent(const Lines& found, std::size_t at,
                                           const Lines& expected, std::size_t there) {
    for (std::size_t sum = 1; sum <= 2 * horizon; ++sum) {
        for (std::size_t i = sum > horizon ? sum - horizon : 0; i <= std::min(sum, horizon); ++i) {
            const auto a = at + i;
            const auto b = there + (sum - i);
            if (a >= found.size() && b >= expected.size()) {
                return {found.size() - at, expected.size() - there};
            }
            if (a < found.size() && b < expected.size() && found[a] == expected[b] &&
                !found[a].empty()) {
                return {i, sum - i};
            }
        }
    }
    return {found.size() - at, expected.size() - there};
}

std::string cut(const std::string& line) {
    if (line.size() <= longest) {
        return line;
    }
    auto end = longest;
    while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80) {
        --end;
    }
    return line.substr(0, end) + " …";
}

std::string marked(char mark, const std::string& line) {
    return line.empty() ? std::string(1, mark) : fmt::format("{} {}", mark, cut(line));
}

}  // namespace

Change compare(std::string_view found_text, std::string_view expected_text, std::size_t most) {
    const auto found = lines_of(found_text);
    const auto expected = lines_of(expected_text);
    Change change;
    std::map<std::string_view, long> balance;
    for (const auto& line : found) {
        ++balance[line];
    }
    for (const auto& line : expected) {
        --balance[line];
    }
    for (const auto& [line, count] : balance) {
        (count > 0 ? change.removed : change.added) +=
            static_cast<std::size_t>(count > 0 ? count : -count);
    }
    std::string section;
    std::size_t shown = 0;
    for (std::size_t at = 0, there = 0; shown < most;) {
        if (at >= found.size() && there >= expected.size()) {
            break;
        }
        if (at < found.size() && there < expected.size() && found[at] == expected[there]) {
            if (found[at].starts_with('#')) {
                section = trim(found[at].substr(found[at].find_first_not_of('#')));
            }
            ++at;
            ++there;
            continue;
        }
        auto [gone, come] = extent(found, at, expected, there);
        // Empty lines before the place where the texts meet again are alike too.
        while (gone > 0 && come > 0 && found[at + gone - 1] == expected[there + come - 1]) {
            --gone;
            --come;
        }
        Hunk hunk{at + 1, section};
        const auto room = most - shown;
        for (std::size_t i = 0; i < gone && hunk.lines.size() < (room + 1) / 2; ++i) {
            hunk.lines.push_back(marked('-', found[at + i]));
        }
        for (std::size_t i = 0; i < come && hunk.lines.size() < room; ++i) {
            hunk.lines.push_back(marked('+', expected[there + i]));
        }
        shown += hunk.lines.size();
        change.hunks.push_back(std::move(hunk));
        at += gone;
        there += come;
    }
    return change;
}

}  // namespace caisson::docs
