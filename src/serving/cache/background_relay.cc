// SPDX-License-Identifier: Apache-2.0
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "serving/cache/relay.h"

namespace caisson::cache {

namespace asio = boost::asio;

struct BackgroundRelay::Inside {
    Inside(const std::vector<pg::Settings>& databases, redis::Settings redis,
           std::vector<WatchedTable> tables, std::function<void(const RelayStats&)> to,
           RelayLimits limits)
        : tell(std::move(to)),
          relay(io.get_executor(), databases, std::move(redis), std::move(tables), limits) {}

    /// Looks now and then, so that what is told in passing is not told a hundred times.
    asio::awaitable<void> watch() {
        RelayStats before;
        asio::steady_timer timer(io);
        while (true) {
            timer.expires_after(std::chrono::seconds(1));
            co_await timer.async_wait(asio::use_awaitable);
            const auto now = relay.stats();
            const bool is_new_failure =
                now.failures != before.failures && now.last_failure != before.last_failure;
            if (now.is_telling != before.is_telling || is_new_failure) {
                tell(now);
            }
            before = now;
        }
    }

    asio::io_context io{1};
    std::function<void(const RelayStats&)> tell;
    Relay relay;
    std::thread thread;
};

BackgroundRelay::BackgroundRelay(const std::vector<pg::Settings>& databases, redis::Settings redis,
                                 std::vector<WatchedTable> tables,
                                 std::function<void(const RelayStats&)> tell, RelayLimits limits)
    : inside_(std::make_unique<Inside>(databases, std::move(redis), std::move(tables),
                                       std::move(tell), limits)) {
    auto& inside = *inside_;
    asio::co_spawn(inside.io, inside.relay.run(), asio::detached);
    asio::co_spawn(inside.io, inside.watch(), asio::detached);
    inside.thread = std::thread([&inside] {
        while (true) {
            try {
                inside.io.run();
                return;
            } catch (const std::exception&) {
                // Out of memory in a handler, and not the end of the process: while the relay does
                // not say that it is there, nothing old is served.
            }
        }
    });
}

BackgroundRelay::~BackgroundRelay() {
    inside_->io.stop();
    inside_->thread.join();
}

}  // namespace caisson::cache
