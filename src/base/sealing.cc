// SPDX-License-Identifier: Apache-2.0
#include "base/sealing.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "base/crypto.h"
#include "base/error.h"

namespace caisson {
namespace {

constexpr std::string_view magic = "CSNSEAL1";
constexpr std::size_t chunk_bytes = std::size_t{64} << 10U;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t name_bytes = 8;
constexpr std::size_t header_bytes = magic.size() + name_bytes + salt_bytes;
constexpr std::size_t shortest_key = 16;
/// Of random_secret(): 32 bytes in base64url.
constexpr std::size_t random_length = 43;

using Bytes32 = std::array<unsigned char, 32>;

void demand(bool fine, const char* what) {
    if (!fine) {
        throw Error(Code::internal, fmt::format("OpenSSL refused to {}", what));
    }
}

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Bytes32 derive(const Bytes32& key, std::string_view salt, std::string_view purpose) {
    Bytes32 derived{};
    EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
    EVP_KDF_CTX* const context = EVP_KDF_CTX_new(kdf);
    EVP_KDF_free(kdf);
    std::string digest = "SHA256";
    std::array<OSSL_PARAM, 5> parameters = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
                                          const_cast<unsigned char*>(key.data()), key.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, const_cast<char*>(salt.data()),
                                          salt.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, const_cast<char*>(purpose.data()),
                                          purpose.size()),
        OSSL_PARAM_construct_end()};
    const bool fine =
        EVP_KDF_derive(context, derived.data(), derived.size(), parameters.data()) == 1;
    EVP_KDF_CTX_free(context);
    demand(fine, "derive a key");
    return derived;
}

/// By its form alone: who gives a sentence this prefix and 43 characters without a space has made
/// the effort to deceive himself.
bool is_made(std::string_view text) {
    return text.size() == SealingKey::made_prefix.size() + random_length &&
           text.starts_with(SealingKey::made_prefix) && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      c == '-' || c == '_';
           });
}

std::string name_of(const SealingKey& key) {
    const auto name = derive(key.bytes(), "", "caisson sealing: name of the key");
    return {reinterpret_cast<const char*>(name.data()), name_bytes};
}

/// One direction of one stream.
class Cipher {
 public:
    Cipher(const SealingKey& key, std::string_view salt, bool seals)
        : context_(EVP_CIPHER_CTX_new()), seals_(seals) {
        auto derived = derive(key.bytes(), salt, "caisson sealing: one stream");
        demand(EVP_CipherInit_ex(context_, EVP_aes_256_gcm(), nullptr, derived.data(), nullptr,
                                 seals ? 1 : 0) == 1,
               "begin with AES-256-GCM");
        OPENSSL_cleanse(derived.data(), derived.size());
    }
    Cipher(const Cipher&) = delete;
    Cipher& operator=(const Cipher&) = delete;
    ~Cipher() { EVP_CIPHER_CTX_free(context_); }

    /// Appends ciphertext and tag.
    void seal(std::string_view plain, bool is_last, std::string& out) {
        begin(is_last);
        const auto start = out.size();
        out.resize(start + plain.size() + tag_bytes);
        auto* const target = reinterpret_cast<unsigned char*>(out.data() + start);
        turn(plain, target);
        int written = 0;
        demand(EVP_CipherFinal_ex(context_, target + plain.size(), &written) == 1 &&
                   EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_GET_TAG, tag_bytes,
                                       target + plain.size()) == 1,
               "seal a chunk");
    }

    /// False when it is not what was sealed under this number.
    bool open(std::string_view sealed, bool is_last, std::string& out) {
        begin(is_last);
        const auto plain = sealed.substr(0, sealed.size() - tag_bytes);
        auto tag = std::string(sealed.substr(plain.size()));
        out.resize(plain.size());
        turn(plain, reinterpret_cast<unsigned char*>(out.data()));
        int written = 0;
        unsigned char nothing = 0;
        return EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag.data()) == 1 &&
               EVP_CipherFinal_ex(context_, &nothing, &written) == 1;
    }

    std::uint64_t number() const { return number_; }

 private:
    void begin(bool is_last) {
        std::array<unsigned char, 12> nonce{};
        for (std::size_t i = 0; i < 8; ++i) {
            nonce[i] = static_cast<unsigned char>(number_ >> (8 * i));
        }
        nonce[11] = is_last ? 1 : 0;
        ++number_;
        demand(EVP_CipherInit_ex(context_, nullptr, nullptr, nullptr, nonce.data(),
                                 seals_ ? 1 : 0) == 1,
               "begin a chunk");
    }
    void turn(std::string_view from, unsigned char* to) {
        int written = 0;
        demand(EVP_CipherUpdate(context_, to, &written, bytes_of(from),
                                static_cast<int>(from.size())) == 1,
               "encrypt or decrypt a chunk");
    }

    EVP_CIPHER_CTX* context_;
    bool seals_;
    std::uint64_t number_ = 0;
};

}  // namespace

Secret SealingKey::make_text() {
    return Secret(std::string(made_prefix) + random_secret(32).reveal());
}

