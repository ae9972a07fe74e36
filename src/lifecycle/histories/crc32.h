// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace caisson::histories {

/// CRC-32 as zlib, Go and Java have it (ISO 3309). `crc` continues an earlier one.
std::uint32_t crc32(std::string_view bytes, std::uint32_t crc = 0);

}  // namespace caisson::histories
