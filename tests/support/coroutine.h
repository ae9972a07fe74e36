// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace caisson::test {

/// Runs a coroutine to its end, and what it throws goes on; fails when it takes longer than a
/// minute, because a coroutine that hangs would hang the test.
inline void run(const std::function<boost::asio::awaitable<void>()>& body,
                std::chrono::seconds limit = std::chrono::seconds(60)) {
    boost::asio::io_context io(1);
    std::exception_ptr failure;
    bool is_done = false;
    boost::asio::co_spawn(io, body, [&](std::exception_ptr thrown) {
        failure = std::move(thrown);
        is_done = true;
    });
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!is_done) {
        if (io.run_one_until(end) == 0 && !is_done) {
            throw std::runtime_error("the coroutine did not come to its end");
        }
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
}

/// Starts them all and waits for all of them. The first exception goes on.
inline boost::asio::awaitable<void> all(std::vector<boost::asio::awaitable<void>> coroutines) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto done = std::make_shared<boost::asio::steady_timer>(executor);
    done->expires_at(std::chrono::steady_clock::time_point::max());
    const auto left = std::make_shared<std::size_t>(coroutines.size());
    const auto failure = std::make_shared<std::exception_ptr>();
    for (auto& coroutine : coroutines) {
        boost::asio::co_spawn(executor, std::move(coroutine), [=](std::exception_ptr thrown) {
            if (thrown && !*failure) {
                *failure = thrown;
            }
            if (--*left == 0) {
                done->cancel();
            }
        });
    }
    while (*left > 0) {
        boost::system::error_code cancelled;
        co_await done->async_wait(
            boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
    }
    if (*failure) {
        std::rethrow_exception(*failure);
    }
}

}  // namespace caisson::test
