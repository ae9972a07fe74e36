// SPDX-License-Identifier: Apache-2.0
// From a committed write to every process that caches: with a real PostgreSQL and a real Redis.
#include <random>

#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "base/error.h"
#include "drivers/pg/connection.h"
#include "drivers/pg/pool.h"
#include "drivers/redis/connection.h"
#include "serving/cache/marks.h"
#include "serving/cache/outbox.h"
#include "serving/cache/read_through.h"
#include "serving/cache/relay.h"
#include "tests/support/coroutine.h"
#include "tests/support/postgres.h"
#include "tests/support/redis_server.h"

namespace caisson::cache {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

const std::string pattern = "thing:{tenant}:{role}:{id}";

awaitable<void> sleep_for(std::chrono::milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

awaitable<void> until(std::function<bool()> holds) {
    const auto end = steady_clock::now() + 20s;
    while (!holds() && steady_clock::now() < end) {
        co_await sleep_for(1ms);
    }
    EXPECT_TRUE(holds());
}

/// A machine that stands still is no Redis that is away.
CacheOptions patient() {
    CacheOptions options;
    options.redis = std::chrono::seconds(2);
    return options;
}

class RelayTest : public testing::Test {
 protected:
    RelayTest() : writer_(database_.settings()) {
        trust::install_catalogue(writer_, {trust::identity_step(), outbox_step()});
        writer_.script(
            "create table things (id bigint primary key, version bigint not null);"
            "insert into things select i, 0 from generate_series(1, 10) i");
        platform::CacheKey key;
        key.pattern = pattern;
        key.ttl = 600s;
        key.tables = {{"things", "id", "id"}};
        keys_ = {key};
        apply(writer_, plan_triggers(writer_, watched_tables(keys_)));
    }

    /// With a pool to load from, a relay at work, and two caches as of two processes.
    void with_all(const std::function<awaitable<void>(Cache&, Cache&, Relay&)>& body) {
        test::run([&]() -> awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            pg::Pool pool(executor, database_.settings());
            pool_ = &pool;
            Relay relay(executor, database_.settings(), redis_.settings(), watched_tables(keys_));
            asio::co_spawn(executor, relay.run(), asio::detached);
            Cache first(executor, Registry(keys_, "login"), redis_.settings(), patient());
            Cache second(executor, Registry(keys_, "login"), redis_.settings(), patient());
            co_await until([&] { return first.hears_changes() && second.hears_changes(); });
            co_await body(first, second, relay);
        });
    }

    awaitable<std::int64_t> version(Cache& cache, int id, WriteToken token = {}) {
        const pg::Session session("anna");
        std::vector<std::string> values;
        values.push_back(std::to_string(id));
        const Cache::Loader loader =
            [this, id](const pg::Session& who) -> awaitable<std::optional<std::string>> {
            ++loads_;
            const auto rows = co_await pool_->query(
                who, "select version::text as version from things where id = $1",
                pg::Arguments(std::int64_t{id}));
            co_return rows.front().get<std::string>("version");
        };
        const auto held = co_await cache.get(session, pattern, std::move(values), loader, token);
        co_return std::stoll(held->bytes);
    }

    /// The token of its transaction.
    WriteToken write(int id, std::int64_t version) {
        pg::Transaction transaction(writer_);
        writer_.query("update things set version = $2 where id = $1",
                      {std::to_string(id), std::to_string(version)});
        const auto token = std::stoull(
            std::string(writer_.query("select pg_current_xact_id()::text as x").front().text("x")));
        transaction.commit();
        return {token};
    }

    test::Database database_;
    test::RedisServer redis_;
    pg::Connection writer_;
    std::vector<platform::CacheKey> keys_;
    pg::Pool* pool_ = nullptr;
    int loads_ = 0;
};

TEST_F(RelayTest, AWriteReachesEveryProcessAndNoOtherRowIsLoadedAgain) {
    with_all([&](Cache& first, Cache& second, Relay& relay) -> awaitable<void> {
        std::vector<double> delays;
        for (int round = 1; round <= 30; ++round) {
            co_await version(first, 1);
            co_await version(second, 1);
            co_await version(second, 2);
            const auto before = loads_;
            write(1, round);
            const auto start = steady_clock::now();
            for (auto* const cache : {&first, &second}) {
                while (co_await version(*cache, 1) != round) {
                    co_await sleep_for(std::chrono::milliseconds(1));
                }
            }
            delays.push_back(
                std::chrono::duration<double, std::milli>(steady_clock::now() - start).count());
            // Other rows are as they were.
            co_await version(second, 2);
            EXPECT_LE(loads_ - before, 4);
        }
        std::ranges::sort(delays);
        std::printf("seen by both processes: median %.1f ms, longest %.1f ms\n",
                    delays[delays.size() / 2], delays.back());
        EXPECT_EQ(relay.stats().changes, 30U);
        EXPECT_EQ(relay.stats().last_failure, "");
        EXPECT_GT(first.stats().patterns.at(0).local_hits, 0U);
    });
}

TEST_F(RelayTest, TellsARedisThatIsReachedOverTls) {
    const test::RedisServer secured({.lines = {}, .sentinel = false, .tls = true});
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Relay relay(executor, database_.settings(), secured.tcp_settings(), watched_tables(keys_));
        asio::co_spawn(executor, relay.run(), asio::detached);
        co_await until([&] { return relay.stats().is_telling; });
        write(1, 7);
        co_await until([&] { return relay.stats().changes == 1; });
        EXPECT_EQ(relay.stats().last_failure, "");
    });
}

