// SPDX-License-Identifier: Apache-2.0
#pragma once

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
        for (const char c : text) {
            if (c == '\n') {
                ++line;
                column = 1;
            } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
                ++column;
            }
        }
    }
};

}  // namespace caisson::sql
