// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/drawing.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <fmt/format.h>

namespace caisson::docs {
namespace {

constexpr int corner = 5;

struct Character {
    char32_t code = 0;
    std::size_t length = 1;
};

/// The character at an offset of text that is UTF-8.
Character character_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto first = byte(at);
    const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    constexpr std::array<unsigned, 5> masks = {0, 0x7f, 0x1f, 0x0f, 0x07};
    char32_t code = first & masks.at(length);
    for (std::size_t i = 1; i < length; ++i) {
        code = code << 6 | (byte(at + i) & 0x3f);
    }
    return {code, std::min(length, text.size() - at)};
}

bool is_wide(char32_t code) {
    struct Range {
        char32_t first;
        char32_t last;
    };
    constexpr std::array wide = {
        Range{0x1100, 0x115f}, Range{0x2e80, 0xa4cf},   Range{0xac00, 0xd7a3},
        Range{0xf900, 0xfaff}, Range{0xfe30, 0xfe6f},   Range{0xff00, 0xff60},
        Range{0xffe0, 0xffe6}, Range{0x1f300, 0x1faff}, Range{0x20000, 0x3fffd}};
    return std::any_of(wide.begin(), wide.end(), [&](const Range& range) {
        return range.first <= code && code <= range.last;
    });
}

int sign(int number) { return number > 0 ? 1 : number < 0 ? -1 : 0; }

}  // namespace

std::string xml_text(std::string_view text) {
    std::string result;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '&') {
            result += "&amp;";
        } else if (c == '<') {
            result += "&lt;";
        } else if (c == '>') {
            result += "&gt;";
        } else if (c == '"') {
            result += "&quot;";
        } else if (byte >= 0x20 && byte != 0x7f) {
            result += c;
        } else if (c == '\n' || c == '\t') {
            result += ' ';
        }
    }
    return result;
}

int columns_of(std::string_view text) {
    int columns = 0;
    for (std::size_t i = 0; i < text.size();) {
        const auto character = character_at(text, i);
        columns += is_wide(character.code) ? 2 : 1;
        i += character.length;
    }
    return columns;
}

std::string shortened(std::string_view text, int columns) {
    if (columns_of(text) <= columns) {
        return std::string(text);
    }
    int used = 0;
    std::size_t end = 0;
    while (end < text.size()) {
        const auto character = character_at(text, end);
        used += is_wide(character.code) ? 2 : 1;
        if (used >= columns) {
            break;
        }
        end += character.length;
    }
    return std::string(text.substr(0, end)) + "…";
}

std::string path_along(const std::vector<Point>& points) {
    if (points.empty()) {
        return {};
    }
    std::string path = fmt::format("M{} {}", points.front().x, points.front().y);
    for (std::size_t i = 1; i < points.size(); ++i) {
        const auto& at = points[i];
        if (i + 1 == points.size()) {
            path += fmt::format("L{} {}", at.x, at.y);
            break;
        }
        const auto& before = points[i - 1];
        const auto& after = points[i + 1];
        const int in = std::abs(at.x - before.x) + std::abs(at.y - before.y);
        const int out = std::abs(after.x - at.x) + std::abs(after.y - at.y);
        const int r = std::min({corner, in / 2, out / 2});
        path += fmt::format("L{} {}Q{} {} {} {}", at.x - sign(at.x - before.x) * r,
                            at.y - sign(at.y - before.y) * r, at.x, at.y,
                            at.x + sign(after.x - at.x) * r, at.y + sign(after.y - at.y) * r);
    }
    return path;
}

std::string crows_foot(Point end, Point from) {
    const int back = end.x - 9 * sign(end.x - from.x);
    return fmt::format("M{0} {1}L{2} {3}M{0} {1}L{2} {4}", back, end.y, end.x, end.y - 5,
                       end.y + 5);
}

std::string bar(Point end, Point from) {
    const int x = end.x - 6 * sign(end.x - from.x);
    return fmt::format("M{} {}V{}", x, end.y - 5, end.y + 5);
}

}  // namespace caisson::docs