SealingKey SealingKey::of(const Secret& text) {
    const auto& given = text.reveal();
    if (given.size() < shortest_key) {
        throw Error(Code::usage,
                    fmt::format("the passphrase has {} characters; expected at least {}",
                                given.size(), shortest_key),
                    "openssl rand -base64 24 makes a good one");
    }
    constexpr std::string_view salt = "caisson sealing: passphrase";
    SealingKey key;
    if (!is_made(given)) {
        demand(
            EVP_PBE_scrypt(given.data(), given.size(), bytes_of(salt), salt.size(), 1U << 16U, 8, 1,
                           std::uint64_t{128} << 20U, key.bytes_.data(), key.bytes_.size()) == 1,
            "stretch a passphrase");
        return key;
    }
    Bytes32 digest{};
    unsigned size = 0;
    demand(EVP_Digest(given.data(), given.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1,
           "hash a key");
    key.bytes_ = derive(digest, salt, "caisson sealing: key");
    return key;
}

std::string SealingKey::id() const {
    std::string text;
    for (const char byte : name_of(*this)) {
        text += fmt::format("{:02x}", static_cast<unsigned>(static_cast<unsigned char>(byte)));
    }
    return text;
}

struct Sealer::State {
    State(const SealingKey& key, Sink to)
        : sink(std::move(to)), salt(salt_bytes, '\0'), cipher(key, fresh(salt), true) {
        out = std::string(magic) + name_of(key) + salt;
    }
    static const std::string& fresh(std::string& salt) {
        demand(RAND_bytes(reinterpret_cast<unsigned char*>(salt.data()), salt_bytes) == 1,
               "give random bytes");
        return salt;
    }
    void flush() {
        sink(out);
        out.clear();
    }

    Sink sink;
    std::string salt;
    Cipher cipher;
    std::string plain;  ///< Less than a chunk, or one that may be the last.
    std::string out;
};

Sealer::Sealer(const SealingKey& key, Sink sink)
    : state_(std::make_unique<State>(key, std::move(sink))) {}
Sealer::~Sealer() = default;

void Sealer::add(std::string_view bytes) {
    auto& state = *state_;
    while (!bytes.empty()) {
        if (state.plain.size() == chunk_bytes) {
            state.cipher.seal(state.plain, false, state.out);
            state.plain.clear();
        }
        // Whole chunks are sealed where they are; the last one is kept, for it may be the end.
        while (state.plain.empty() && bytes.size() > chunk_bytes) {
            state.cipher.seal(bytes.substr(0, chunk_bytes), false, state.out);
            bytes.remove_prefix(chunk_bytes);
        }
        const auto taken = std::min(bytes.size(), chunk_bytes - state.plain.size());
        state.plain.append(bytes.substr(0, taken));
        bytes.remove_prefix(taken);
    }
    state.flush();
}

void Sealer::finish() {
    state_->cipher.seal(state_->plain, true, state_->out);
    state_->flush();
}

struct Opener::State {
    State(const SealingKey& with, Sink to) : key(with), sink(std::move(to)) {}

    void read_header() {
        if (waiting.compare(0, magic.size(), magic) != 0) {
            throw Error(Code::backup_damaged,
                        "it does not begin as something that was sealed; expected CSNSEAL1");
        }
        if (waiting.compare(magic.size(), name_bytes, name_of(key)) != 0) {
            throw Error(Code::backup_key,
                        fmt::format("another key sealed it; expected the one whose name is {}",
                                    hex(waiting.substr(magic.size(), name_bytes))))
                .with("key_given", key.id());
        }
        cipher = std::make_unique<Cipher>(
            key, waiting.substr(magic.size() + name_bytes, salt_bytes), false);
        waiting.erase(0, header_bytes);
    }
    void open(std::string_view sealed, bool is_last) {
        const auto number = cipher->number();
        if (!cipher->open(sealed, is_last, plain)) {
            throw Error(Code::backup_damaged,
                        fmt::format("the chunk at byte {} is not what was sealed there{}",
                                    header_bytes + number * (chunk_bytes + tag_bytes),
                                    is_last ? ", or the end is missing" : ""));
        }
        sink(plain);
    }
    static std::string hex(std::string_view bytes) {
        std::string text;
        for (const char byte : bytes) {
            text += fmt::format("{:02x}", static_cast<unsigned>(static_cast<unsigned char>(byte)));
        }
        return text;
    }

    SealingKey key;
    Sink sink;
    std::unique_ptr<Cipher> cipher;
    std::string waiting;
    std::string plain;
};

Opener::Opener(const SealingKey& key, Sink sink)
    : state_(std::make_unique<State>(key, std::move(sink))) {}
Opener::~Opener() = default;

void Opener::add(std::string_view bytes) {
    auto& state = *state_;
    state.waiting.append(bytes);
    if (!state.cipher && state.waiting.size() >= header_bytes) {
        state.read_header();
    }
    constexpr std::size_t whole = chunk_bytes + tag_bytes;
    std::size_t done = 0;
    // What is more than a chunk is not the last one.
    while (state.cipher && state.waiting.size() - done > whole) {
        state.open(std::string_view(state.waiting).substr(done, whole), false);
        done += whole;
    }
    state.waiting.erase(0, done);
}

void Opener::finish() {
    auto& state = *state_;
    if (!state.cipher || state.waiting.size() < tag_bytes) {
        throw Error(Code::backup_damaged, "its end is missing");
    }
    state.open(state.waiting, true);
    state.waiting.clear();
}

}  // namespace caisson
