// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/values.h"

#include <fmt/format.h>

#include "base/error.h"

namespace caisson::pg {
namespace {

int nibble(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char small = static_cast<char>(c | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

}  // namespace

Uuid Uuid::from(std::string_view text) {
    Uuid uuid;
    std::size_t digits = 0;
    bool fine = text.size() == 36 || text.size() == 32;
    for (std::size_t i = 0; i < text.size() && fine; ++i) {
        if (text.size() == 36 && (i == 8 || i == 13 || i == 18 || i == 23)) {
            fine = text[i] == '-';
            continue;
        }
        const int value = nibble(text[i]);
        fine = value >= 0;
        auto& byte = uuid.bytes.at(digits / 2);
        byte = static_cast<std::uint8_t>(byte << 4U | static_cast<std::uint8_t>(value & 0xF));
        ++digits;
    }
    if (!fine) {
        throw Error(Code::usage, fmt::format("\"{}\" is no UUID", text));
    }
    return uuid;
}

std::string Uuid::text() const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text += '-';
        }
        text += digits[bytes[i] >> 4U];
        text += digits[bytes[i] & 0xFU];
    }
    return text;
}

}  // namespace caisson::pg
