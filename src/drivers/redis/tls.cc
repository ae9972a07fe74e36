// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/tls.h"

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
    const int is_read = tls.root.empty() ? ::SSL_CTX_set_default_verify_paths(context.get())
                                         : ::SSL_CTX_load_verify_locations(
                                               context.get(), tls.root.c_str(), nullptr);
    if (is_read != 1) {
        throw Error(Code::cannot_connect,
                    fmt::format("the trusted certificates for Redis cannot be read{}: {}",
                                tls.root.empty() ? "" : " from " + tls.root, last_error()),
                    tls.root.empty() ? "" : "tls_root names a file with certificates, in PEM");
    }
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
