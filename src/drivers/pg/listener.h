// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// LISTEN, over a connection of its own that comes back by itself.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "drivers/pg/settings.h"

namespace caisson::pg {

struct Notification {
    std::string channel;
    std::string payload;
    int process = 0;  ///< The backend that sent it.
    /// The connection was lost and is there again: what was sent meanwhile was not heard. Channel
    /// and payload are empty then.
    bool is_gap = false;
};

struct ListenerLimits {
    std::chrono::milliseconds check{5'000};   ///< Silent for so long: asked whether it still lives.
    std::chrono::milliseconds answer{2'000};  ///< How long that may take.
    std::chrono::milliseconds retry{100};     ///< Between attempts to reach a server that is away.
};

/// Threads: that of the executor; one caller at a time.
class Listener {
 public:
    /// Nothing is connected before next() is awaited.
    Listener(boost::asio::any_io_executor executor, Settings settings,
             std::vector<std::string> channels, ListenerLimits limits = {});
    Listener(Listener&&) noexcept;
    Listener& operator=(Listener&&) = delete;
    ~Listener();

    /// Connects when there is no connection, and listens. Errors: cannot_connect.
    boost::asio::awaitable<void> start();
    /// The next notification, or a gap. Never fails because the server is away: it waits until it
    /// is back. Errors: operation_aborted when the caller is cancelled.
    boost::asio::awaitable<Notification> next();

 private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace caisson::pg
