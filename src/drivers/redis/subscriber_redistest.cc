// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include <gtest/gtest.h>

#include "base/error.h"
#include "drivers/redis/connection.h"
#include "drivers/redis/subscriber.h"
#include "tests/support/coroutine.h"
#include "tests/support/redis_server.h"

namespace caisson::redis {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

TEST(Subscriber, HearsChannelsAndPatterns) {
    test::RedisServer server;
    test::run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Subscriber subscriber(executor, server.settings(), {"news"}, {"user:*"});
        co_await subscriber.start();
        Connection other(server.settings());
        other.command({"PUBLISH", "news", "first"});
        other.command({"PUBLISH", "else", "unheard"});
        other.command({"PUBLISH", "user:1", "second"});
        auto message = co_await subscriber.next();
        EXPECT_EQ(message.channel + "=" + message.payload, "news=first");
        message = co_await subscriber.next();
        EXPECT_EQ(message.channel + "=" + message.payload, "user:1=second");
        EXPECT_EQ(message.pattern, "user:*");
    });
}

TEST(Subscriber, TellsAGapAfterALostConnectionAndHearsAgain) {
    test::RedisServer server;
    test::run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Subscriber subscriber(executor, server.settings(), {"news"});
        co_await subscriber.start();
        Connection(server.settings()).command({"PUBLISH", "news", "before"});
        auto message = co_await subscriber.next();
        EXPECT_EQ(message.payload, "before");
        Connection(server.settings()).command({"CLIENT", "KILL", "TYPE", "pubsub"});
        message = co_await subscriber.next();
        EXPECT_TRUE(message.is_gap);
        Connection(server.settings()).command({"PUBLISH", "news", "after"});
        message = co_await subscriber.next();
        EXPECT_EQ(message.payload, "after");
        server.kill();
        std::thread later([&] {
            std::this_thread::sleep_for(100ms);
            server.start();
        });
        message = co_await subscriber.next();
        EXPECT_TRUE(message.is_gap);
        later.join();
        EXPECT_TRUE(subscriber.is_connected());
    });
}

TEST(Subscriber, NoticesAServerThatIsGoneWithoutAWord) {
    test::RedisServer server;
    test::run([&]() -> asio::awaitable<void> {
        SubscriberLimits limits;
        limits.check = 50ms;
        limits.answer = 50ms;
        const auto executor = co_await asio::this_coro::executor;
        Subscriber subscriber(executor, server.settings(), {"news"}, {}, limits);
        co_await subscriber.start();
        server.pause();
        std::thread later([&] {
            std::this_thread::sleep_for(3s);
            server.resume();
        });
        const auto message = co_await subscriber.next();
        EXPECT_TRUE(message.is_gap);
        later.join();
    });
}

TEST(Subscriber, StartSaysWhenTheServerDoesNotLetIt) {
    test::RedisServer server({.lines = "aclfile \"\"\nuser mute on nopass ~* -@all +ping +client "
                                       "+auth\n",
                              .sentinel = false,
                              .tls = false});
    test::run([&]() -> asio::awaitable<void> {
        auto settings = server.settings();
        settings.user = "mute";
        settings.password = Secret("any");
        const auto executor = co_await asio::this_coro::executor;
        Subscriber subscriber(executor, settings, {"news"});
        bool is_refused = false;
        try {
            co_await subscriber.start();
        } catch (const Error& error) {
            is_refused = error.code() == Code::cannot_connect;
        }
        EXPECT_TRUE(is_refused);
    });
}

}  // namespace
}  // namespace caisson::redis
