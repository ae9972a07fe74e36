// SPDX-License-Identifier: Apache-2.0
// The cache while Redis takes no writes, and over a fail-over of PostgreSQL.
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
#include "tests/support/cluster.h"
#include "tests/support/coroutine.h"
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

std::vector<platform::CacheKey> keys() {
    platform::CacheKey key;
    key.pattern = pattern;
    key.ttl = 600s;
    key.tables = {{"things", "id", "id"}};
    return {key};
}

void prepare(pg::Connection& admin) {
    trust::install_catalogue(admin, {trust::identity_step(), outbox_step()});
    admin.script(
        "create table things (id bigint primary key, version bigint not null);"
        "insert into things select i, 0 from generate_series(1, 10) i");
    apply(admin, plan_triggers(admin, watched_tables(keys())));
}

WriteToken write(pg::Connection& writer, std::int64_t version) {
    pg::Transaction transaction(writer);
    writer.query("update things set version = $1 where id = 1", {std::to_string(version)});
    const auto token = std::stoull(
        std::string(writer.query("select pg_current_xact_id()::text as x").front().text("x")));
    transaction.commit();
    return {token};
}

awaitable<std::int64_t> version(Cache& cache, pg::Pool& pool, WriteToken token = {}) {
    const pg::Session session("anna");
    std::vector<std::string> values{"1"};
    const Cache::Loader loader =
        [&pool](const pg::Session& who) -> awaitable<std::optional<std::string>> {
        const auto rows = co_await pool.query(who, "select version from things where id = 1");
        co_return std::to_string(rows.front().get<std::int64_t>(0));
    };
    const auto held = co_await cache.get(session, pattern, std::move(values), loader, token);
    co_return std::stoll(held->bytes);
}

std::string epoch(redis::Connection& redis) {
    return redis.command({"HGET", marks_key, epoch_field}).optional().value_or("");
}

class FailOver : public testing::Test {
 protected:
    FailOver() {
        pg::Connection admin(primary_.settings());
        prepare(admin);
        standby_ = test::Cluster::replica_of(primary_);
    }
    test::Cluster primary_;
    std::unique_ptr<test::Cluster> standby_;
    test::RedisServer server_;
};

/// What the standby never received was cached: nobody may be given it by the new primary's time.
TEST_F(FailOver, NothingOfTheTimeThatWasLostIsServedOnceTheNewPrimaryTells) {
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        redis::Connection redis(server_.settings());
        Cache first(executor, Registry(keys(), "login"), server_.settings());
        Cache second(executor, Registry(keys(), "login"), server_.settings());
        std::string epoch_before;
        {
            pg::Pool pool(executor, primary_.settings());
            Relay relay(executor, primary_.settings(), server_.settings(), watched_tables(keys()));
            asio::co_spawn(executor, relay.run(), asio::detached);
            co_await until([&] { return first.hears_changes() && second.hears_changes(); });
            standby_->stop();  // From here it receives nothing.
            pg::Connection writer(primary_.settings());
            const auto token = write(writer, 9);
            const auto here = co_await version(first, pool, token);
            EXPECT_EQ(here, 9);
            co_await until([&] { return relay.stats().changes == 1; });
            // Kept in both processes and in Redis.
            for (auto* const cache : {&first, &second, &first, &second}) {
                const auto seen = co_await version(*cache, pool);
                EXPECT_EQ(seen, 9);
            }
            epoch_before = epoch(redis);
            EXPECT_NE(epoch_before, "");
            primary_.kill();
        }
        standby_->start();
        standby_->promote();
        pg::Pool pool(executor, standby_->settings());
        Relay relay(executor, standby_->settings(), server_.settings(), watched_tables(keys()));
        asio::co_spawn(executor, relay.run(), asio::detached);
        co_await until([&] { return relay.stats().is_telling; });
        EXPECT_EQ(relay.stats().resets, 1U);
        EXPECT_NE(epoch(redis), epoch_before);
        co_await until([&] { return first.hears_changes() && second.hears_changes(); });
        for (auto* const cache : {&first, &second, &first, &second}) {
            const auto seen = co_await version(*cache, pool);
            EXPECT_EQ(seen, 0);
        }
        // And changes are told as before.
        pg::Connection writer(standby_->settings());
        write(writer, 1);
        co_await until([&] { return relay.stats().changes == 1; });
        const auto end = steady_clock::now() + 10s;
        for (auto* const cache : {&first, &second}) {
            auto seen = co_await version(*cache, pool);
            while (seen != 1 && steady_clock::now() < end) {
                co_await sleep_for(1ms);
                seen = co_await version(*cache, pool);
            }
            EXPECT_EQ(seen, 1);
        }
    });
}

