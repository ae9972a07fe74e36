// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "drivers/http/message.h"

namespace caisson::http {

/// An answer that somebody owes a connection. Touched by the I/O thread only.
struct Pending {
    explicit Pending(boost::asio::io_context& io) : arrived(io) {}

    boost::asio::steady_timer arrived;  ///< Cancelled when it is there.
    std::optional<Response> response;

    /// The first one counts.
    void settle(Response&& answer) {
        if (!response) {
            response = std::move(answer);
            arrived.cancel();
        }
    }
};

/// A client. Touched by the I/O thread only.
struct Connection {
    explicit Connection(boost::asio::ip::tcp::socket&& accepted) : socket(std::move(accepted)) {}

    boost::asio::ip::tcp::socket socket;
    std::string inbox;  ///< Read and not yet parsed.
    std::string remote;
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
    bool is_expired = false;
    bool is_idle = false;     ///< Waits for the first byte of a request.
    bool is_refused = false;  ///< One too many.
    std::shared_ptr<Pending> pending;

    /// For what is done with the socket from now on.
    void expire_after(std::chrono::milliseconds limit) {
        is_expired = false;
        deadline = std::chrono::steady_clock::now() + limit;
    }
    void never_expire() { deadline = std::chrono::steady_clock::time_point::max(); }
    void expire_if_due(std::chrono::steady_clock::time_point now) {
        if (now >= deadline) {
            is_expired = true;
            never_expire();
            boost::system::error_code ignored;
            socket.cancel(ignored);
        }
    }
};

}  // namespace caisson::http
