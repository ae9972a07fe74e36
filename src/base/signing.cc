// SPDX-License-Identifier: Apache-2.0
#include "base/signing.h"

#include <algorithm>
#include <array>
#include <optional>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/crypto.h"
#include "base/error.h"
#include "base/text.h"

namespace caisson {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t signature_bytes = 64;
constexpr std::string_view digits = "0123456789abcdef";

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeMemory {
    void operator()(BIO* memory) const { BIO_free_all(memory); }
};
using Memory = std::unique_ptr<BIO, FreeMemory>;
using OwnedKey = std::shared_ptr<EVP_PKEY>;

OwnedKey own(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }

std::string to_hex(const unsigned char* bytes, std::size_t size) {
    std::string text;
    text.reserve(size * 2);
    for (std::size_t i = 0; i < size; ++i) {
        text += digits[bytes[i] >> 4U];
        text += digits[bytes[i] & 15U];
    }
    return text;
}

/// Nothing unless the text is lower-case hexadecimal of just this many bytes.
std::optional<std::string> from_hex(std::string_view text, std::size_t size) {
    if (text.size() != size * 2 || text.find_first_not_of(digits) != std::string_view::npos) {
        return std::nullopt;
    }
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        bytes += static_cast<char>(digits.find(text[i]) << 4U | digits.find(text[i + 1]));
    }
    return bytes;
}

const unsigned char* raw(std::string_view bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

[[noreturn]] void fail(const char* what) {
    throw Error(Code::internal, std::string("OpenSSL refused to ") + what);
}

std::string public_part(const EVP_PKEY* key) {
    std::array<unsigned char, key_bytes> bytes{};
    std::size_t size = bytes.size();
    if (EVP_PKEY_get_raw_public_key(key, bytes.data(), &size) != 1 || size != key_bytes) {
        fail("give a public key");
    }
    return to_hex(bytes.data(), bytes.size());
}

OwnedKey public_key_from(std::string_view hex) {
    const auto bytes = from_hex(hex, key_bytes);
    return own(
        bytes ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(*bytes), bytes->size())
              : nullptr);
}

std::string text_of(BIO* memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(size)};
}

}  // namespace

SigningKey::SigningKey(evp_pkey_st* owned) : key_(owned, EVP_PKEY_free) {
    if (!key_) {
        fail("make a key");
    }
    public_key_ = public_part(key_.get());
}

SigningKey SigningKey::generate() {
    return SigningKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}

SigningKey SigningKey::parse(const Secret& text) {
    const auto pem = replace_all(std::string(trim(text.reveal())), "\\n", "\n");
    if (const auto seed = from_hex(lower(pem), key_bytes)) {
        return SigningKey(
            EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw(*seed), seed->size()));
    }
    const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    // A key behind a password would ask for it on the terminal.
    const auto no_password = [](char*, int, int, void*) { return -1; };
    EVP_PKEY* const key = PEM_read_bio_PrivateKey(memory.get(), nullptr, no_password, nullptr);
    if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(key);
        throw Error(Code::usage, "what was given as a signing key is no Ed25519 private key",
                    "expected PEM (PKCS #8) or 64 hexadecimal digits; make one with: openssl "
                    "genpkey -algorithm ed25519");
    }
    return SigningKey(key);
}

Secret SigningKey::pem() const {
    const Memory memory(BIO_new(BIO_s_secmem()));
    if (PEM_write_bio_PrivateKey(memory.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
        1) {
        fail("write a key");
    }
    return Secret(text_of(memory.get()));
}

std::string SigningKey::sign(std::string_view message) const {
    const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
    std::array<unsigned char, signature_bytes> signature{};
    std::size_t size = signature.size();
    if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &size, raw(message), message.size()) != 1) {
        fail("sign");
    }
    return to_hex(signature.data(), size);
}

bool is_signed_by(std::string_view public_key, std::string_view message,
                  std::string_view signature) {
    const auto key = public_key_from(public_key);
    const auto bytes = from_hex(signature, signature_bytes);
    const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
    return key && bytes &&
           EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), raw(*bytes), bytes->size(), raw(message),
                            message.size()) == 1;
}

std::string key_id(std::string_view public_key) {
    const auto bytes = from_hex(public_key, key_bytes);
    return bytes ? sha256_hex(*bytes).substr(0, 16) : "";
}

std::string public_key_pem(std::string_view public_key) {
    const auto key = public_key_from(public_key);
    const Memory memory(BIO_new(BIO_s_mem()));
    if (!key || PEM_write_bio_PUBKEY(memory.get(), key.get()) != 1) {
        fail("write a public key");
    }
    return text_of(memory.get());
}

std::vector<std::string> public_keys_of(std::string_view text) {
    std::vector<std::string> keys;
    const auto refuse = [](const char* what) {
        throw Error(Code::usage, what,
                    "expected PEM blocks as `caisson journal key` prints them, or lines of 64 "
                    "hexadecimal digits");
    };
    if (text.find("-----BEGIN") == std::string_view::npos) {
        for (const auto& line : split(text, '\n')) {
            const auto word = lower(trim(line));
            if (from_hex(word, key_bytes)) {
                keys.push_back(word);
            } else if (!word.empty() && word.front() != '#') {
                refuse("a line of the public keys is no Ed25519 key");
            }
        }
    }
    const Memory memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    for (auto at = text.find("-----BEGIN"); at != std::string_view::npos;
         at = text.find("-----BEGIN", at + 1)) {
        const auto key = own(PEM_read_bio_PUBKEY(memory.get(), nullptr, nullptr, nullptr));
        if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519) {
            refuse("a block of the public keys is no Ed25519 key");
        }
        keys.push_back(public_part(key.get()));
    }
    if (keys.empty()) {
        refuse("there is no public key in what was given");
    }
    return keys;
}

}  // namespace caisson
