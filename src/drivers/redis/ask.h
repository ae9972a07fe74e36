// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Between the coroutine of a caller and the request that it waits for. Private to this module.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "drivers/redis/request.h"

namespace caisson::redis {

/// What a caller asks for.
struct Ask {
    std::string bytes;
    std::size_t expected = 1;
    std::chrono::milliseconds deadline{0};
    bool idempotent = false;
};

/// Submits it when it is awaited, and gives the only reply, or all; errors of Redis are values.
boost::asio::awaitable<Reply> ask_one(std::shared_ptr<Taker> taker, Ask ask);
boost::asio::awaitable<std::vector<Reply>> ask_all(std::shared_ptr<Taker> taker, Ask ask);

}  // namespace caisson::redis
