// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace caisson {

/// HMAC-SHA256 (RFC 2104, FIPS 180-4) as 64 lower-case hexadecimal digits. Threads: any.
std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);

}  // namespace caisson
