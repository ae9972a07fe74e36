// SPDX-License-Identifier: Apache-2.0
#include <random>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "base/error.h"
#include "drivers/redis/connection.h"
#include "serving/cache/marks.h"
#include "serving/cache/read_through.h"
#include "tests/support/coroutine.h"
#include "tests/support/redis_server.h"

namespace caisson::cache {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;

const std::string pattern = "thing:{tenant}:{role}:{id}";

Registry registry(std::chrono::seconds ttl = 60s,
                  std::optional<std::chrono::seconds> fresh = std::nullopt) {
    platform::CacheKey key;
    key.pattern = pattern;
    key.ttl = ttl;
    key.fresh = fresh;
    return Registry({key}, "login");
}

awaitable<void> sleep_for(std::chrono::milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

std::vector<std::string> id(int number) { return {std::to_string(number)}; }

struct Source {
    int loads = 0;
    bool fails = false;
    std::chrono::milliseconds takes{20};
    Cache::Loader loader() {
        return [this](const pg::Session& session) -> awaitable<std::optional<std::string>> {
            ++loads;
            const auto number = loads;
            co_await sleep_for(takes);
            if (fails) {
                throw Error(Code::cannot_connect, "the database is away");
            }
            co_return session.user() + "/" + session.role() + " #" + std::to_string(number);
        };
    }
};

awaitable<std::string> ask(Cache& cache, Source& source, int number, std::string user = "anna") {
    const pg::Session session(std::move(user), "app");
    auto values = id(number);
    const auto held = co_await cache.get(session, pattern, std::move(values), source.loader());
    co_return held->bytes;
}

awaitable<void> expect(Cache& cache, Source& source, int number, std::string expected) {
    const auto bytes = co_await ask(cache, source, number);
    EXPECT_EQ(bytes, expected);
}

class ReadThrough : public testing::Test {
 protected:
    CacheOptions options(std::string version = "1") const {
        CacheOptions made;
        made.version = std::move(version);
        made.report = 50ms;
        made.redis = 2s;  // A machine that stands still is no Redis that is away.
        return made;
    }
    test::RedisServer server_;
};

TEST_F(ReadThrough, IsLoadedOnceAndThenKeptHereAndInRedis) {
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Source source;
        Cache first(executor, registry(), server_.settings(), options());
        co_await expect(first, source, 1, "anna/app #1");
        co_await expect(first, source, 1, "anna/app #1");
        Cache second(executor, registry(), server_.settings(), options());
        co_await expect(second, source, 1, "anna/app #1");
        co_await expect(second, source, 1, "anna/app #1");
        EXPECT_EQ(source.loads, 1);
        EXPECT_EQ(first.stats().patterns.at(0).local_hits, 1U);
        EXPECT_EQ(second.stats().patterns.at(0).redis_hits, 1U);
        EXPECT_EQ(second.stats().patterns.at(0).local_hits, 1U);
        Cache newer(executor, registry(), server_.settings(), options("2"));
        co_await expect(newer, source, 1, "anna/app #2");
    });
    redis::Connection redis(server_.settings());
    const auto ttl = redis.command({"PTTL", "thing:anna:app:1"}).integer();
    EXPECT_GT(ttl, 50'000);
    EXPECT_LE(ttl, 60'000);
}

TEST_F(ReadThrough, WhatAnotherSchemaOrQueryKeptIsNotSeenHereNorInRedis) {
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Source source;
        Cache first(executor, registry(), server_.settings(), options());
        Cache second(executor, registry(), server_.settings(), options());
        const auto seen = [&](Cache& cache, std::uint64_t version) -> awaitable<std::string> {
            const pg::Session session("anna", "app");
            pg::CacheKey key{pattern, id(1), version};
            const auto held = co_await cache.get(session, std::move(key), source.loader());
            co_return held->bytes;
        };
        for (const auto& [cache, version, expected] :
             std::vector<std::tuple<Cache*, std::uint64_t, std::string>>{
                 {&first, 7, "anna/app #1"},
                 {&first, 7, "anna/app #1"},
                 {&second, 7, "anna/app #1"},
                 {&first, 8, "anna/app #2"},
                 {&first, 0, "anna/app #3"},
                 // What the last one stored in Redis is of another version.
                 {&second, 8, "anna/app #4"}}) {
            const auto bytes = co_await seen(*cache, version);
            EXPECT_EQ(bytes, expected) << version;
        }
    });
}