/// A Redis that answers, and takes no writes.
class RedisTakesNoWrites : public testing::Test {
 protected:
    explicit RedisTakesNoWrites(const std::string& lines = "")
        : server_(test::RedisServer::Options{lines, false, false}) {
        pg::Connection admin(database_.settings());
        prepare(admin);
    }
    using Act = std::function<void(redis::Connection&)>;

    /// Everything is right while `hinder` holds, only slower; and used again after `free`.
    void stays_right(const Act& hinder, const Act& free) {
        test::run([&]() -> awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            redis::Connection redis(server_.settings());
            pg::Pool pool(executor, database_.settings());
            pg::Connection writer(database_.settings());
            Cache first(executor, Registry(keys(), "login"), server_.settings());
            Cache second(executor, Registry(keys(), "login"), server_.settings());
            Relay relay(executor, database_.settings(), server_.settings(), watched_tables(keys()));
            asio::co_spawn(executor, relay.run(), asio::detached);
            co_await until([&] { return first.hears_changes() && second.hears_changes(); });
            co_await version(first, pool);
            co_await version(second, pool);
            hinder(redis);
            EXPECT_TRUE(redis.pipeline({{"SET", "refused", "x"}}).front().is_error());
            // Who carries the token of its write is right from the beginning.
            const auto token = write(writer, 1);
            for (auto* const cache : {&first, &second}) {
                const auto seen = co_await version(*cache, pool, token);
                EXPECT_EQ(seen, 1);
            }
            // Everybody is, once it is noticed that changes are not told.
            co_await until([&] {
                return !first.hears_changes() && !second.hears_changes() &&
                       redis.command({"GET", alive_key}).is_nothing();
            });
            EXPECT_NE(relay.stats().last_failure, "");
            for (std::int64_t round = 2; round <= 10; ++round) {
                write(writer, round);
                for (auto* const cache : {&first, &second}) {
                    const auto seen = co_await version(*cache, pool);
                    EXPECT_EQ(seen, round);
                }
            }
            free(redis);
            co_await until([&] { return relay.stats().is_telling; });
            co_await until([&] { return first.hears_changes() && second.hears_changes(); });
            write(writer, 11);
            const auto end = steady_clock::now() + 10s;
            for (auto* const cache : {&first, &second}) {
                auto seen = co_await version(*cache, pool);
                while (seen != 11 && steady_clock::now() < end) {
                    co_await sleep_for(1ms);
                    seen = co_await version(*cache, pool);
                }
                EXPECT_EQ(seen, 11);
            }
            const auto before = first.stats().patterns.at(0).loads;
            co_await version(first, pool);
            EXPECT_EQ(first.stats().patterns.at(0).loads, before);
        });
    }

    test::Cluster database_;
    test::RedisServer server_;
};

TEST_F(RedisTakesNoWrites, BecauseItsMemoryIsFull) {
    stays_right(
        [](redis::Connection& redis) {
            redis.command({"SET", "big", std::string(1'000'000, 'x')});
            redis.command({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
            redis.command({"CONFIG", "SET", "maxmemory", "1mb"});
        },
        [](redis::Connection& redis) {
            redis.command({"CONFIG", "SET", "maxmemory", "0"});
        });
}

class RedisThatSaves : public RedisTakesNoWrites {
 protected:
    RedisThatSaves() : RedisTakesNoWrites("save 3600 1\nstop-writes-on-bgsave-error yes\n") {}
    static void save(redis::Connection& redis, const std::string& expected) {
        redis.command({"BGSAVE"});
        const auto end = steady_clock::now() + 20s;
        while (redis.command({"INFO", "persistence"})
                       .text()
                       .find("rdb_last_bgsave_status:" + expected) == std::string::npos &&
               steady_clock::now() < end) {
        }
    }
};

TEST_F(RedisThatSaves, BecauseItsDiskIsFull) {
    fs::path obstacle;
    stays_right(
        [&](redis::Connection& redis) {
            const auto directory = redis.command({"CONFIG", "GET", "dir"}).items.at(1).text();
            // A directory in the place of its file: renaming fails, as writing would.
            obstacle = fs::path(std::string(directory)) / "dump.rdb";
            fs::remove(obstacle);
            fs::create_directories(obstacle / "taken");
            save(redis, "err");
        },
        [&](redis::Connection& redis) {
            fs::remove_all(obstacle);
            save(redis, "ok");
        });
}

}  // namespace
}  // namespace caisson::cache
