// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "base/secret.h"

namespace caisson::pg {

/// How to reach one database as one role. Fields, not a URL: a password with a `/` or `%` breaks a
/// URL.
struct Settings {
    std::string host;  ///< A name or address; a path is the directory of a Unix socket.
    /// Where that host is, where its name is not to be looked up: the name stays what certificates
    /// are compared with.
    std::string address;
    std::uint16_t port = 5432;
    std::string database;
    std::string user;
    Secret password;       ///< Used when it is not empty; otherwise the passfile is asked.
    std::string passfile;  ///< In libpq's format, mode 0600.
    /// libpq's sslmode: disable, allow, prefer, require, verify-ca, verify-full. Empty: verify-full
    /// where the server is on another machine, prefer on this one.
    std::string tls;
    /// File with the certificates that are trusted. Empty: ~/.postgresql/root.crt, else those of
    /// the system where the name is verified, too.
    std::string tls_root;
    /// The oldest version of TLS to speak with another machine where the mode asks for TLS: 1.2 or
    /// 1.3. Empty: 1.3.
    std::string tls_min;
    /// libpq's channel_binding: disable, prefer, require. Empty: prefer, that is wherever the
    /// server has SCRAM over TLS.
    std::string channel_binding;
    std::string application = "caisson";
    std::chrono::seconds connect_limit{10};
    /// Set at connection time for the session, such as {"statement_timeout", "5s"}.
    std::map<std::string, std::string> session;

    /// `user@host:port/database`: for messages, without the password.
    std::string text() const;
};

}  // namespace caisson::pg
