// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <set>
#include <thread>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "drivers/redis/connection.h"
#include "serving/cache/hottest.h"
#include "serving/cache/marks.h"
#include "serving/cache/read_through.h"
#include "serving/cache/stored.h"
#include "tests/support/coroutine.h"
#include "tests/support/redis_server.h"

namespace caisson::cache {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

const std::string own = "thing:{tenant}:{role}:{id}";
const std::string plain = "countries";

awaitable<void> sleep_for(std::chrono::milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

class Warm : public testing::Test {
 protected:
    static Registry registry() {
        platform::CacheKey thing;
        thing.pattern = own;
        thing.ttl = 600s;
        platform::CacheKey countries;
        countries.pattern = plain;
        countries.ttl = 600s;
        countries.is_shared = true;
        return Registry({thing, countries}, "login");
    }

    /// Tells as whom it loads what.
    Cache::KeyLoader loader() const { return load_; }

    awaitable<std::string> ask(Cache& cache, pg::Session session, std::string id,
                               std::uint64_t version = 0) {
        pg::CacheKey key;
        key.pattern = own;
        key.values.push_back(std::move(id));
        key.version = version;
        const auto values = key.values;
        const Cache::Loader load = [this, values](const pg::Session& who) {
            return load_(who, values);
        };
        const auto held = co_await cache.get(session, std::move(key), load);
        co_return held->bytes;
    }

    /// A run in which one key is asked for more often than others.
    void run_once() {
        test::run([&]() -> awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            Cache cache(executor, registry(), server_.settings());
            cache.offer(own, loader());
            for (int i = 0; i < 9; ++i) {
                const pg::Session anna("anna:b", "app");
                co_await ask(cache, anna, std::string("x:1"));
                const pg::Session nobody = pg::Session::nobody();
                co_await ask(cache, nobody, std::string("2"), 7);
            }
            for (int i = 0; i < 20; ++i) {
                const pg::Session bert("bert", "app");
                co_await ask(cache, bert, std::to_string(i));
            }
            co_await cache.record_hottest();
        });
        loaded_.clear();
    }

    static void keep_only_the_list(redis::Connection& redis) {
        redis.command({"EVAL",
                       "for _, k in ipairs(redis.call('KEYS', '*')) do if k ~= ARGV[1] then "
                       "redis.call('DEL', k) end end",
                       "0", hottest_key});
    }

    test::RedisServer server_;
    std::vector<std::string> loaded_;
    bool is_away_ = false;
    const Cache::KeyLoader load_ =
        [this](const pg::Session& who,
               const std::vector<std::string>& values) -> awaitable<std::optional<std::string>> {
        if (is_away_) {
            throw Error(Code::cannot_connect, "the database is away");
        }
        const auto text =
            who.user() + "/" + who.role() + "/" + (values.empty() ? "" : values.front());
        loaded_.push_back(text);
        co_return text;
    };
};

TEST_F(Warm, TheHottestKeysOfTheLastRunAreWrittenDownTheHottestFirstAndForADay) {
    run_once();
    redis::Connection redis(server_.settings());
    const auto keys = hottest(redis);
    ASSERT_EQ(keys.size(), 22U);
    EXPECT_THAT((std::vector{keys[0].name, keys[1].name}),
                UnorderedElementsAre("thing:anna%3Ab:app:x%3A1", "thing:%:login:2"));
    EXPECT_EQ(keys[0].version + keys[1].version, 7U);
    EXPECT_LE(redis.command({"TTL", hottest_key}).integer(), 86400);
    EXPECT_GT(redis.command({"TTL", hottest_key}).integer(), 86000);
    // Never more than so many: what is colder goes.
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Cache cache(executor, registry(), server_.settings());
        cache.offer(own, loader());
        for (int round = 0; round < 2; ++round) {
            for (int i = 0; i < 1'100; ++i) {
                const pg::Session carl("carl", "app");
                co_await ask(cache, carl, std::to_string(i));
            }
        }
        co_await cache.record_hottest();
    });
    EXPECT_EQ(redis.command({"ZCARD", hottest_key}).integer(), 1000);
    EXPECT_THAT((std::vector{hottest(redis)[0].name, hottest(redis)[1].name}),
                UnorderedElementsAre("thing:anna%3Ab:app:x%3A1", "thing:%:login:2"));
}

