// SPDX-License-Identifier: Apache-2.0
#include "base/crypto.h"

#include <array>
#include <cctype>
#include <memory>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/error.h"

namespace caisson {
namespace {

[[noreturn]] void fail(const char* what) {
    throw Error(Code::internal, fmt::format("OpenSSL refused to {}", what));
}

template <auto function>
struct Free {
    template <typename T>
    void operator()(T* pointer) const {
        function(pointer);
    }
};
template <typename T, auto function>
using Owned = std::unique_ptr<T, Free<function>>;

std::string hex(const unsigned char* bytes, std::size_t size) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text(size * 2, '0');
    for (std::size_t i = 0; i < size; ++i) {
        text[2 * i] = digits[bytes[i] >> 4U];
        text[2 * i + 1] = digits[bytes[i] & 15U];
    }
    return text;
}

std::string pem_text(BIO* memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(size)};
}

}  // namespace

namespace {

std::string digest_hex(const EVP_MD* algorithm, std::string_view bytes) {
    // Making a context costs more than hashing a small file: there is one a thread.
    thread_local const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_DigestInit_ex2(context.get(), algorithm, nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) != 1 ||
        EVP_DigestFinal_ex(context.get(), digest.data(), &size) != 1) {
        fail("hash");
    }
    return hex(digest.data(), size);
}

/// Fetching an algorithm costs as much: it is done once.
const EVP_MD* sha256() {
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return algorithm;
}

const EVP_MD* sha1() {
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
    return algorithm;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) { return digest_hex(sha256(), bytes); }

std::string sha1_hex(std::string_view bytes) { return digest_hex(sha1(), bytes); }

struct Digest::State {
    Owned<EVP_MD_CTX, EVP_MD_CTX_free> context{EVP_MD_CTX_new()};
};

Digest::Digest(Kind kind) : state_(std::make_unique<State>()) {
    if (EVP_DigestInit_ex2(state_->context.get(), kind == Kind::sha1 ? sha1() : sha256(),
                           nullptr) != 1) {
        fail("hash");
    }
}

Digest::~Digest() = default;

void Digest::add(std::string_view bytes) {
    if (EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) != 1) {
        fail("hash");
    }
}

std::string Digest::hex() const {
    const Owned<EVP_MD_CTX, EVP_MD_CTX_free> copy(EVP_MD_CTX_new());
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_MD_CTX_copy_ex(copy.get(), state_->context.get()) != 1 ||
        EVP_DigestFinal_ex(copy.get(), digest.data(), &size) != 1) {
        fail("hash");
    }
    return caisson::hex(digest.data(), size);
}

Secret random_secret(std::size_t bytes) {
    std::string raw(bytes, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(bytes)) != 1) {
        fail("give random bytes");
    }
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string text;
    unsigned bits = 0;
    int held = 0;
    for (const char c : raw) {
        bits = (bits << 8U) | static_cast<unsigned char>(c);
        for (held += 8; held >= 6; held -= 6) {
            text += alphabet[(bits >> static_cast<unsigned>(held - 6)) & 63U];
        }
    }
    if (held > 0) {
        text += alphabet[(bits << static_cast<unsigned>(6 - held)) & 63U];
    }
    return Secret(std::move(text));
}

std::string random_uuid() {
    std::array<unsigned char, 16> raw{};
    if (RAND_bytes(raw.data(), static_cast<int>(raw.size())) != 1) {
        fail("give random bytes");
    }
    raw[6] = static_cast<unsigned char>((raw[6] & 0x0FU) | 0x40U);
    raw[8] = static_cast<unsigned char>((raw[8] & 0x3FU) | 0x80U);
    auto text = hex(raw.data(), raw.size());
    for (const std::size_t at : {20U, 16U, 12U, 8U}) {
        text.insert(at, 1, '-');
    }
    return text;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Certificate self_signed_certificate(const std::string& common_name,
                                    const std::vector<std::string>& names) {
    const Owned<EVP_PKEY, EVP_PKEY_free> key(EVP_EC_gen("P-256"));
    const Owned<X509, X509_free> certificate(X509_new());
    if (!key || !certificate) {
        fail("make a key");
    }
    std::array<unsigned char, 8> serial{};
    RAND_bytes(serial.data(), static_cast<int>(serial.size()));
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()),
                            1 + (std::uint64_t{serial[0]} << 8U | serial[1]));
    X509_set_version(certificate.get(), X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 10L * 365 * 24 * 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* const subject = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                               0);
    X509_set_issuer_name(certificate.get(), subject);

    std::string alternatives;
    for (const auto& name : names) {
        const bool address = name.find(':') != std::string::npos ||
                             std::isdigit(static_cast<unsigned char>(name.back())) != 0;
        alternatives +=
            fmt::format("{}{}:{}", alternatives.empty() ? "" : ",", address ? "IP" : "DNS", name);
    }
    for (const auto& [id, value] : {std::pair<int, std::string>{NID_subject_alt_name, alternatives},
                                    {NID_basic_constraints, "critical,CA:TRUE"}}) {
        const Owned<X509_EXTENSION, X509_EXTENSION_free> extension(
            X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str()));
        if (!extension || X509_add_ext(certificate.get(), extension.get(), -1) != 1) {
            fail("name the hosts of a certificate");
        }
    }
    if (X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0) {
        fail("sign a certificate");
    }
    const Owned<BIO, BIO_free_all> certificate_pem(BIO_new(BIO_s_mem()));
    const Owned<BIO, BIO_free_all> key_pem(BIO_new(BIO_s_secmem()));
    PEM_write_bio_X509(certificate_pem.get(), certificate.get());
    PEM_write_bio_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {pem_text(certificate_pem.get()), Secret(pem_text(key_pem.get()))};
}

}  // namespace caisson
