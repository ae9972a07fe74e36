// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a link is asked, on its way. Private to this module.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "drivers/redis/reply.h"

namespace caisson::redis {

struct Request {
    using Clock = std::chrono::steady_clock;

    Request() = default;
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;
    virtual ~Request() = default;

    /// Tells whoever waits. Called once, with nothing of the link or the client half done, because
    /// the waiter goes on inside it. Not called for an abandoned one.
    virtual void complete() {}
    /// Tells whoever waits, at the next turn; what is on its way goes on, and its answer is
    /// dropped.
    virtual void give_up(std::exception_ptr) { abandoned = true; }

    // What is asked.
    std::string bytes;
    std::size_t expected = 1;   ///< Replies.
    bool idempotent = false;    ///< May be sent a second time when the first one's fate is unknown.
    bool abandoned = false;     ///< Nobody waits any more.
    bool may_have_run = false;  ///< It was sent once, over a connection that broke.
    std::uint8_t moves = 0;     ///< To another connection, because its own broke.
    Clock::time_point deadline = Clock::time_point::max();

    // What came of it.
    Reply reply;                 ///< Of one that expects one.
    std::vector<Reply> replies;  ///< Of one that expects several.
    std::size_t answered = 0;

    // How far the link is.
    std::uint64_t start = 0;  ///< Its first byte in all that the link sends.
};

using RequestPointer = std::unique_ptr<Request>;

/// Takes requests and completes each of them, later.
class Taker {
 public:
    virtual ~Taker() = default;
    virtual void submit(RequestPointer request) = 0;
    virtual boost::asio::any_io_executor executor() const = 0;
};

}  // namespace caisson::redis
