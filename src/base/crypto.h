// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The few cryptographic functions everything else uses, all of them OpenSSL's.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

namespace caisson {

/// SHA-256 (FIPS 180-4), 32 bytes as 64 lower-case hexadecimal digits. Threads: any.
std::string sha256_hex(std::string_view bytes);

/// SHA-1 (FIPS 180-4), 20 bytes as 40 lower-case hexadecimal digits: only for what other programs
/// keep as SHA-1. Threads: any.
std::string sha1_hex(std::string_view bytes);

/// The same of bytes that come piece by piece, for what is too long to be held. Threads: one at a
/// time.
class Digest {
 public:
    enum class Kind { sha1, sha256 };
    explicit Digest(Kind kind);
    Digest(const Digest&) = delete;
    Digest& operator=(const Digest&) = delete;
    ~Digest();
    void add(std::string_view bytes);
    /// Of all that was added so far; more may follow.
    std::string hex() const;

 private:
    struct State;
    std::unique_ptr<State> state_;
};

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
