// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <gtest/gtest.h>

#include "drivers/redis/client.h"
#include "drivers/redis/connection.h"
#include "tests/support/coroutine.h"
#include "tests/support/redis_server.h"

namespace caisson::redis {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

struct Heard {
    std::vector<std::string> keys;
    int all = 0;
    Tracking tracking(std::vector<std::string> prefixes = {}) {
        return {std::move(prefixes),
                [this](const std::vector<std::string>& some) {
                    keys.insert(keys.end(), some.begin(), some.end());
                },
                [this] { ++all; }};
    }
};

asio::awaitable<void> until(std::function<bool()> holds) {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!holds() && std::chrono::steady_clock::now() < end) {
        timer.expires_after(1ms);
        co_await timer.async_wait(asio::use_awaitable);
    }
    EXPECT_TRUE(holds());
}

TEST(Tracking, TellsOfKeysThatWereReadAndThenChanged) {
    test::RedisServer server;
    test::run([&]() -> asio::awaitable<void> {
        Heard heard;
        const auto executor = co_await asio::this_coro::executor;
        Client client(executor, server.settings(), ClientLimits(), heard.tracking());
        Command read{"GET"};
        read.emplace_back("read");
        co_await client.command(std::move(read));
        EXPECT_EQ(heard.all, 1);  // What changed before it was connected is not told.
        Connection other(server.settings());
        other.command({"SET", "unread", "1"});
        other.command({"SET", "read", "1"});
        co_await until([&] { return !heard.keys.empty(); });
        EXPECT_EQ(heard.keys, std::vector<std::string>{"read"});
        other.command({"FLUSHALL"});
        co_await until([&] { return heard.all == 2; });
    });
}

TEST(Tracking, TellsOfPrefixesUnasked) {
    test::RedisServer server;
    test::run([&]() -> asio::awaitable<void> {
        Heard heard;
        const auto executor = co_await asio::this_coro::executor;
        Client client(executor, server.settings(), ClientLimits(), heard.tracking({"user:"}));
        Command ping(1, "PING");
        co_await client.command(std::move(ping));
        Connection other(server.settings());
        other.command({"SET", "else:1", "1"});
        other.command({"SET", "user:1", "1"});
        co_await until([&] { return !heard.keys.empty(); });
        EXPECT_EQ(heard.keys, std::vector<std::string>{"user:1"});
    });
}

TEST(Tracking, ALostConnectionMakesEverythingDoubtful) {
    test::RedisServer server;
    for (const char* type : {"pubsub", "normal"}) {
        test::run([&]() -> asio::awaitable<void> {
            Heard heard;
            const auto executor = co_await asio::this_coro::executor;
            Client client(executor, server.settings(), ClientLimits(), heard.tracking());
            Command read(2, "GET");
            co_await client.command(read);
            const auto before = heard.all;
            Connection(server.settings()).command({"CLIENT", "KILL", "TYPE", type});
            co_await until([&] { return heard.all >= before + 2 && client.stats().is_connected; });
            co_await client.command(read);
            Connection(server.settings()).command({"SET", "GET", "new"});
            co_await until([&] { return !heard.keys.empty(); });
        });
    }
}

TEST(Tracking, ARefusedSetUpLeavesNoConnectionBehind) {
    test::RedisServer server;
    Connection admin(server.settings());
    for (const char* refused : {"-client|tracking", "-client|id"}) {
        admin.command({"ACL", "SETUSER", "limited", "reset", "on", ">secret-of-it", "~*", "&*",
                       "+@all", refused});
        test::run([&]() -> asio::awaitable<void> {
            auto settings = server.settings();
            settings.user = "limited";
            settings.password = Secret("secret-of-it");
            ClientLimits limits;
            limits.retry = 1ms;
            limits.retry_most = 2ms;
            Heard heard;
            const auto executor = co_await asio::this_coro::executor;
            Client client(executor, settings, limits, heard.tracking());
            co_await until([&] { return client.stats().failed >= 20; });
            const auto clients = [&] {
                const auto list = admin.command({"CLIENT", "LIST"}).text();
                return std::ranges::count(list, '\n');
            };
            // Ours, and those of the attempt that is under way or was closed a moment ago.
            co_await until([&] { return clients() <= 6; });
        });
    }
}

}  // namespace
}  // namespace caisson::redis
