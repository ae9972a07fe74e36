// SPDX-License-Identifier: Apache-2.0
// One relay over several databases.
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "base/error.h"
#include "drivers/pg/connection.h"
#include "drivers/pg/pool.h"
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

awaitable<void> until(std::function<bool()> holds) {
    const auto end = steady_clock::now() + 20s;
    while (!holds() && steady_clock::now() < end) {
        asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
        co_await timer.async_wait(asio::use_awaitable);
    }
    EXPECT_TRUE(holds());
}

/// A database with one table of one row, of which one pattern is made.
struct Place {
    explicit Place(std::string name) : table(std::move(name)), connection(database.settings()) {
        trust::install_catalogue(connection, {trust::identity_step(), outbox_step()});
        connection.script("create table " + table +
                          " (id bigint primary key, version bigint not null); insert into " +
                          table + " values (1, 0)");
        key.pattern = table + ":{tenant}:{role}:{id}";
        key.ttl = 600s;
        key.tables = {{table, "id", "id"}};
    }

    WriteToken write(std::int64_t version) {
        pg::Transaction transaction(connection);
        connection.query("update " + table + " set version = $1", {std::to_string(version)});
        const auto token = std::stoull(std::string(
            connection.query("select pg_current_xact_id()::text as x").front().text("x")));
        transaction.commit();
        return {token};
    }

    awaitable<std::int64_t> version(Cache& cache, WriteToken token = {}) {
        const Cache::Loader loader =
            [this](const pg::Session& who) -> awaitable<std::optional<std::string>> {
            ++loads;
            const auto rows =
                co_await pool->query(who, pg::Statement("select version from " + table));
            co_return std::to_string(rows.front().get<std::int64_t>(0));
        };
        const pg::Session session("anna");
        std::vector<std::string> values;
        values.emplace_back("1");
        const auto held =
            co_await cache.get(session, key.pattern, std::move(values), loader, token);
        co_return std::stoll(held->bytes);
    }

    std::string table;
    test::Database database;
    pg::Connection connection;
    platform::CacheKey key;
    std::unique_ptr<pg::Pool> pool;
    int loads = 0;
};

/// A machine that stands still is no Redis that is away.
CacheOptions patient() {
    CacheOptions options;
    options.redis = std::chrono::seconds(2);
    return options;
}

class RelayDatabases : public testing::Test {
 protected:
    RelayDatabases() : keys_{things_.key, orders_.key}, tables_(watched_tables(keys_)) {
        for (auto* const place : {&things_, &orders_}) {
            apply(place->connection, plan_triggers(place->connection, tables_, Absent::left_out));
        }
    }
    Place things_{"things"};
    Place orders_{"orders"};
    std::vector<platform::CacheKey> keys_;
    std::vector<WatchedTable> tables_;
    test::RedisServer redis_;
};

TEST_F(RelayDatabases, ChangesOfAllAreToldAndTokensOfAllAreKnown) {
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        things_.pool = std::make_unique<pg::Pool>(executor, things_.database.settings());
        orders_.pool = std::make_unique<pg::Pool>(executor, orders_.database.settings());
        const std::vector<pg::Settings> both{things_.database.settings(),
                                             orders_.database.settings()};
        Relay relay(executor, both, redis_.settings(), tables_);
        asio::co_spawn(executor, relay.run(), asio::detached);
        Cache cache(executor, Registry(keys_, "login"), redis_.settings(), patient());
        co_await until([&] { return cache.hears_changes(); });
        std::uint64_t changes = 0;
        for (std::int64_t round = 1; round <= 10; ++round) {
            for (auto* const place : {&things_, &orders_}) {
                auto& other = place == &things_ ? orders_ : things_;
                co_await place->version(cache);
                co_await other.version(cache);
                const auto other_loads = other.loads;
                const auto heard = cache.stats().changes;
                const auto token = place->write(round);
                const auto seen = co_await place->version(cache, token);
                EXPECT_EQ(seen, round);
                ++changes;
                co_await until([&] { return relay.stats().changes == changes; });
                // Its own token is known, so that what is kept is served to who carries it.
                co_await until([&] { return cache.stats().changes > heard; });
                co_await place->version(cache);
                const auto loads = place->loads;
                const auto again = co_await place->version(cache, token);
                EXPECT_EQ(again, round);
                EXPECT_EQ(place->loads, loads);
                // The other database's row is as it was.
                co_await other.version(cache);
                EXPECT_EQ(other.loads, other_loads);
            }
        }
        EXPECT_EQ(relay.stats().last_failure, "");
        // One that is cut off is read from where it was.
        pg::Connection admin(orders_.database.settings());
        admin.query(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = "
            "current_database() and pid <> pg_backend_pid() and query like '%cache_outbox%'");
        orders_.write(100);
        const auto end = steady_clock::now() + 10s;
        auto last = co_await orders_.version(cache);
        while (last != 100 && steady_clock::now() < end) {
            asio::steady_timer timer(executor, 1ms);
            co_await timer.async_wait(asio::use_awaitable);
            last = co_await orders_.version(cache);
        }
        EXPECT_EQ(last, 100);
        EXPECT_EQ(relay.stats().resets, 1U);
        things_.pool.reset();
        orders_.pool.reset();
    });
}

