// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/error.h"
#include "drivers/pg/connection.h"
#include "drivers/pg/listener.h"
#include "tests/support/coroutine.h"
#include "tests/support/postgres.h"

namespace caisson::pg {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class ListenerTest : public testing::Test {
 protected:
    test::Database database_;
};

TEST_F(ListenerTest, HearsWhatIsSaidOnItsChannelsInOrder) {
    test::run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Listener listener(executor, database_.settings(), {"rows", "Odd \"name\""});
        co_await listener.start();
        Connection other(database_.settings());
        other.query("select pg_notify('rows', '1'), pg_notify('elsewhere', 'x')");
        other.query("select pg_notify('Odd \"name\"', '2')");
        const auto first = co_await listener.next();
        EXPECT_EQ(first.channel, "rows");
        EXPECT_EQ(first.payload, "1");
        EXPECT_EQ(first.process, other.backend_process());
        const auto second = co_await listener.next();
        EXPECT_EQ(second.channel, "Odd \"name\"");
        EXPECT_EQ(second.payload, "2");
    });
}

TEST_F(ListenerTest, AConnectionThatIsLostComesBackAndTheGapIsTold) {
    test::run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Listener listener(executor, database_.settings(), {"rows"}, {.retry = 5ms});
        co_await listener.start();
        Connection other(database_.settings());
        other.query(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity where query "
            "like 'listen %' and datname = current_database()");
        EXPECT_TRUE((co_await listener.next()).is_gap);
        other.query("select pg_notify('rows', 'after')");
        EXPECT_EQ((co_await listener.next()).payload, "after");
    });
}

TEST_F(ListenerTest, SilenceIsAskedWhetherItStillLives) {
    test::run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Listener listener(executor, database_.settings(), {"rows"}, {.check = 10ms});
        co_await listener.start();
        std::vector<asio::awaitable<void>> both;
        both.push_back([](Listener& heard) -> asio::awaitable<void> {
            EXPECT_EQ((co_await heard.next()).payload, "late");
        }(listener));
        both.push_back([](Settings settings) -> asio::awaitable<void> {
            asio::steady_timer timer(co_await asio::this_coro::executor, 100ms);
            co_await timer.async_wait(asio::use_awaitable);
            Connection(settings).query("select pg_notify('rows', 'late')");
        }(database_.settings()));
        co_await test::all(std::move(both));
    });
}

TEST_F(ListenerTest, AChannelWithoutANameIsRefused) {
    asio::io_context io;
    EXPECT_THROW(Listener(io.get_executor(), database_.settings(), {""}), Error);
}

}  // namespace
}  // namespace caisson::pg