TEST_F(Warm, TheNextRunLoadsThemForThoseWhomTheyWereKeptFor) {
    run_once();
    redis::Connection redis(server_.settings());
    keep_only_the_list(redis);
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Cache cache(executor, registry(), server_.settings());
        cache.offer(own, loader());
        cache.offer(plain, loader());
        WarmOptions options;
        options.most = 2;  // The key without values, and the hottest that is offered.
        auto report = co_await cache.warm(options);
        EXPECT_EQ(report.failures, 0U);
        EXPECT_THAT(loaded_, testing::Contains("//"));
        options.most = 1'000;
        options.a_second = 10'000;
        report = co_await cache.warm(options);
        EXPECT_GE(report.kept, 1U);
        EXPECT_EQ(cache.stats().warmed, 22U);
        // That of another version is offered by nobody.
        EXPECT_EQ(loaded_.size(), 22U);
        EXPECT_EQ((std::set<std::string>(loaded_.begin(), loaded_.end()).size()), 22U);
        EXPECT_THAT(loaded_, testing::Contains("anna:b/app/x:1"));
        const pg::Session anna("anna:b", "app");
        const auto bytes = co_await ask(cache, anna, std::string("x:1"));
        EXPECT_EQ(bytes, "anna:b/app/x:1");
        EXPECT_EQ(loaded_.size(), 22U);
        cache.offer(own, loader(), 7);
        co_await cache.warm(options);
        EXPECT_EQ(loaded_.back(), "//2") << "a session without a role has none when it is warmed";
    });
}

TEST_F(Warm, AListThatSomebodyElseWroteLoadsNothingForAnybodyElse) {
    redis::Connection redis(server_.settings());
    double score = 100;
    for (const auto* const text :
         {"no json", "[]", R"(["thing:{tenant}:{role}:{id}","0"])", R"([1,2,3])",
          R"(["thing:{tenant}:{role}:{id}","zz","thing:anna:app:1"])",
          R"(["thing:{tenant}:{role}:{id}","0","other:anna:app:1"])",
          R"(["thing:{tenant}:{role}:{id}","0","thing:anna:app:1:2"])",
          R"(["thing:{tenant}:{role}:{id}","0","thing:an%6Ea:app:1"])",
          R"(["thing:{tenant}:{role}:{id}","0","thing:an na:app:1"])",
          R"(["session:{id}","0","session:1"])"}) {
        redis.command({"ZADD", hottest_key, std::to_string(score--), text});
    }
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Cache cache(executor, registry(), server_.settings());
        cache.offer(own, loader());
        const auto report = co_await cache.warm();
        EXPECT_EQ(report.warmed, 0U);
        EXPECT_THAT(loaded_, ElementsAre());
    });
}

TEST_F(Warm, ItKeepsItsPaceAndGivesUpWhenNothingCanBeLoaded) {
    run_once();
    redis::Connection redis(server_.settings());
    keep_only_the_list(redis);
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Cache cache(executor, registry(), server_.settings());
        cache.offer(own, loader());
        is_away_ = true;
        WarmOptions options;
        options.a_second = 1'000;
        auto report = co_await cache.warm(options);
        EXPECT_GE(report.failures, 10U);
        EXPECT_LE(report.failures, 11U);
        is_away_ = false;
        options.a_second = 50;
        const auto start = steady_clock::now();
        report = co_await cache.warm(options);
        EXPECT_EQ(report.warmed, 21U);
        EXPECT_GE(steady_clock::now() - start, 400ms);
        // It ends in time, too.
        Cache another(executor, registry(), server_.settings());
        another.offer(own, loader());
        options.a_second = 2;
        options.within = 1250ms;
        report = co_await another.warm(options);
        EXPECT_GE(report.warmed, 1U);
        EXPECT_LE(report.warmed, 3U);
    });
}

