// SPDX-License-Identifier: Apache-2.0
#include "platform/encoding.h"

#include "base/text.h"

namespace caisson::platform {

std::optional<std::size_t> first_bad_byte(std::string_view text) {
    if (is_utf8(text)) {
        return text.find('\0') == std::string_view::npos ? std::nullopt
                                                         : std::optional(text.find('\0'));
    }
    // A line's end is never part of a longer character, so lines can be looked at alone.
    std::size_t start = 0;
    while (is_utf8(text.substr(start, text.find('\n', start) - start))) {
        start = text.find('\n', start) + 1;
    }
    for (std::size_t i = start;;) {
        std::size_t length = 1;
        while (length <= 4 && !is_utf8(text.substr(i, length))) {
            ++length;
        }
        if (length > 4) {
            return i;
        }
        i += length;
    }
}

}  // namespace caisson::platform
