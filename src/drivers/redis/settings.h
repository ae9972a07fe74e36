// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/secret.h"

namespace caisson::redis {

/// TLS, 1.2 or newer, to a Redis that is reached over TCP.
struct Tls {
    std::string root;    ///< File with the certificates that are trusted; empty: the system's.
    std::string name;    ///< What the certificate must be for; empty: the host.
    bool verify = true;  ///< Otherwise whoever answers is believed.
};

/// How to reach one Redis.
struct Settings {
    std::string socket;  ///< Path of a Unix socket; empty: host and port.
    std::string host = "127.0.0.1";
    std::uint16_t port = 6379;
    std::string user;        ///< Empty: Redis' own `default`.
    Secret password;         ///< Empty: no AUTH is sent.
    unsigned database = 0;   ///< The number of the Redis database.
    std::optional<Tls> tls;  ///< Not over a Unix socket.
    std::string application = "caisson";
    std::chrono::milliseconds connect_limit{5000};
    std::chrono::milliseconds answer_limit{5000};  ///< For each answer; zero waits for ever.

    /// `user@host:port` or the path of the socket, and `/3` for a database other than 0: for
    /// messages, without the password.
    std::string text() const;
};

}  // namespace caisson::redis
