// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/tls.h"

#include <cstdlib>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

namespace caisson::pg {
namespace {

/// Whether what we say to this host leaves the machine.
bool is_elsewhere(std::string_view host) {
    in_addr v4{};
    const bool is_loopback = ::inet_pton(AF_INET, std::string(host).c_str(), &v4) == 1 &&
                             (ntohl(v4.s_addr) >> 24) == IN_LOOPBACKNET;
    return !host.empty() && host.front() != '/' && host.front() != '@' && host != "localhost" &&
           host != "::1" && !is_loopback;
}

/// The certificates that the system trusts, as Debian, Fedora and Alpine keep them. libpq finds
/// only the user's own by itself.
std::string system_roots() {
    for (const char* const file : {"/etc/ssl/certs/ca-certificates.crt",
                                   "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"}) {
        if (::access(file, R_OK) == 0) {
            return file;
        }
    }
    return {};
}

bool has_own_roots() {
    const char* const home = std::getenv("HOME");
    return home && ::access((std::string(home) + "/.postgresql/root.crt").c_str(), R_OK) == 0;
}

}  // namespace

Tls tls_of(const Settings& settings) {
    const bool elsewhere = is_elsewhere(settings.host);
    Tls tls{settings.tls, settings.tls_root, {}, settings.channel_binding};
    if (tls.mode.empty() && elsewhere) {
        tls.mode = "verify-full";
    }
    const bool verifies = tls.mode == "verify-full" || tls.mode == "verify-ca";
    // Not of verify-ca, to which every certificate of every public authority would do.
    if (tls.mode == "verify-full" && tls.root.empty() && !has_own_roots()) {
        tls.root = system_roots();
    }
    // Not where it is optional: rather than an older version, libpq would speak none at all.
    if (elsewhere && (verifies || tls.mode == "require")) {
        tls.min_version = "TLSv" + (settings.tls_min.empty() ? "1.3" : settings.tls_min);
    }
    return tls;
}

std::string tls_hint(const std::string& message, const Settings& settings) {
    const auto has = [&](std::string_view part) { return message.find(part) != std::string::npos; };
    if (has("does not support SSL")) {
        return settings.tls.empty()
                   ? "give the server a certificate; where the network itself is trusted, say so: "
                     "tls = \"disable\""
                   : "";
    }
    if (has("certificate verify failed") || has("root certificate file") ||
        has("does not match host name")) {
        return "name the authority that signed the server's certificate as tls_root, and the host "
               "as the certificate does";
    }
    if (has("unsupported protocol") || has("protocol version") || has("wrong version number")) {
        return "the server speaks no TLS 1.3: allow the older version with tls_min = \"1.2\"";
    }
    return "";
}

}  // namespace caisson::pg
