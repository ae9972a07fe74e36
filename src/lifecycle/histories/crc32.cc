// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/histories/crc32.h"

namespace caisson::histories {

std::uint32_t crc32(std::string_view bytes, std::uint32_t crc) {
    constexpr std::uint32_t polynomial = 0xEDB88320U;
    crc = ~crc;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? polynomial : 0U);
        }
    }
    return ~crc;
}

}  // namespace caisson::histories
