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
    std::uint16_t port = 5432;
    std::string database;
    std::string user;
    Secret password;       ///< Used when it is not empty; otherwise the passfile is asked.
    std::string passfile;  ///< In libpq's format, mode 0600.
    std::string tls;  ///< libpq's sslmode: disable, prefer, require, verify-ca, verify-full. Empty:
                      ///< libpq's own.
    std::string tls_root;  ///< File with the certificates that are trusted.
    std::string application = "caisson";
    std::chrono::seconds connect_limit{10};
    /// Set at connection time for the session, such as {"statement_timeout", "5s"}.
    std::map<std::string, std::string> session;

    /// `user@host:port/database`: for messages, without the password.
    std::string text() const;
};

}  // namespace caisson::pg