TEST_F(RelayTest, WhoCarriesTheTokenOfAWriteNeverSeesWhatWasBefore) {
    with_all([&](Cache& first, Cache& second, Relay&) -> awaitable<void> {
        std::mt19937 random(1);
        for (int round = 1; round <= 300; ++round) {
            const int id = 1 + static_cast<int>(random() % 3);
            co_await version(first, id);
            const auto token = write(id, round);
            for (auto* const cache : {&first, &second}) {
                const auto seen = co_await version(*cache, id, token);
                EXPECT_EQ(seen, round);
            }
            if (random() % 4 == 0) {
                co_await sleep_for(std::chrono::milliseconds(random() % 5));
            }
        }
    });
}

/// The token is of a transaction that was never told: each must be given what began after it came.
TEST_F(RelayTest, ManyWhoCarryATokenShareLoadsThatBeganAfterTheyCame) {
    with_all([&](Cache& first, Cache&, Relay&) -> awaitable<void> {
        const WriteToken future{std::uint64_t{1} << 40U};
        std::vector<awaitable<void>> callers;
        const auto one = [this, future](Cache& cache) -> awaitable<void> {
            const auto seen = co_await version(cache, 1, future);
            EXPECT_EQ(seen, 0);
        };
        for (int i = 0; i < 200; ++i) {
            callers.push_back(one(first));
        }
        co_await test::all(std::move(callers));
        EXPECT_LE(loads_, 2);
        write(1, 1);
        const auto seen = co_await version(first, 1, future);
        EXPECT_EQ(seen, 1);
    });
}

TEST_F(RelayTest, AnotherConnectionToRedisIsAGap) {
    with_all([&](Cache& first, Cache&, Relay&) -> awaitable<void> {
        co_await version(first, 1);
        co_await version(first, 1);
        EXPECT_EQ(loads_, 1);
        const auto before = first.stats();
        redis::Connection(redis_.settings()).command({"CLIENT", "KILL", "TYPE", "normal"});
        co_await until([&] { return first.stats().redis.connected > before.redis.connected; });
        co_await version(first, 2);
        EXPECT_GT(first.stats().gaps, before.gaps);
        EXPECT_LE(first.stats().local.entries, 1U);  // Not the one of before.
    });
}

