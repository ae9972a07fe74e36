// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Ed25519 signatures (RFC 8032), OpenSSL's. Public keys are 64, signatures 128 lower-case
/// hexadecimal digits: they stand in JSON and in SQL.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

struct evp_pkey_st;

namespace caisson {

class SigningKey {
 public:
    static SigningKey generate();
    /// A private key as PEM (PKCS #8, with real or written `\n`), or its seed as 64 hexadecimal
    /// digits. Errors: usage, which never shows what was given.
    static SigningKey parse(const Secret& text);

    /// PEM (PKCS #8), as `openssl genpkey -algorithm ed25519` writes it.
    Secret pem() const;
    const std::string& public_key() const { return public_key_; }
    /// Threads: any.
    std::string sign(std::string_view message) const;

 private:
    explicit SigningKey(evp_pkey_st* owned);
    std::shared_ptr<evp_pkey_st> key_;
    std::string public_key_;
};

/// Whether this key signed just these bytes. False for anything that is no key or no signature.
bool is_signed_by(std::string_view public_key, std::string_view message,
                  std::string_view signature);

/// The first 16 hexadecimal digits of SHA-256 of the 32 bytes of a public key: its name.
std::string key_id(std::string_view public_key);
/// PEM (SubjectPublicKeyInfo, RFC 8410), as OpenSSL reads it.
std::string public_key_pem(std::string_view public_key);
/// The public keys of a text: PEM blocks, or lines of 64 hexadecimal digits. Errors: usage when a
/// block is no Ed25519 key, or there is none.
std::vector<std::string> public_keys_of(std::string_view text);

}  // namespace caisson
