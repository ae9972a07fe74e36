// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string_view>
#include <utility>

#include "drivers/redis/settings.h"

namespace caisson::redis {

/// A connected, non-blocking socket, closed by the destructor. Every wait ends on an interrupt
/// (base/interrupt.h) as well.
class Socket {
 public:
    using Deadline = std::chrono::steady_clock::time_point;

    /// Errors: cannot_connect, interrupted.
    explicit Socket(const Settings& settings);
    Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    Socket& operator=(Socket&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
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
    int descriptor_ = -1;
};

}  // namespace caisson::redis