TEST_F(RelayTest, ALongTransactionHoldsNobodyUpAndIsHeardWhenItCommits) {
    with_all([&](Cache& first, Cache&, Relay&) -> awaitable<void> {
        pg::Connection slow(database_.settings());
        co_await version(first, 5);
        pg::Transaction transaction(slow);
        slow.query("update things set version = 100 where id = 5");
        // Later ones, with larger numbers, are told first.
        for (int round = 1; round <= 5; ++round) {
            co_await version(first, 1);
            const auto token = write(1, round);
            while (co_await version(first, 1) != round) {
                co_await sleep_for(std::chrono::milliseconds(1));
            }
            // And the token is known to be told though an older transaction is open: from here.
            const auto before = loads_;
            const auto seen = co_await version(first, 1, token);
            EXPECT_EQ(seen, round);
            EXPECT_EQ(loads_, before);
        }
        const auto before = co_await version(first, 5);
        EXPECT_EQ(before, 0);
        transaction.commit();
        co_await sleep_for(std::chrono::milliseconds(0));
        while (co_await version(first, 5) != 100) {
            co_await sleep_for(std::chrono::milliseconds(1));
        }
    });
}

TEST_F(RelayTest, NothingIsLostWhenConnectionsAreCut) {
    with_all([&](Cache& first, Cache& second, Relay&) -> awaitable<void> {
        pg::Connection admin(database_.settings());
        redis::Connection redis(redis_.settings());
        for (int round = 1; round <= 12; ++round) {
            co_await version(first, 1);
            co_await version(second, 1);
            if (round % 3 == 0) {
                admin.query(
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = "
                    "current_database() and pid <> pg_backend_pid() and query like "
                    "'%cache_outbox%'");
            } else if (round % 3 == 1) {
                redis.command({"CLIENT", "KILL", "TYPE", "pubsub"});
            } else {
                redis.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
            }
            write(1, round);
            for (auto* const cache : {&first, &second}) {
                const auto end = steady_clock::now() + 10s;
                auto seen = co_await version(*cache, 1);
                while (seen != round && steady_clock::now() < end) {
                    co_await sleep_for(std::chrono::milliseconds(1));
                    seen = co_await version(*cache, 1);
                }
                EXPECT_EQ(seen, round);
            }
        }
    });
}

TEST_F(RelayTest, WithoutARelayNothingOldIsServedForLong) {
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        pg::Pool pool(executor, database_.settings());
        pool_ = &pool;
        Cache cache(executor, Registry(keys_, "login"), redis_.settings(), patient());
        {
            Relay relay(executor, database_.settings(), redis_.settings(), watched_tables(keys_));
            asio::co_spawn(executor, relay.run(), asio::detached);
            co_await until([&] { return cache.hears_changes(); });
            co_await version(cache, 1);
            co_await version(cache, 1);
            EXPECT_EQ(loads_, 1);
        }
        write(1, 1);
        co_await until([&] { return !cache.hears_changes(); });
        co_await sleep_for(std::chrono::milliseconds(700));  // The lease of who told.
        const auto seen = co_await version(cache, 1);
        EXPECT_EQ(seen, 1);
        write(1, 2);
        const auto next = co_await version(cache, 1);
        EXPECT_EQ(next, 2);
        // And who takes over tells what happened meanwhile.
        Relay relay(executor, database_.settings(), redis_.settings(), watched_tables(keys_));
        asio::co_spawn(executor, relay.run(), asio::detached);
        co_await until([&] { return cache.hears_changes(); });
        const auto last = co_await version(cache, 1);
        EXPECT_EQ(last, 2);
        EXPECT_EQ(relay.stats().resets, 0U);
    });
}

