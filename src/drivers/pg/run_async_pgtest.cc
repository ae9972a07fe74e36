// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/pg/connection.h"
#include "drivers/pg/run_async.h"
#include "tests/support/coroutine.h"
#include "tests/support/postgres.h"

namespace caisson::pg {
namespace {

namespace asio = boost::asio;
using testing::ElementsAre;

Call<std::uint64_t> insert(std::string name) {
    return {"insert into things (name) values ($1)", Arguments(name), &read_affected};
}

class RunAsyncTest : public testing::Test {
 protected:
    RunAsyncTest() {
        connection.script("create table things (name text primary key, n int not null default 0)");
    }
    void in_pool(std::function<asio::awaitable<void>(Pool&)> body) {
        test::run([&]() -> asio::awaitable<void> {
            Pool pool(co_await asio::this_coro::executor, database.settings());
            co_await body(pool);
        });
    }
    std::int64_t count() {
        return connection.query("select count(*) as n from things").front().integer("n");
    }

    test::Database database;
    Connection connection{database.settings()};
};

TEST_F(RunAsyncTest, CallsBatchesAndCopies) {
    in_pool([](Pool& pool) -> asio::awaitable<void> {
        const auto anna = Session("anna");
        const auto one = co_await run(pool, anna, insert("a"));
        EXPECT_EQ(one, 1U);
        Batch<std::uint64_t> batch({insert("b").query, insert("c").query}, &read_affected);
        const auto two = co_await run(pool, anna, batch);
        EXPECT_EQ(two.size(), 2U);
        Columns row;
        row.add("name", "text", std::string("d"));
        const std::vector<Columns> rows = {row};
        const auto copied = co_await run(pool, anna, copy_rows("things", "", rows));
        EXPECT_EQ(copied, 1U);
        Call<std::vector<std::string>> all("select name from things order by 1", Arguments(),
                                           &read_many<std::string>);
        const auto names = co_await run(pool, anna, all);
        EXPECT_THAT(names, ElementsAre("a", "b", "c", "d"));
    });
}

TEST_F(RunAsyncTest, CopiesArePartOfATransaction) {
    in_pool([](Pool& pool) -> asio::awaitable<void> {
        const auto rows_of = [](const std::vector<std::string>& names) {
            std::vector<Columns> rows;
            for (const auto& name : names) {
                rows.emplace_back().add("name", "text", name);
            }
            return rows;
        };
        const auto one = copy_rows("things", "", rows_of({"a", "b"}));
        const auto other = insert_rows("things", "", rows_of({"c"}));
        const auto nothing = copy_rows("things", "", rows_of({}));
        const auto stored = co_await transact(
            pool, Session("anna"),
            [&](Lease::Transaction& transaction) -> asio::awaitable<std::uint64_t> {
                auto all = co_await run(transaction, one);
                all += co_await run(transaction, other);
                all += co_await run(transaction, nothing);
                co_await run(transaction, insert("d"));
                const auto rows =
                    co_await transaction.query("select current_setting('app.current_user_id')");
                EXPECT_EQ(rows.front().get<std::string>(0), "anna");
                co_return all;
            });
        EXPECT_EQ(stored, 3U);
        bool is_refused = false;
        try {
            co_await transact(pool, Session("anna"),
                              [&](Lease::Transaction& transaction) -> asio::awaitable<void> {
                                  co_await run(transaction, insert("never"));
                                  co_await run(transaction, one);
                              });
        } catch (const DatabaseError& error) {
            is_refused = error.sqlstate == "23505";
        }
        EXPECT_TRUE(is_refused);
        const auto after = co_await run(pool, Session("anna"), insert("e"));
        EXPECT_EQ(after, 1U);
    });
    EXPECT_EQ(count(), 5);
}

TEST_F(RunAsyncTest, AStreamGivesEveryRowOnce) {
    in_pool([](Pool& pool) -> asio::awaitable<void> {
        auto lease = co_await pool.lease();
        Stream<int> numbers("select generate_series(1, $1::int)", Arguments(300), &from_row<int>);
        int sum = 0;
        co_await each(lease, Session("anna"), numbers, [&](int number) { sum += number; });
        EXPECT_EQ(sum, 300 * 301 / 2);
    });
}

TEST_F(RunAsyncTest, AViolationIsAValue) {
    in_pool([](Pool& pool) -> asio::awaitable<void> {
        const auto first = co_await attempt(pool, Session("anna"), insert("a"));
        EXPECT_TRUE(first);
        const auto second = co_await attempt(pool, Session("anna"), insert("a"));
        EXPECT_TRUE(second.violates("things_pkey"));
    });
}

TEST_F(RunAsyncTest, ATransactionIsRunAgainWhenOthersEndedIt) {
    connection.query("insert into things values ('a', 0)");
    int attempts = 0;
    in_pool([&](Pool& pool) -> asio::awaitable<void> {
        TransactOptions options;
        options.isolation = Isolation::serializable;
        const auto before = co_await transact(
            pool, Session("anna"),
            [&](Lease::Transaction& transaction) -> asio::awaitable<int> {
                ++attempts;
                const auto rows = co_await transaction.query("select n from things");
                const int n = rows.front().get<int>(0);
                if (attempts < 3) {
                    connection.query("update things set n = n + 1");
                }
                co_await transaction.query("update things set n = $1", Arguments(n + 10));
                co_return n;
            },
            options);
        EXPECT_EQ(before, 2);
    });
    EXPECT_EQ(attempts, 3);
    EXPECT_EQ(connection.query("select n from things").front().integer("n"), 12);
}

TEST_F(RunAsyncTest, TheLimitOfATransactionIsThatOfAllItsAttempts) {
    int attempts = 0;
    in_pool([&](Pool& pool) -> asio::awaitable<void> {
        TransactOptions options;
        options.attempts = 1'000;
        options.first_pause = options.longest_pause = std::chrono::milliseconds(50);
        options.limit = std::chrono::milliseconds(400);
        const auto begin = std::chrono::steady_clock::now();
        try {
            co_await transact(
                pool, Session("anna"),
                [&](Lease::Transaction& transaction) -> asio::awaitable<void> {
                    ++attempts;
                    co_await transaction.query(
                        "do $$ begin raise exception sqlstate '40001'; end $$");
                },
                options);
            ADD_FAILURE() << "every attempt fails";
        } catch (const Error&) {
            // The last attempt's own: what the server said, or that its time was over.
        }
        EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
    });
    EXPECT_GE(attempts, 1);
    EXPECT_LT(attempts, 30);
}

TEST_F(RunAsyncTest, WhatTheWorkThrowsRollsBack) {
    in_pool([](Pool& pool) -> asio::awaitable<void> {
        bool is_thrown = false;
        try {
            co_await transact(pool, Session("anna"),
                              [](Lease::Transaction& transaction) -> asio::awaitable<void> {
                                  co_await run(transaction, insert("never"));
                                  throw std::runtime_error("no");
                              });
        } catch (const std::runtime_error&) {
            is_thrown = true;
        }
        EXPECT_TRUE(is_thrown);
    });
    EXPECT_EQ(count(), 0);
}

}  // namespace
}  // namespace caisson::pg