TEST_F(Warm, EveryProcessThatCachesIsAskedAndADatabaseIsAskedOnceForEachKey) {
    run_once();
    redis::Connection redis(server_.settings());
    keep_only_the_list(redis);
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Cache first(executor, registry(), server_.settings());
        Cache second(executor, registry(), server_.settings());
        const auto end = steady_clock::now() + 20s;
        first.offer(own, loader());
        second.offer(own, loader());
        while (redis.command({"PUBSUB", "NUMSUB", channel}).items.at(1).integer() < 2 &&
               steady_clock::now() < end) {
            co_await sleep_for(1ms);
        }
        EXPECT_EQ(ask_to_warm(redis), 2);
        while ((first.stats().warmed < 21 || second.stats().warmed < 21) &&
               steady_clock::now() < end) {
            co_await sleep_for(5ms);
        }
        EXPECT_EQ(first.stats().warmed, 21U);
        EXPECT_EQ(second.stats().warmed, 21U);
        EXPECT_EQ(loaded_.size(), 21U);
    });
}

TEST_F(Warm, ACallerWhoIsCancelledEndsNoRoundAndTheNextOneIsHeard) {
    run_once();
    redis::Connection redis(server_.settings());
    keep_only_the_list(redis);
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Cache cache(executor, registry(), server_.settings());
        cache.offer(own, loader());
        asio::cancellation_signal signal;
        std::exception_ptr failure;
        asio::co_spawn(
            executor, cache.warm(),
            asio::bind_cancellation_slot(
                signal.slot(), [&](std::exception_ptr why, const WarmReport&) { failure = why; }));
        const auto end = steady_clock::now() + 20s;
        while (cache.stats().warmed == 0 && steady_clock::now() < end) {
            co_await sleep_for(1ms);
        }
        signal.emit(asio::cancellation_type::terminal);
        while (cache.stats().warmed < 21 && steady_clock::now() < end) {
            co_await sleep_for(1ms);
        }
        EXPECT_TRUE(failure);
        EXPECT_EQ(cache.stats().warmed, 21U);
        cache.offer(own, loader(), 7);
        // The round before may not be over to the last step.
        while (cache.stats().warmed < 22 && steady_clock::now() < end) {
            ask_to_warm(redis);
            co_await sleep_for(10ms);
        }
        EXPECT_EQ(cache.stats().warmed, 22U);
    });
}

TEST_F(Warm, WhatWouldNotBeKeptIsNotLoaded) {
    run_once();
    redis::Connection redis(server_.settings());
    keep_only_the_list(redis);
    auto declared = registry().declared();
    declared[0].tables = {{"things", "id", "id"}};
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        CacheOptions options;
        options.trust = 50ms;
        Cache cache(executor, Registry(declared, "login"), server_.settings(), options);
        cache.offer(own, loader());
        cache.offer(plain, loader());
        // Nobody tells changes.
        const auto report = co_await cache.warm();
        EXPECT_EQ(report.warmed, 1U);
        EXPECT_EQ(report.failures, 0U);
        EXPECT_THAT(loaded_, ElementsAre("//"));
    });
}

