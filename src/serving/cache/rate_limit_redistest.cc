// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/error.h"
#include "drivers/redis/connection.h"
#include "serving/cache/rate_limit.h"
#include "tests/support/coroutine.h"
#include "tests/support/redis_server.h"

namespace caisson::cache {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;

awaitable<RateVerdict> ask(RateLimiter& limiter, std::string user, std::uint32_t quota) {
    RatePolicy policy;
    policy.name = "search";
    policy.quota = quota;
    policy.window = 3600s;
    std::string action = "search";
    co_return co_await limiter.ask(policy, std::move(user), std::move(action));
}

TEST(RateLimiter, AllProcessesCountTogetherAndEachUserAlone) {
    test::RedisServer server;
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        redis::Client one(executor, server.settings());
        redis::Client other(executor, server.settings());
        RateLimiter first(one);
        RateLimiter second(other);
        std::uint32_t allowed = 0;
        for (int i = 0; i < 30; ++i) {
            const auto verdict = co_await ask(i % 2 == 0 ? first : second, "anna", 10);
            EXPECT_FALSE(verdict.is_local);
            allowed += verdict.is_allowed ? 1 : 0;
            if (verdict.is_allowed) {
                EXPECT_EQ(verdict.remaining, 10 - allowed);
            } else {
                EXPECT_GT(verdict.retry_after, 300s);
                EXPECT_LE(verdict.retry_after, 360s);
            }
        }
        EXPECT_EQ(allowed, 10U);
        const auto bob = co_await ask(first, "bob", 10);
        EXPECT_TRUE(bob.is_allowed);
        EXPECT_EQ(bob.remaining, 9U);
    });
    redis::Connection redis(server.settings());
    EXPECT_GT(redis.command({"PTTL", "caisson:rate:search:search:anna"}).integer(), 3'000'000);
}

TEST(RateLimiter, WithoutRedisThisProcessCountsByItself) {
    test::RedisServer server;
    test::run([&]() -> awaitable<void> {
        redis::Client client(co_await asio::this_coro::executor, server.settings());
        RateLimiter limiter(client);
        co_await ask(limiter, "anna", 10);
        server.kill();
        std::uint32_t allowed = 0;
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < 30; ++i) {
            const auto verdict = co_await ask(limiter, "anna", 10);
            EXPECT_TRUE(verdict.is_local);
            allowed += verdict.is_allowed ? 1 : 0;
        }
        EXPECT_EQ(allowed, 10U);
        EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);  // Nobody waits for Redis.
    });
}

TEST(RateLimiter, PoliciesCountEachForItself) {
    test::RedisServer server;
    const std::vector<std::string> names = {"minute", "day"};
    test::run([&]() -> awaitable<void> {
        redis::Client client(co_await asio::this_coro::executor, server.settings());
        RateLimiter limiter(client);
        for (const auto& name : names) {
            RatePolicy policy{name, 2, 3600s, 2};
            std::string user = "anna";
            std::string action = "search";
            const auto verdict = co_await limiter.ask(policy, user, action, 2);
            EXPECT_TRUE(verdict.is_allowed) << name;
        }
    });
}

TEST(RateLimiter, ACostThatIsNoneOrCouldNeverBePaidIsAMistake) {
    test::RedisServer server;
    const std::vector<std::uint32_t> costs = {0, 6};
    test::run([&]() -> awaitable<void> {
        redis::Client client(co_await asio::this_coro::executor, server.settings());
        RateLimiter limiter(client);
        for (const auto cost : costs) {
            RatePolicy policy{"search", 60, 3600s, 5};
            std::string user = "anna";
            std::string action = "search";
            bool is_refused = false;
            try {
                co_await limiter.ask(policy, user, action, cost);
            } catch (const Error& error) {
                is_refused = error.code() == Code::usage;
            }
            EXPECT_TRUE(is_refused) << cost;
        }
    });
}

}  // namespace
}  // namespace caisson::cache
