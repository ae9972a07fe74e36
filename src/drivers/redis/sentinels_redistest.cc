// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "drivers/redis/client.h"
#include "drivers/redis/connection.h"
#include "tests/support/coroutine.h"
#include "tests/support/free_port.h"
#include "tests/support/redis_server.h"

namespace caisson::redis {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

TEST(Sentinels, TheMasterIsFoundAndFollowed) {
    test::RedisServer first;
    test::RedisServer second({.lines = "replicaof 127.0.0.1 " + std::to_string(first.port()) +
                                       "\nrepl-diskless-sync-delay 0\n",
                              .sentinel = false,
                              .tls = false});
    const auto watched =
        "sentinel monitor main 127.0.0.1 " + std::to_string(first.port()) +
        " 1\nsentinel auth-pass main of-a-test-alone\nsentinel down-after-milliseconds main 500\n"
        "sentinel failover-timeout main 2000\n";
    test::RedisServer sentinel({.lines = watched, .sentinel = true, .tls = false});
    Connection replica(second.settings());
    Connection guard(sentinel.tcp_settings());
    const auto is_ready = [&] {
        return replica.command({"INFO", "replication"}).text().find("master_link_status:up") !=
                   std::string::npos &&
               guard.command({"SENTINEL", "REPLICAS", "main"}).items.size() == 1;
    };
    for (int i = 0; i < 3000 && !is_ready(); ++i) {
        std::this_thread::sleep_for(10ms);
    }
    ASSERT_TRUE(is_ready());

    test::run([&]() -> asio::awaitable<void> {
        Sentinels sentinels;
        sentinels.master = "main";
        Settings away;
        away.port = test::free_port();
        sentinels.settings.push_back(away);
        sentinels.settings.push_back(sentinel.tcp_settings());
        Client client(co_await asio::this_coro::executor, sentinels, first.tcp_settings(),
                      ClientLimits());
        Command write{"SET"};
        write.emplace_back("key");
        write.emplace_back("1");
        co_await client.command(write);
        EXPECT_NE(client.stats().server.find(std::to_string(first.port())), std::string::npos);
        guard.command({"SENTINEL", "FAILOVER", "main"});
        const auto end = steady_clock::now() + 30s;
        const auto moved = std::to_string(second.port());
        bool is_written = false;
        while (steady_clock::now() < end &&
               (!is_written || client.stats().server.find(moved) == std::string::npos)) {
            is_written = false;
            try {
                co_await client.command(write);
                is_written = true;
            } catch (const Error&) {
                // Until the new master is there.
            }
            asio::steady_timer pause(co_await asio::this_coro::executor, 10ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
        EXPECT_TRUE(is_written);
        EXPECT_NE(client.stats().server.find(moved), std::string::npos) << client.stats().server;
        EXPECT_EQ(Connection(second.settings()).command({"ROLE"}).items.at(0).text(), "master");
    });
}

}  // namespace
}  // namespace caisson::redis
