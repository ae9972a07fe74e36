// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The few cryptographic functions everything else uses, all of them OpenSSL's.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

namespace caisson {

/// SHA-256 (FIPS 180-4), 32 bytes as 64 lower-case hexadecimal digits. Threads: any.
std::string sha256_hex(std::string_view bytes);

/// `bytes` random bytes of the system's generator in base64url without padding: safe in URLs,
/// passfiles and shells.
Secret random_secret(std::size_t bytes = 24);
/// A random UUID (RFC 9562, version 4).
std::string random_uuid();

/// Whether two secrets are equal, in a time that tells nothing about where they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

/// A P-256 key and a self-signed certificate for these host names and addresses, valid for ten
/// years, both in PEM.
struct Certificate {
    std::string certificate;
    Secret key;
};
Certificate self_signed_certificate(const std::string& common_name,
                                    const std::vector<std::string>& names);

}  // namespace caisson
