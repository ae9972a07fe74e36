// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/tls.h"

#include <filesystem>
#include <map>
#include <mutex>
#include <system_error>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/error.h"

namespace caisson::redis {
namespace {

std::string last_error() {
    const char* const reason = ::ERR_reason_error_string(::ERR_peek_last_error());
    return reason ? reason : "TLS failed";
}

struct FreeStore {
    void operator()(X509_STORE* store) const { ::X509_STORE_free(store); }
};
using Store = std::unique_ptr<X509_STORE, FreeStore>;

Store read_store(const std::string& root) {
    Store store(::X509_STORE_new());
    const int is_read = root.empty()
                            ? ::X509_STORE_set_default_paths(store.get())
                            : ::X509_STORE_load_locations(store.get(), root.c_str(), nullptr);
    if (is_read != 1) {
        throw Error(Code::cannot_connect,
                    fmt::format("the trusted certificates for Redis cannot be read{}: {}",
                                root.empty() ? "" : " from " + root, last_error()),
                    root.empty() ? "" : "tls_root names a file with certificates, in PEM");
    }
    return store;
}

/// The certificates of a file, or of the system. A bundle takes milliseconds to read, and each
/// probe connects anew: it is read once, and again when it is another file.
std::shared_ptr<X509_STORE> trusted_by(const std::string& root) {
    struct Read {
        std::filesystem::file_time_type written;
        std::shared_ptr<X509_STORE> store;
    };
    static std::mutex mutex;
    static std::map<std::string, Read> all;
    std::error_code ignored;
    const auto written = std::filesystem::last_write_time(
        root.empty() ? ::X509_get_default_cert_file() : root.c_str(), ignored);
    const std::lock_guard lock(mutex);
    auto& read = all[root];
    if (!read.store || read.written != written) {
        read = {written, read_store(root)};
    }
    return read.store;
}

bool is_address(const std::string& name) {
    in6_addr ignored{};
    return ::inet_pton(AF_INET, name.c_str(), &ignored) == 1 ||
           ::inet_pton(AF_INET6, name.c_str(), &ignored) == 1;
}

}  // namespace

TlsContext tls_context(const Tls& tls) {
    ::ERR_clear_error();
    TlsContext context(::SSL_CTX_new(::TLS_client_method()));
    if (!context) {
        throw Error(Code::internal, "TLS cannot be set up: " + last_error());
    }
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    ::SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
    if (!tls.verify) {
        ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
        return context;
    }
    ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    ::SSL_CTX_set1_cert_store(context.get(), trusted_by(tls.root).get());
    return context;
}

void expect_name(SSL* session, const Settings& settings) {
    const auto& name = settings.tls->name.empty() ? settings.host : settings.tls->name;
    if (is_address(name)) {
        ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(session), name.c_str());
        return;  // An address is no name to be asked for (RFC 6066, section 3).
    }
    ::SSL_set1_host(session, name.c_str());
    // As SSL_set_tlsext_host_name, which is a macro with a cast.
    ::SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               const_cast<char*>(name.c_str()));
}

std::string why_refused(SSL* session) {
    const auto verdict = ::SSL_get_verify_result(session);
    return verdict == X509_V_OK || ::SSL_get_verify_mode(session) == SSL_VERIFY_NONE
               ? last_error()
               : fmt::format("its certificate is refused: {}",
                             ::X509_verify_cert_error_string(verdict));
}

}  // namespace caisson::redis