TEST_F(Warm, NamesGoOnceNobodyAsksOrTheirPatternIsFlushed) {
    run_once();
    redis::Connection redis(server_.settings());
    EXPECT_EQ(redis.command({"ZCARD", hottest_key}).integer(), 22);
    keep_only_the_list(redis);  // Without the minute in which it was halved already.
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        CacheOptions options;
        options.hottest = 2ms;
        options.report = 1h;
        Cache cache(executor, registry(), server_.settings(), options);
        const pg::Session carl("carl", "app");
        co_await ask(cache, carl, std::string("1"));
        co_await cache.record_hottest();
        EXPECT_EQ(redis.command({"ZCARD", hottest_key}).integer(), 22)
            << "what nobody offers is not written down";
        cache.offer(own, loader());
        const auto end = steady_clock::now() + 20s;
        while (redis.command({"ZCARD", hottest_key}).integer() > 1 && steady_clock::now() < end) {
            co_await sleep_for(3ms);
            co_await cache.record_hottest();
        }
        EXPECT_EQ(redis.command({"ZCARD", hottest_key}).integer(), 1);
        flush(redis, {registry().declared()[1]}, Scope::patterns, true);
        EXPECT_EQ(redis.command({"ZCARD", hottest_key}).integer(), 1);
        flush(redis, {registry().declared()[0]}, Scope::patterns, true);
        EXPECT_EQ(redis.command({"ZCARD", hottest_key}).integer(), 0);
    });
}

TEST_F(Warm, WhoIsAskedWhileAPatternIsFlushedKeepsNothingOld) {
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        redis::Connection redis(server_.settings());
        // So many that the flush takes its time.
        for (int i = 0; i < 60; ++i) {
            std::vector<std::string> command{"MSET"};
            for (int k = 0; k < 1'000; ++k) {
                command.push_back("other:" + std::to_string(i) + ":" + std::to_string(k));
                command.emplace_back("x");
            }
            redis.command(command);
        }
        Cache cache(executor, registry(), server_.settings());
        const auto end = steady_clock::now() + 20s;
        while (redis.command({"PUBSUB", "NUMSUB", channel}).items.at(1).integer() < 1 &&
               steady_clock::now() < end) {
            co_await sleep_for(1ms);
        }
        const pg::Session anna("anna", "app");
        for (int i = 0; i < 200; ++i) {
            co_await ask(cache, anna, std::to_string(i));
        }
        EXPECT_EQ(loaded_.size(), 200U);
        std::atomic<bool> is_over = false;
        std::jthread flushing([&] {
            redis::Connection other(server_.settings());
            flush(other, {registry().declared()[0]}, Scope::patterns, true);
            is_over = true;
        });
        while (!is_over && steady_clock::now() < end) {
            for (int i = 0; i < 200; ++i) {
                co_await ask(cache, anna, std::to_string(i));
            }
            co_await sleep_for(1ms);
        }
        // All are loaded anew, at the latest once the last word was heard.
        const auto is_anew = [&] {
            return std::set<std::string>(loaded_.begin() + 200, loaded_.end()).size() == 200;
        };
        const auto patience = steady_clock::now() + 5s;
        while (!is_anew() && steady_clock::now() < patience) {
            for (int i = 0; i < 200; ++i) {
                co_await ask(cache, anna, std::to_string(i));
            }
            co_await sleep_for(1ms);
        }
        EXPECT_TRUE(is_anew());
    });
}

TEST_F(Warm, AFlushOfOnePatternReachesProcessesAndLeavesTheOthers) {
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Cache cache(executor, registry(), server_.settings());
        cache.offer(plain, loader());
        co_await cache.warm();
        const pg::Session anna("anna", "app");
        co_await ask(cache, anna, std::string("1"));
        EXPECT_EQ(cache.stats().local.entries, 2U);
        redis::Connection redis(server_.settings());
        const auto end = steady_clock::now() + 20s;
        while (redis.command({"PUBSUB", "NUMSUB", channel}).items.at(1).integer() < 1 &&
               steady_clock::now() < end) {
            co_await sleep_for(1ms);
        }
        flush(redis, {registry().declared()[0]}, Scope::patterns, true);
        while (loaded_.size() < 3 && steady_clock::now() < end) {
            co_await ask(cache, anna, std::string("1"));
            co_await sleep_for(1ms);
        }
        EXPECT_EQ(loaded_.size(), 3U);
        co_await ask(cache, anna, std::string("1"));
        EXPECT_EQ(loaded_.size(), 3U);
        const auto report = co_await cache.warm();
        EXPECT_EQ(report.kept, 1U);
    });
}

}  // namespace
}  // namespace caisson::cache