TEST_F(RelayDatabases, ADatabaseWithoutTheTablesMayBeAwayAndIsReadOnceItHasOne) {
    const test::Database third;
    pg::Connection admin(things_.database.settings());
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        things_.pool = std::make_unique<pg::Pool>(executor, things_.database.settings());
        const std::vector<pg::Settings> all{third.settings(), things_.database.settings(),
                                            orders_.database.settings()};
        RelayLimits limits;
        limits.triggers = 20ms;
        limits.beat = 10ms;
        Relay relay(executor, all, redis_.settings(), tables_, limits);
        asio::co_spawn(executor, relay.run(), asio::detached);
        Cache cache(executor, Registry(keys_, "login"), redis_.settings(), patient());
        // It has no schema caisson either.
        co_await until([&] { return cache.hears_changes(); });
        admin.query("alter database " + third.name() + " with allow_connections false");
        admin.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
                    {third.name()});
        for (std::int64_t round = 1; round <= 20; ++round) {
            const auto changes = relay.stats().changes;
            things_.write(round);
            co_await until([&] { return relay.stats().changes > changes; });
        }
        EXPECT_EQ(relay.stats().failures, 0U) << relay.stats().last_failure;
        EXPECT_EQ(relay.stats().resets, 1U);
        // A second one takes over from what the first one left in Redis.
        relay.close();
        admin.query("alter database " + third.name() + " with allow_connections true");
        Relay next(executor, all, redis_.settings(), tables_, limits);
        asio::co_spawn(executor, next.run(), asio::detached);
        co_await until([&] { return next.stats().is_telling; });
        EXPECT_EQ(next.stats().resets, 0U);
        // It gets a table.
        {
            pg::Connection connection(third.settings());
            trust::install_catalogue(connection, {trust::identity_step(), outbox_step()});
            connection.script("create table orders (id bigint primary key)");
            apply(connection, plan_triggers(connection, tables_, Absent::left_out));
        }
        co_await until([&] { return next.stats().resets == 1; });
        {
            pg::Connection connection(third.settings());
            connection.query("insert into orders values (7)");
        }
        co_await until([&] { return next.stats().changes == 1; });
        next.close();
        things_.pool.reset();
    });
}

TEST_F(RelayDatabases, ATriggerThatIsMissingInOneOfThemKeepsItFromTelling) {
    orders_.connection.query("drop trigger caisson_cache_update on orders");
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        const std::vector<pg::Settings> both{things_.database.settings(),
                                             orders_.database.settings()};
        Relay relay(executor, both, redis_.settings(), tables_);
        asio::co_spawn(executor, relay.run(), asio::detached);
        co_await until([&] { return relay.stats().failures > 0; });
        EXPECT_NE(relay.stats().last_failure.find("orders"), std::string::npos);
        EXPECT_FALSE(relay.stats().is_telling);
    });
}

TEST_F(RelayDatabases, ATableThatNoneHasIsSaid) {
    EXPECT_THROW(plan_triggers(things_.connection, tables_), Error);
    test::run([&]() -> awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        Relay relay(executor, things_.database.settings(), redis_.settings(), tables_);
        asio::co_spawn(executor, relay.run(), asio::detached);
        co_await until([&] { return relay.stats().failures > 0; });
        EXPECT_NE(relay.stats().last_failure.find("names the table orders"), std::string::npos);
        EXPECT_FALSE(relay.stats().is_telling);
    });
}

}  // namespace
}  // namespace caisson::cache
