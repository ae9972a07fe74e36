// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Pub/sub, over a connection of its own that comes back by itself.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "drivers/redis/settings.h"

namespace caisson::redis {

struct Message {
    std::string channel;
    std::string payload;
    std::string pattern;  ///< That the channel matched; empty for a channel that was named.
    /// Something may have been missed: the connection was lost and is there again, or messages came
    /// faster than they were taken. All else is empty then.
    bool is_gap = false;
    bool is_closed = false;  ///< The subscriber was closed: there will be no more.
};

struct SubscriberLimits {
    std::chrono::milliseconds connect{1'000};   ///< One attempt, with all that is said first.
    std::chrono::milliseconds check{2'000};     ///< Silent for so long: asked whether it lives.
    std::chrono::milliseconds answer{1'000};    ///< How long that may take.
    std::chrono::milliseconds retry{20};        ///< Before the second attempt; doubled each time.
    std::chrono::milliseconds retry_most{400};  ///< Never longer. All with jitter.
    std::size_t kept = 100'000;                 ///< Messages that nobody took yet.
};

/// Threads: that of the executor; one caller of next() at a time.
class Subscriber {
 public:
    /// Nothing is connected before start() or next() is awaited.
    Subscriber(boost::asio::any_io_executor executor, Settings settings,
               std::vector<std::string> channels, std::vector<std::string> patterns = {},
               SubscriberLimits limits = {});
    Subscriber(Subscriber&&) noexcept;
    Subscriber& operator=(Subscriber&&) = delete;
    /// As close().
    ~Subscriber();

    /// Connects when there is no connection, and subscribes: what is published from now on is
    /// heard. Errors: cannot_connect.
    boost::asio::awaitable<void> start();
    /// The next message, or a gap. Never fails because Redis is away: it waits until it is back.
    /// Errors: operation_aborted when the caller is cancelled.
    boost::asio::awaitable<Message> next();
    bool is_connected() const;
    void close();

 private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace caisson::redis
