// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/files.h"
#include "drivers/redis/settings.h"

namespace caisson::test {

/// A Redis (or a sentinel) of one test's own, on a Unix socket and a free TCP port, that may be
/// killed, held still and started again. Gone with the test program, however it ends.
class RedisServer {
 public:
    struct Options {
        std::string lines;      ///< More of redis.conf.
        bool sentinel = false;  ///< redis-sentinel, without a Unix socket.
        bool tls = false;       ///< The TCP port speaks TLS, with a certificate for `localhost`.
    };
    RedisServer();
    explicit RedisServer(Options options);
    ~RedisServer();
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;

    /// Starts it again, and waits until it answers.
    void start();
    void kill();    ///< As kill -9.
    void pause();   ///< As kill -STOP.
    void resume();  ///< As kill -CONT.

    redis::Settings settings() const;      ///< Over the Unix socket.
    redis::Settings tcp_settings() const;  ///< Over TCP (TLS).
    std::uint16_t port() const { return port_; }
    fs::path certificate() const { return directory_ / "tls.crt"; }

 private:
    pid_t server() const;

    Options options_;
    fs::path directory_;
    std::uint16_t port_ = 0;
    pid_t guard_ = -1;
};

}  // namespace caisson::test
