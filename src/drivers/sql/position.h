// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace caisson::sql {

/// A place in a source that is read piece by piece.
struct SourcePosition {
    std::size_t offset = 0;  ///< Bytes before it.
    std::size_t line = 1;
    std::size_t column = 1;  ///< In characters.

    /// Goes on behind this text.
    void advance(std::string_view text) {
        offset += text.size();
        if (const auto last = text.rfind('\n'); last != std::string_view::npos) {
            const auto lines = text.substr(0, last + 1);
            line += static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n'));
            column = 1;
            text.remove_prefix(last + 1);
        }
        for (const char c : text) {
            column += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
        }
    }
};

}  // namespace caisson::sql
