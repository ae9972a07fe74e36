// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "drivers/redis/settings.h"

namespace caisson::redis {

class Encrypted;

/// A connected, non-blocking socket, with TLS where the settings say so, closed by the destructor.
/// Every wait ends on an interrupt (base/interrupt.h) as well.
class Socket {
 public:
    using Deadline = std::chrono::steady_clock::time_point;

    /// Errors: cannot_connect, interrupted.
    explicit Socket(const Settings& settings);
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket();

    bool is_open() const { return descriptor_ >= 0; }
    void close();
    /// Waits until bytes can be read, or written when `for_write`; what holds. Neither: too late.
    struct Ready {
        bool read = false;
        bool write = false;
    };
    Ready wait(bool for_write, Deadline deadline) const;
    /// Bytes taken; 0 when the socket takes none now. Errors: errno as a negative number.
    long write(std::string_view bytes) const;
    /// Bytes read; 0 at the end of the stream. Errors: errno as a negative number (EAGAIN: none
    /// now).
    long read(char* into, std::size_t size) const;

 private:
    void agree(const Settings& settings, Deadline deadline);

    int descriptor_ = -1;
    std::unique_ptr<Encrypted> encrypted_;  ///< Nothing: in the open.
};

}  // namespace caisson::redis
