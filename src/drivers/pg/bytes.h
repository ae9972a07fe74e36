// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Numbers in network byte order. Private to this module.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace caisson::pg {

template <typename T>
T big_endian(T value) {
    static_assert(std::endian::native == std::endian::little && std::is_integral_v<T>);
    if constexpr (sizeof(T) == 2) {
        return static_cast<T>(__builtin_bswap16(static_cast<std::uint16_t>(value)));
    } else if constexpr (sizeof(T) == 4) {
        return static_cast<T>(__builtin_bswap32(static_cast<std::uint32_t>(value)));
    } else if constexpr (sizeof(T) == 8) {
        return static_cast<T>(__builtin_bswap64(static_cast<std::uint64_t>(value)));
    } else {
        return value;
    }
}

template <typename T>
void put(std::string& out, T value) {
    value = big_endian(value);
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// Reads from the front; `fine` turns false, and stays so, when there are not enough bytes.
struct Cursor {
    std::string_view left;
    bool fine = true;

    template <typename T>
    T take() {
        T value{};
        if (left.size() < sizeof value) {
            fine = false;
            left = {};
            return value;
        }
        std::memcpy(&value, left.data(), sizeof value);
        left.remove_prefix(sizeof value);
        return big_endian(value);
    }
    std::string_view take(std::size_t size) {
        if (left.size() < size) {
            fine = false;
            left = {};
            return {};
        }
        const auto taken = left.substr(0, size);
        left.remove_prefix(size);
        return taken;
    }
};

}  // namespace caisson::pg
