// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "drivers/pg/lease.h"
#include "drivers/pg/pool.h"
#include "tests/support/coroutine.h"
#include "tests/support/postgres.h"

namespace caisson::pg {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

asio::awaitable<std::int64_t> number(Pool& pool, Statement statement, Arguments arguments = {}) {
    const auto rows =
        co_await pool.query(Session::nobody(), std::move(statement), std::move(arguments));
    co_return rows.front().get<std::int64_t>(0);
}

class LeaseTest : public testing::Test {
 protected:
    template <typename Body>
    void with_pool(Body body, PoolLimits limits = {.max = 2}) {
        test::run([&]() -> asio::awaitable<void> {
            Pool pool(co_await asio::this_coro::executor, database_.settings(), limits);
            co_await body(pool);
        });
    }
    test::Database database_;
};

TEST_F(LeaseTest, ATransactionIsSeenOnceItIsCommitted) {
    with_pool([&](Pool& pool) -> asio::awaitable<void> {
        co_await pool.query(Session::nobody(), "create table t (id int, who text)");
        {
            auto lease = co_await pool.lease();
            auto transaction = co_await lease.begin(Session("anna"));
            co_await transaction.query(
                "insert into t values (1, current_setting('app.current_user_id'))");
            EXPECT_EQ(co_await number(pool, "select count(*) from t"), 0);
            co_await transaction.query(
                "insert into t values ($1, current_setting('app.current_user_id'))", Arguments(2));
            co_await transaction.commit();
        }
        EXPECT_EQ(co_await number(pool, "select count(*) from t where who = 'anna'"), 2);
    });
}

TEST_F(LeaseTest, WithoutACommitNothingStaysAndTheLaneIsUsedAgain) {
    with_pool(
        [&](Pool& pool) -> asio::awaitable<void> {
            co_await pool.query(Session::nobody(), "create table t (id int)");
            const auto process = co_await number(pool, "select pg_backend_pid()::int8");
            {
                auto lease = co_await pool.lease();
                auto transaction = co_await lease.begin(Session("anna"));
                co_await transaction.query("insert into t values (1)");
            }
            EXPECT_EQ(co_await number(pool, "select count(*) from t"), 0);
            EXPECT_EQ(co_await number(pool, "select pg_backend_pid()::int8"), process);
        },
        {.max = 1});
}

TEST_F(LeaseTest, AFailedTransactionCannotBeCommitted) {
    with_pool([&](Pool& pool) -> asio::awaitable<void> {
        co_await pool.query(Session::nobody(), "create table t (id int)");
        auto lease = co_await pool.lease();
        auto transaction = co_await lease.begin(Session("anna"));
        co_await transaction.query("insert into t values (1)");
        EXPECT_THROW(co_await transaction.query("select 1 / 0"), DatabaseError);
        bool is_told = false;
        try {
            co_await transaction.commit();
        } catch (const DatabaseError& error) {
            is_told = error.sqlstate == "25P02";
        }
        EXPECT_TRUE(is_told);
        EXPECT_EQ(co_await number(pool, "select count(*) from t"), 0);
    });
}

TEST_F(LeaseTest, WhatAHolderLeftBehindIsGoneForTheNext) {
    with_pool(
        [&](Pool& pool) -> asio::awaitable<void> {
            co_await pool.query(Session::nobody(), "create role somebody");
            const auto process = co_await number(pool, "select pg_backend_pid()::int8");
            {
                auto lease = co_await pool.lease();
                const auto nobody = Session::nobody();
                co_await lease.query(nobody, "set app.current_user_id = 'mallory'");
                co_await lease.query(nobody, "set work_mem = '123MB'");
                co_await lease.query(nobody, "create temporary table mine (id int)");
                co_await lease.query(nobody, "select pg_advisory_lock(42)");
                co_await lease.query(nobody, "listen channel");
                co_await lease.query(nobody, "declare c cursor with hold for select 1");
                co_await lease.query(nobody, "set role somebody");
            }
            const auto rows = co_await pool.query(
                Session::nobody(),
                "select current_setting('app.current_user_id') as who, current_setting('work_mem') "
                "as memory, current_user::text as role, to_regclass('mine')::text as mine, "
                "(select count(*) from pg_locks where locktype = 'advisory') as locks, "
                "(select count(*) from pg_listening_channels()) as channels, "
                "(select count(*) from pg_cursors where name = 'c') as cursors, "
                "pg_backend_pid()::int8 as process");
            const auto row = rows.front();
            EXPECT_EQ(row.get<std::string>("who"), "");
            EXPECT_NE(row.get<std::string>("memory"), "123MB");
            EXPECT_EQ(row.get<std::string>("role"), "postgres");
            EXPECT_EQ(row.get<std::optional<std::string>>("mine"), std::nullopt);
            EXPECT_EQ(row.get<std::int64_t>("locks"), 0);
            EXPECT_EQ(row.get<std::int64_t>("channels"), 0);
            EXPECT_EQ(row.get<std::int64_t>("cursors"), 0);
            EXPECT_EQ(row.get<std::int64_t>("process"), process);
            co_await pool.query(Session::nobody(), "drop role somebody");
        },
        {.max = 1});
}

TEST_F(LeaseTest, AStreamGivesRowByRowAndHoldsTheServerBack) {
    with_pool([&](Pool& pool) -> asio::awaitable<void> {
        auto lease = co_await pool.lease();
        // 200 MB, of which nearly all stays at the server while we are slow.
        auto stream = co_await lease.stream(
            Session("anna"),
            "select i::int8, repeat('x', 10000), current_setting('app.current_user_id') as who "
            "from generate_series(1, $1::int4) as i",
            Arguments(20'000));
        std::int64_t seen = 0;
        for (; seen < 100; ++seen) {
            const auto row = co_await stream.next();
            EXPECT_EQ(row->front().get<std::int64_t>(0), seen + 1);
            EXPECT_EQ(row->front().get<std::string>("who"), "anna");
        }
        // A busy server takes its time until nothing more fits between it and us.
        std::int64_t waits = 0;
        for (int looks = 0; looks < 5'000 && waits == 0; ++looks) {
            waits = co_await number(
                pool,
                "select count(*) from pg_stat_activity where wait_event = 'ClientWrite' and pid = "
                "$1",
                Arguments(lease.backend_process()));
        }
        EXPECT_EQ(waits, 1);
        while (const auto row = co_await stream.next()) {
            ++seen;
        }
        EXPECT_EQ(seen, 20'000);
        EXPECT_FALSE(co_await stream.next());
        EXPECT_EQ((co_await lease.query(Session::nobody(), "select 1::int8"))
                      .front()
                      .get<std::int64_t>(0),
                  1);
    });
}

TEST_F(LeaseTest, AStreamThatFailsOrIsDroppedLeavesThePoolInOrder) {
    with_pool([&](Pool& pool) -> asio::awaitable<void> {
        {
            auto lease = co_await pool.lease();
            auto stream = co_await lease.stream(
                Session::nobody(), "select 1 / (10 - i) from generate_series(1, 20) as i");
            int rows = 0;
            bool is_told = false;
            try {
                while (const auto row = co_await stream.next()) {
                    ++rows;
                }
            } catch (const DatabaseError& error) {
                is_told = error.sqlstate == "22012";
            }
            EXPECT_TRUE(is_told);
            EXPECT_EQ(rows, 9);
            EXPECT_FALSE(co_await stream.next());
            EXPECT_THROW(co_await lease.stream(Session("anna", "no_such_role"), "select 1"),
                         DatabaseError);
            EXPECT_THROW(co_await lease.stream(Session("anna"), "select nothing"), DatabaseError);
        }
        EXPECT_EQ(pool.stats().broken, 0U);
        {
            auto lease = co_await pool.lease();
            auto stream = co_await lease.stream(
                Session::nobody(), "select repeat('x', 1000) from generate_series(1, 100000)");
            co_await stream.next();
        }
        EXPECT_EQ(co_await number(pool, "select 1::int8"), 1);
        EXPECT_EQ(pool.stats().broken, 1U);
    });
}

TEST_F(LeaseTest, AStreamWhoseCommitIsRefusedFailsBehindItsRows) {
    with_pool([&](Pool& pool) -> asio::awaitable<void> {
        co_await pool.query(Session::nobody(), "create table parent (id int8 primary key)");
        co_await pool.query(Session::nobody(),
                            "create table child (parent int8 references parent deferrable "
                            "initially deferred)");
        auto lease = co_await pool.lease();
        auto stream = co_await lease.stream(Session::nobody(),
                                            "insert into child values ($1::int8) returning parent",
                                            Arguments(1));
        EXPECT_EQ((co_await stream.next())->front().get<std::int64_t>(0), 1);
        bool is_told = false;
        try {
            co_await stream.next();
        } catch (const DatabaseError& error) {
            is_told = error.sqlstate == "23503";
        }
        EXPECT_TRUE(is_told);
        EXPECT_FALSE(co_await stream.next());
        const auto left = co_await lease.query(Session::nobody(), "select count(*) from child");
        EXPECT_EQ(left.front().get<std::int64_t>(0), 0);
    });
}

TEST_F(LeaseTest, CopyGoesInAndComesOutAsTextAndAsBinary) {
    with_pool([&](Pool& pool) -> asio::awaitable<void> {
        co_await pool.query(Session::nobody(), "create table t (id int8, name text)");
        auto lease = co_await pool.lease();
        int sent = 0;
        std::string chunk;
        const auto rows = co_await lease.copy_in(
            Session("anna"), "copy t from stdin", [&]() -> asio::awaitable<std::string_view> {
                chunk.clear();
                for (int i = 0; i < 1000 && sent < 50'000; ++i, ++sent) {
                    chunk += std::to_string(sent) + "\tname " + std::to_string(sent) + "\n";
                }
                co_return chunk;
            });
        EXPECT_EQ(rows, 50'000U);
        std::string binary;
        EXPECT_EQ(co_await lease.copy_out(Session("anna"), "copy t to stdout (format binary)",
                                          [&](std::string_view bytes) -> asio::awaitable<void> {
                                              binary += bytes;
                                              co_return;
                                          }),
                  50'000U);
        co_await pool.query(Session::nobody(), "create table u (like t)");
        std::size_t at = 0;
        co_await lease.copy_in(Session("anna"), "copy u from stdin (format binary)",
                               [&]() -> asio::awaitable<std::string_view> {
                                   // Cut anywhere.
                                   const auto part = std::string_view(binary).substr(at, 7'777);
                                   at += part.size();
                                   co_return part;
                               });
        EXPECT_EQ(co_await number(pool,
                                  "select count(*) from (select * from t except select * "
                                  "from u) as d"),
                  0);
        EXPECT_EQ(co_await number(pool, "select count(*) from u"), 50'000);
    });
}

TEST_F(LeaseTest, ACopyThatFailsOnEitherSideStoresNothingAndTheLaneGoesOn) {
    with_pool(
        [&](Pool& pool) -> asio::awaitable<void> {
            co_await pool.query(Session::nobody(), "create table t (id int8)");
            auto lease = co_await pool.lease();
            const auto once = [](std::string_view text, bool fails) {
                return
                    [text, fails, is_sent = false]() mutable -> asio::awaitable<std::string_view> {
                        if (std::exchange(is_sent, true)) {
                            if (fails) {
                                throw std::runtime_error("the file ended");
                            }
                            co_return "";
                        }
                        co_return text;
                    };
            };
            EXPECT_THROW(
                co_await lease.copy_in(Session("anna"), "copy t from stdin", once("1\nx\n", false)),
                DatabaseError);
            EXPECT_THROW(
                co_await lease.copy_in(Session("anna"), "copy t from stdin", once("1\n", true)),
                std::runtime_error);
            EXPECT_THROW(co_await lease.copy_in(Session("anna"), "copy nothing from stdin",
                                                once("1\n", false)),
                         DatabaseError);
            EXPECT_THROW(co_await lease.copy_in(Session("anna"), "select 1", once("1\n", false)),
                         Error);
            EXPECT_EQ(
                co_await lease.copy_in(Session("anna"), "copy t from stdin", once("5\n", false)),
                1U);
            const auto rows =
                co_await lease.query(Session::nobody(), "select sum(id)::int8 from t");
            EXPECT_EQ(rows.front().get<std::int64_t>(0), 5);
            EXPECT_EQ(pool.stats().broken, 0U);
        },
        {.max = 1});
}

TEST_F(LeaseTest, CancellingEndsWhatTheServerDoes) {
    with_pool([&](Pool& pool) -> asio::awaitable<void> {
        auto lease = co_await pool.lease();
        bool is_cancelled = false;
        std::vector<asio::awaitable<void>> both;
        both.push_back([](Lease& held, bool& seen) -> asio::awaitable<void> {
            try {
                co_await held.query(Session::nobody(), "select pg_sleep(20)");
            } catch (const DatabaseError& error) {
                seen = error.sqlstate == "57014";
            }
        }(lease, is_cancelled));
        both.push_back([](Pool& shared, Lease& held) -> asio::awaitable<void> {
            while (co_await number(shared,
                                   "select count(*) from pg_stat_activity where wait_event = "
                                   "'PgSleep' and pid = $1",
                                   Arguments(held.backend_process())) == 0) {
            }
            co_await held.cancel();
        }(pool, lease));
        co_await test::all(std::move(both));
        EXPECT_TRUE(is_cancelled);
    });
}

TEST_F(LeaseTest, OneLaneAlwaysRemainsForShortRequests) {
    with_pool(
        [&](Pool& pool) -> asio::awaitable<void> {
            auto one = co_await pool.lease();
            auto two = co_await pool.lease();
            EXPECT_THROW(co_await pool.lease(), Unanswered);
            EXPECT_EQ(co_await number(pool, "select 1::int8"), 1);
        },
        {.max = 3, .acquire = 3s});
}

TEST_F(LeaseTest, AStreamEndsWithItsDeadline) {
    with_pool([&](Pool& pool) -> asio::awaitable<void> {
        auto lease = co_await pool.lease();
        bool is_told = false;
        try {
            // On a busy machine its time may be over before it has begun.
            auto stream = co_await lease.stream(Session::nobody(), "select pg_sleep(20)", {},
                                                {.deadline = 200ms});
            co_await stream.next();
        } catch (const DatabaseError& error) {
            is_told = error.sqlstate == "57014";
        } catch (const Unanswered& error) {
            is_told = error.reason() == Unanswered::Reason::deadline;
        }
        EXPECT_TRUE(is_told);
    });
}

}  // namespace
}  // namespace caisson::pg