/// Changes that no trigger writes down are not told, and nobody may take silence for a word.
TEST_F(RelayTest, WithoutATriggerItDoesNotSayThatItTellsAndBeginsAnewWhenItIsBack) {
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        pg::Pool pool(executor, database_.settings());
        pool_ = &pool;
        RelayLimits limits;
        limits.triggers = 50ms;
        Relay relay(executor, database_.settings(), redis_.settings(), watched_tables(keys_),
                    limits);
        asio::co_spawn(executor, relay.run(), asio::detached);
        Cache cache(executor, Registry(keys_, "login"), redis_.settings(), patient());
        co_await until([&] { return cache.hears_changes(); });
        co_await version(cache, 1);
        EXPECT_EQ(relay.stats().resets, 1U);
        writer_.query("alter table things disable trigger caisson_cache_update");
        co_await until([&] { return !relay.stats().is_telling && !cache.hears_changes(); });
        EXPECT_NE(relay.stats().last_failure.find("things"), std::string::npos);
        writer_.query("update things set version = 5 where id = 1");
        redis::Connection redis(redis_.settings());
        co_await until([&] { return redis.command({"GET", alive_key}).is_nothing(); });
        const auto without = co_await version(cache, 1);
        EXPECT_EQ(without, 5);
        writer_.query("update things set version = 6 where id = 1");
        writer_.query("alter table things enable trigger caisson_cache_update");
        co_await until([&] { return relay.stats().is_telling; });
        const auto after = co_await version(cache, 1);
        EXPECT_EQ(after, 6);
        EXPECT_EQ(relay.stats().resets, 2U);
    });
}

/// What a relay finds in the marks when it takes over from one that told of another database.
TEST_F(RelayTest, AnotherDatabaseOrAnOlderStateOfItselfDeclaresEverythingOld) {
    redis::Connection redis(redis_.settings());
    for (const auto& field : std::vector<std::pair<std::string, std::string>>{
             {"", ""},
             {"database", "7000000000000000001/00000001"},
             {"read", "99999999999:99999999999:"},
             {"triggers", "others"}}) {
        test::run([&]() -> awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            pg::Pool pool(executor, database_.settings());
            pool_ = &pool;
            Cache cache(executor, Registry(keys_, "login"), redis_.settings(), patient());
            if (!field.first.empty()) {
                redis.command({"HSET", marks_key, field.first, field.second});
            }
            redis.command({"DEL", alive_key});
            Relay relay(executor, database_.settings(), redis_.settings(), watched_tables(keys_));
            asio::co_spawn(executor, relay.run(), asio::detached);
            co_await until([&] { return cache.hears_changes(); });
            EXPECT_EQ(relay.stats().resets, 1U) << field.first;
            const auto before = co_await version(cache, 1);
            write(1, before + 1);
            co_await until([&] { return relay.stats().changes == 1; });
            co_await sleep_for(20ms);
            const auto after = co_await version(cache, 1);
            EXPECT_EQ(after, before + 1) << field.first;
        });
    }
}

TEST_F(RelayTest, WhatHappenedBeforeItDeclaredEverythingOldIsNotReadAndNothingTwice) {
    for (int i = 0; i < 50; ++i) {
        write(1, i);
    }
    pg::Connection slow(database_.settings());
    pg::Transaction open(slow);
    slow.query("update things set version = 100 where id = 5");
    with_all([&](Cache&, Cache&, Relay& relay) -> awaitable<void> {
        for (std::uint64_t round = 1; round <= 20; ++round) {
            write(2, static_cast<std::int64_t>(round));
            co_await until([&] { return relay.stats().changes >= round; });
        }
        EXPECT_EQ(relay.stats().changes, 20U);
        open.commit();
        co_await until([&] { return relay.stats().changes >= 21; });
        EXPECT_EQ(relay.stats().changes, 21U);
    });
}

TEST_F(RelayTest, ARedisThatStartsAgainServesNothingOld) {
    with_all([&](Cache& first, Cache& second, Relay& relay) -> awaitable<void> {
        co_await version(first, 1);
        redis_.kill();
        write(1, 7);
        redis_.start();
        const auto end = steady_clock::now() + 10s;
        for (auto* const cache : {&first, &second}) {
            auto seen = co_await version(*cache, 1);
            while (seen != 7 && steady_clock::now() < end) {
                co_await sleep_for(std::chrono::milliseconds(1));
                seen = co_await version(*cache, 1);
            }
            EXPECT_EQ(seen, 7);
        }
        co_await until([&] { return first.hears_changes() && second.hears_changes(); });
        co_await until([&] { return relay.stats().resets >= 2; });
    });
}

}  // namespace
}  // namespace caisson::cache
