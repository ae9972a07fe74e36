// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "drivers/redis/tls.h"

namespace caisson::redis {

/// TLS over a connected, non-blocking socket, which belongs to somebody else and outlives it.
/// Private to this module.
class Encrypted {
 public:
    /// What the socket is to be waited for before the next step; nothing: it is over.
    enum class Wants { nothing, read, write };

    /// Errors: cannot_connect, as tls_context().
    Encrypted(int descriptor, const Settings& settings);
    /// Tells the server that nothing more comes.
    ~Encrypted();
    Encrypted(const Encrypted&) = delete;
    Encrypted& operator=(const Encrypted&) = delete;

    /// Goes on agreeing on keys. Errors: cannot_connect.
    Wants shake_hands();
    /// Whether there is something to read that the socket knows nothing of any more.
    bool has_pending() const;
    /// As of Socket.
    long write(std::string_view bytes);
    long read(char* into, std::size_t size);

 private:
    const Settings settings_;
    TlsContext context_;
    TlsSession session_;
    bool is_agreed_ = false;
};

}  // namespace caisson::redis
