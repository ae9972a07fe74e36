// SPDX-License-Identifier: Apache-2.0
// Writers that tell what they committed, with a real PostgreSQL and a real Redis. Nobody carries
// changes here: somebody only says that they are, so that nothing is heard but what writers tell.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "base/error.h"
#include "drivers/pg/connection.h"
#include "drivers/redis/connection.h"
#include "serving/cache/marks.h"
#include "serving/cache/outbox.h"
#include "serving/cache/write_through.h"
#include "tests/support/coroutine.h"
#include "tests/support/postgres.h"
#include "tests/support/redis_server.h"

namespace caisson::cache {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;
using std::chrono::steady_clock;
using Transaction = pg::Lease::Transaction;

const std::string pattern = "thing:{tenant}:{role}:{id}";

awaitable<void> sleep_for(std::chrono::milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

awaitable<void> set_version(Transaction& inside, std::int64_t id, std::int64_t to) {
    co_await inside.query("update things set version = $2 where id = $1", pg::Arguments(id, to));
}

/// A machine that stands still is no Redis that is away.
CacheOptions patient() {
    CacheOptions options;
    options.redis = std::chrono::seconds(2);
    return options;
}

class WriteThrough : public testing::Test {
 protected:
    WriteThrough() {
        pg::Connection admin(database_.settings());
        trust::install_catalogue(admin, {trust::identity_step(), outbox_step()});
        admin.script(
            "create table things (id bigint primary key, version bigint not null);"
            "insert into things select i, 0 from generate_series(1, 1000) i;"
            "do 'begin create role cache_writer; exception when duplicate_object then null; end';"
            "grant select, update on things to cache_writer");
        platform::CacheKey key;
        key.pattern = pattern;
        key.ttl = 600s;
        key.tables = {{"things", "id", "id"}};
        keys_ = {key};
        apply(admin, plan_triggers(admin, watched_tables(keys_)));
    }

    /// Says that changes are told, and tells none.
    awaitable<void> say_that_changes_are_told() {
        while (!is_over_) {
            try {
                redis::Connection redis(redis_.settings());
                redis.command({"HSETNX", marks_key, epoch_field, "5"});
                redis.command({"SET", alive_key, "x", "PX", "10000"});
                redis.command({"PUBLISH", channel, R"({"open":"1","told":[],"tags":[]})"});
            } catch (const Error&) {
                // It is away.
            }
            co_await sleep_for(100ms);
        }
    }

    void with_caches(const std::function<awaitable<void>(Cache&, Cache&, pg::Pool&)>& body) {
        test::run([&]() -> awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            pg::Pool pool(executor, database_.settings());
            pool_ = &pool;
            asio::co_spawn(executor, say_that_changes_are_told(), asio::detached);
            Cache first(executor, Registry(keys_, "login"), redis_.settings(), patient());
            Cache second(executor, Registry(keys_, "login"), redis_.settings(), patient());
            const auto end = steady_clock::now() + 20s;
            while (!(first.hears_changes() && second.hears_changes()) &&
                   steady_clock::now() < end) {
                co_await sleep_for(1ms);
            }
            EXPECT_TRUE(first.hears_changes() && second.hears_changes());
            co_await body(first, second, pool);
            is_over_ = true;
        });
    }

    awaitable<std::int64_t> version(Cache& cache, std::int64_t id, WriteToken token = {}) {
        const pg::Session session("anna");
        std::vector<std::string> values;
        values.push_back(std::to_string(id));
        const Cache::Loader loader =
            [this, id](const pg::Session& who) -> awaitable<std::optional<std::string>> {
            ++loads_;
            const auto rows = co_await pool_->query(who, "select version from things where id = $1",
                                                    pg::Arguments(id));
            co_return std::to_string(rows.front().get<std::int64_t>(0));
        };
        const auto held = co_await cache.get(session, pattern, std::move(values), loader, token);
        co_return std::stoll(held->bytes);
    }

    test::Database database_;
    test::RedisServer redis_;
    std::vector<platform::CacheKey> keys_;
    pg::Pool* pool_ = nullptr;
    int loads_ = 0;
    bool is_over_ = false;
};

TEST_F(WriteThrough, WhatIsCommittedIsSeenAtOnceAndNoOtherRowIsLoadedAgain) {
    with_caches([&](Cache& first, Cache& second, pg::Pool& pool) -> awaitable<void> {
        for (std::int64_t round = 1; round <= 20; ++round) {
            for (auto* const cache : {&first, &second}) {
                co_await version(*cache, 1);
                co_await version(*cache, 2);
            }
            const auto before = loads_;
            const auto work = [round](Transaction& inside) -> awaitable<void> {
                co_await set_version(inside, 1, round);
            };
            const pg::Session session("anna");
            const auto token = co_await transact(first, pool, session, work);
            EXPECT_GT(token.transaction, 0U);
            const auto here = co_await version(first, 1);
            EXPECT_EQ(here, round);
            const auto end = steady_clock::now() + 10s;
            auto there = co_await version(second, 1);
            while (there != round && steady_clock::now() < end) {
                co_await sleep_for(1ms);
                there = co_await version(second, 1);
            }
            EXPECT_EQ(there, round);
            for (auto* const cache : {&first, &second}) {
                const auto other = co_await version(*cache, 2);
                EXPECT_EQ(other, 0);
            }
            EXPECT_EQ(loads_ - before, 1);
        }
    });
}

TEST_F(WriteThrough, GivesWhatTheWorkGivesAsWhoeverMayWrite) {
    with_caches([&](Cache& first, Cache&, pg::Pool& pool) -> awaitable<void> {
        co_await version(first, 1);
        const auto work = [](Transaction& inside) -> awaitable<std::int64_t> {
            co_await set_version(inside, 1, 7);
            co_return 42;
        };
        // A role that has no right on what Caisson keeps.
        const pg::Session session("anna", "cache_writer");
        const auto written = co_await transact(first, pool, session, work);
        EXPECT_EQ(written.value, 42);
        EXPECT_GT(written.token.transaction, 0U);
        const auto seen = co_await version(first, 1);
        EXPECT_EQ(seen, 7);
    });
}

TEST_F(WriteThrough, NothingIsForgottenOfWhatIsRolledBackOrOnlyRead) {
    with_caches([&](Cache& first, Cache&, pg::Pool& pool) -> awaitable<void> {
        co_await version(first, 1);
        const pg::Session session("anna");
        bool has_failed = false;
        try {
            const auto work = [](Transaction& inside) -> awaitable<void> {
                co_await set_version(inside, 1, 7);
                throw Error(Code::usage, "changed our mind");
            };
            co_await transact(first, pool, session, work);
        } catch (const Error& error) {
            has_failed = error.message() == "changed our mind";
        }
        EXPECT_TRUE(has_failed);
        const auto reads = [](Transaction& inside) -> awaitable<void> {
            co_await inside.query("select 1", pg::Arguments());
        };
        const auto token = co_await transact(first, pool, session, reads);
        EXPECT_EQ(token.transaction, 0U);
        const auto seen = co_await version(first, 1);
        EXPECT_EQ(seen, 0);
        EXPECT_EQ(loads_, 1);
        EXPECT_EQ(first.stats().changes, 0U);
    });
}

TEST_F(WriteThrough, WithoutRedisTheTransactionIsDoneAndItsOwnProcessRight) {
    with_caches([&](Cache& first, Cache&, pg::Pool& pool) -> awaitable<void> {
        co_await version(first, 1);
        redis_.kill();
        const pg::Session session("anna");
        for (std::int64_t round = 1; round <= 10; ++round) {
            const auto work = [round](Transaction& inside) -> awaitable<void> {
                co_await set_version(inside, 1, round);
            };
            const auto start = steady_clock::now();
            const auto token = co_await transact(first, pool, session, work);
            EXPECT_LT(steady_clock::now() - start, 5s);
            EXPECT_GT(token.transaction, 0U);
            const auto seen = co_await version(first, 1, token);
            EXPECT_EQ(seen, round);
        }
    });
}

TEST_F(WriteThrough, WritersWhoAreCancelledSayNothingOfRedis) {
    with_caches([&](Cache& first, Cache&, pg::Pool&) -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        // Who says that changes are told would wait for Redis, in this thread.
        is_over_ = true;
        co_await sleep_for(150ms);
        redis_.pause();
        for (int i = 0; i < 10; ++i) {
            bool is_over = false;
            asio::cancellation_signal signal;
            Changes changes;
            changes.tags.emplace_back("any|things");
            asio::co_spawn(executor, first.tell(std::move(changes)),
                           asio::bind_cancellation_slot(
                               signal.slot(), [&](const std::exception_ptr&) { is_over = true; }));
            // It is sent before it is cancelled.
            co_await sleep_for(1ms);
            signal.emit(asio::cancellation_type::terminal);
            while (!is_over) {
                co_await sleep_for(1ms);
            }
        }
        EXPECT_FALSE(first.stats().redis_is_away);
        redis_.resume();
    });
}

TEST_F(WriteThrough, SoManyChangesThatTheyAreLeftToOthersFailNothing) {
    with_caches([&](Cache& first, Cache&, pg::Pool& pool) -> awaitable<void> {
        co_await version(first, 1);
        const auto work = [](Transaction& inside) -> awaitable<void> {
            for (std::int64_t id = 1; id <= 1000; ++id) {
                co_await set_version(inside, id, 3);
                co_await set_version(inside, id, 4);
                co_await set_version(inside, id, 5);
            }
        };
        const pg::Session session("anna");
        const auto token = co_await transact(first, pool, session, work);
        EXPECT_EQ(first.stats().changes, 0U);
        const auto seen = co_await version(first, 1, token);
        EXPECT_EQ(seen, 5);
    });
}

}  // namespace
}  // namespace caisson::cache