TEST_F(ReadThrough, AStampedeOfAThousandIsOneLoad) {
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Source source;
        source.takes = 200ms;
        Cache first(executor, registry(), server_.settings(), options());
        Cache second(executor, registry(), server_.settings(), options());
        std::vector<awaitable<void>> callers;
        for (int i = 0; i < 1000; ++i) {
            callers.push_back(expect(i % 2 == 0 ? first : second, source, 1, "anna/app #1"));
        }
        co_await test::all(std::move(callers));
        EXPECT_EQ(source.loads, 1);
        EXPECT_EQ(first.stats().patterns.at(0).waited + second.stats().patterns.at(0).waited, 998U);
    });
    EXPECT_TRUE(redis::Connection(server_.settings())
                    .command({"GET", std::string(lock_prefix) + "thing:anna:app:1"})
                    .is_nothing());
}

TEST_F(ReadThrough, NobodyEverSeesSomebodyElsesValue) {
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        auto small = options();
        small.local_bytes = 20'000;
        Source source;
        source.takes = 1ms;
        Cache first(executor, registry(), server_.settings(), small);
        Cache second(executor, registry(), server_.settings(), small);
        std::vector<awaitable<void>> callers;
        for (int own = 0; own < 50; ++own) {
            callers.push_back(
                [](Cache& one, Cache& other, Source& from, int who) -> awaitable<void> {
                    std::mt19937 random(static_cast<unsigned>(who));
                    const auto user = "user:" + std::to_string(who % 10);
                    for (int i = 0; i < 60; ++i) {
                        const auto bytes = co_await ask(random() % 2 == 0 ? one : other, from,
                                                        static_cast<int>(random() % 20), user);
                        EXPECT_TRUE(bytes.starts_with(user + "/app #")) << bytes;
                    }
                }(first, second, source, own));
        }
        co_await test::all(std::move(callers));
        EXPECT_LE(source.loads, 200);
    });
    // And every lock was given back.
    EXPECT_TRUE(redis::Connection(server_.settings())
                    .command({"KEYS", std::string(lock_prefix) + "*"})
                    .items.empty());
}

TEST_F(ReadThrough, AnOlderValueIsServedWhileANewerOneIsLoaded) {
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Source source;
        Cache cache(executor, registry(60s, 0s), server_.settings(), options());
        co_await expect(cache, source, 1, "anna/app #1");
        source.takes = 100ms;
        co_await expect(cache, source, 1, "anna/app #1");  // Had it waited, it would be the second.
        std::string bytes = "anna/app #1";
        for (int i = 0; i < 1000 && bytes == "anna/app #1"; ++i) {
            co_await sleep_for(5ms);
            bytes = co_await ask(cache, source, 1);
        }
        EXPECT_NE(bytes, "anna/app #1");
        EXPECT_GT(cache.stats().patterns.at(0).refreshed, 0U);
    });
}

TEST_F(ReadThrough, AnOlderValueIsServedWhileLoadingFailsAndNeverAfterItsTime) {
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Source source;
        source.takes = 1ms;
        Cache cache(executor, registry(5s, 0s), server_.settings(), options());
        co_await expect(cache, source, 1, "anna/app #1");
        source.fails = true;
        co_await expect(cache, source, 1, "anna/app #1");
        while (cache.stats().patterns.at(0).failures == 0) {
            co_await sleep_for(1ms);
        }
        co_await expect(cache, source, 1, "anna/app #1");
        co_await sleep_for(5100ms);
        bool has_failed = false;
        try {
            co_await ask(cache, source, 1);
        } catch (const Error& error) {
            has_failed = error.code() == Code::cannot_connect;
        }
        EXPECT_TRUE(has_failed);
    });
}

TEST_F(ReadThrough, AFailureReachesAllWhoWaitAndTheNextOneLoadsAgain) {
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Source source;
        source.fails = true;
        Cache cache(executor, registry(), server_.settings(), options());
        int failed = 0;
        std::vector<awaitable<void>> callers;
        for (int i = 0; i < 10; ++i) {
            callers.push_back([](Cache& one, Source& from, int& count) -> awaitable<void> {
                try {
                    co_await ask(one, from, 1);
                } catch (const Error&) {
                    ++count;
                }
            }(cache, source, failed));
        }
        co_await test::all(std::move(callers));
        EXPECT_EQ(failed, 10);
        EXPECT_EQ(source.loads, 1);
        source.fails = false;
        co_await expect(cache, source, 1, "anna/app #2");
    });
}

