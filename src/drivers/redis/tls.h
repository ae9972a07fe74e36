// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What TLS to Redis is, for both ways of talking to it. Private to this module.

#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "drivers/redis/settings.h"

namespace caisson::redis {

struct FreeTls {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* session) const { SSL_free(session); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeTls>;
using TlsSession = std::unique_ptr<SSL, FreeTls>;

/// TLS 1.2 or newer, and whom it trusts. Errors: cannot_connect when the certificates cannot be
/// read.
TlsContext tls_context(const Tls& tls);
/// Says which name is meant, and has the certificate compared with it.
void expect_name(SSL* session, const Settings& settings);
/// Why a handshake failed: what the certificate lacks, else what OpenSSL says.
std::string why_refused(SSL* session);

}  // namespace caisson::redis
