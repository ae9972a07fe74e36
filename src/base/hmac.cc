// SPDX-License-Identifier: Apache-2.0
#include "base/hmac.h"

#include <array>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/error.h"

namespace caisson {

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
    unsigned size = 0;
    if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
              reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), code.data(),
              &size)) {
        throw Error(Code::internal, "HMAC failed");
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
        text += digits[code[i] >> 4U];
        text += digits[code[i] & 15U];
    }
    return text;
}

}  // namespace caisson