TEST_F(ReadThrough, NothingIsAValueToo) {
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        int loads = 0;
        const Cache::Loader loader =
            [&](const pg::Session&) -> awaitable<std::optional<std::string>> {
            ++loads;
            co_return std::nullopt;
        };
        Cache cache(executor, registry(), server_.settings(), options());
        const pg::Session session("anna", "app");
        for (int i = 0; i < 3; ++i) {
            auto values = id(1);
            const auto held = co_await cache.get(session, pattern, std::move(values), loader);
            EXPECT_TRUE(held->is_nothing);
        }
        EXPECT_EQ(loads, 1);
    });
}

TEST_F(ReadThrough, ACallerThatIsCancelledTakesNobodysValueAway) {
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Source source;
        source.takes = 100ms;
        Cache cache(executor, registry(), server_.settings(), options());
        asio::cancellation_signal signal;
        bool was_cancelled = false;
        asio::co_spawn(
            executor,
            [&]() -> awaitable<void> {
                try {
                    co_await ask(cache, source, 1);
                } catch (const boost::system::system_error&) {
                    was_cancelled = true;
                }
            },
            asio::bind_cancellation_slot(signal.slot(), asio::detached));
        std::vector<awaitable<void>> both;
        both.push_back(expect(cache, source, 1, "anna/app #1"));
        both.push_back([](asio::cancellation_signal& one) -> awaitable<void> {
            co_await sleep_for(20ms);
            one.emit(asio::cancellation_type::terminal);
        }(signal));
        co_await test::all(std::move(both));
        EXPECT_TRUE(was_cancelled);
        EXPECT_EQ(source.loads, 1);
    });
}

TEST_F(ReadThrough, WithoutRedisEverythingIsRightAndItIsUsedAgainWhenItIsBack) {
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Source source;
        source.takes = 1ms;
        auto brief = options();
        brief.redis = 100ms;
        Cache cache(executor, registry(), server_.settings(), brief);
        co_await expect(cache, source, 1, "anna/app #1");
        server_.kill();
        for (int i = 2; i < 12; ++i) {
            co_await expect(cache, source, i, "anna/app #" + std::to_string(i));
        }
        EXPECT_TRUE(cache.stats().redis_is_away);
        const auto start = std::chrono::steady_clock::now();
        co_await expect(cache, source, 12, "anna/app #12");
        co_await expect(cache, source, 12, "anna/app #12");
        EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
        server_.start();
        int number = 12;
        while (cache.stats().redis_is_away && number < 200) {
            ++number;
            co_await expect(cache, source, number, "anna/app #" + std::to_string(number));
            co_await sleep_for(20ms);
        }
        EXPECT_FALSE(cache.stats().redis_is_away);
        Cache other(executor, registry(), server_.settings(), options());
        co_await expect(cache, source, 500, "anna/app #" + std::to_string(number + 1));
        co_await expect(other, source, 500, "anna/app #" + std::to_string(number + 1));
    });
}

TEST_F(ReadThrough, ARedisThatIsHeldStillCostsItsLimitAndNotMore) {
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Source source;
        source.takes = 1ms;
        auto brief = options();
        brief.redis = 100ms;
        Cache cache(executor, registry(), server_.settings(), brief);
        co_await expect(cache, source, 1, "anna/app #1");
        server_.pause();
        std::chrono::steady_clock::duration longest{0};
        for (int i = 2; i < 20; ++i) {
            const auto start = std::chrono::steady_clock::now();
            co_await expect(cache, source, i, "anna/app #" + std::to_string(i));
            longest = std::max(longest, std::chrono::steady_clock::now() - start);
        }
        server_.resume();
        EXPECT_LT(longest, 10s);
        EXPECT_TRUE(cache.stats().redis_is_away);
    });
}

TEST_F(ReadThrough, FiguresOfAllProcessesAreAddedUpInRedis) {
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Source source;
        Cache first(executor, registry(), server_.settings(), options());
        Cache second(executor, registry(), server_.settings(), options());
        co_await expect(first, source, 1, "anna/app #1");
        co_await expect(second, source, 1, "anna/app #1");
        co_await expect(second, source, 1, "anna/app #1");
        redis::Connection redis(server_.settings());
        const auto figure = [&](const std::string& name) {
            return redis.command({"HGET", stats_key, name + "|" + pattern}).optional().value_or("");
        };
        for (int i = 0; i < 500 && figure("local_hits").empty(); ++i) {
            co_await sleep_for(10ms);
        }
        EXPECT_EQ(figure("loads"), "1");
        EXPECT_EQ(figure("redis_hits"), "1");
        EXPECT_EQ(figure("local_hits"), "1");
    });
}

}  // namespace
}  // namespace caisson::cache
