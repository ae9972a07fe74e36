// SPDX-License-Identifier: Apache-2.0
// Through PgBouncer in transaction mode, where each transaction may meet another connection.
#include <gtest/gtest.h>

#include "drivers/pg/connection.h"
#include "drivers/pg/listener.h"
#include "drivers/pg/pool.h"
#include "tests/support/cluster.h"
#include "tests/support/coroutine.h"
#include "tests/support/pooler.h"

namespace caisson::pg {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class PoolerTest : public testing::Test {
 protected:
    void SetUp() override {
        ASSERT_TRUE(test::Pooler::is_installed()) << "script/setup installs pgbouncer";
        cluster_.emplace();
        Connection(cluster_->settings())
            .script(
                "create type mood as enum ('sad', 'glad');"
                "create table entries (id int8 primary key, owner text, mood mood)");
        pooler_.emplace(cluster_->settings());
    }
    void with_pool(PoolLimits limits, std::function<asio::awaitable<void>(Pool&)> body) {
        test::run([&]() -> asio::awaitable<void> {
            Pool pool(co_await asio::this_coro::executor, pooler_->settings(), limits);
            co_await body(pool);
        });
    }
    std::optional<test::Cluster> cluster_;
    std::optional<test::Pooler> pooler_;
};

asio::awaitable<void> ask(Pool& pool, int own, int times, int& right) {
    static const Statement statement(
        "select $1::int8 as n, 'glad'::mood as mood, current_setting('app.current_user_id') as "
        "who");
    const auto user = "user " + std::to_string(own);
    for (int i = 0; i < times; ++i) {
        const std::int64_t number = own * 1'000 + i;
        const auto rows = co_await pool.query(Session(user), statement, Arguments(number));
        const auto row = rows.front();
        right += row.get<std::int64_t>("n") == number && row.get<std::string>("who") == user &&
                         row.get<std::string>("mood") == "glad"
                     ? 1
                     : 0;
    }
}

TEST_F(PoolerTest, ManyCallersGetTheirOwnAnswersAsThemselves) {
    with_pool({.max = 8}, [](Pool& pool) -> asio::awaitable<void> {
        int right = 0;
        std::vector<asio::awaitable<void>> all;
        for (int i = 0; i < 40; ++i) {
            all.push_back(ask(pool, i, 25, right));
        }
        co_await test::all(std::move(all));
        EXPECT_EQ(right, 1'000);
    });
}

TEST_F(PoolerTest, NothingIsPreparedInTheServersConnections) {
    with_pool({.max = 2}, [this](Pool& pool) -> asio::awaitable<void> {
        for (std::int64_t i = 0; i < 5; ++i) {
            co_await pool.query(Session::nobody(), "select $1::int8", Arguments(i));
        }
        Connection through(pooler_->settings());
        for (int i = 0; i < 10; ++i) {
            EXPECT_EQ(through.query("select from pg_prepared_statements where name <> ''").size(),
                      0U);
        }
    });
}

TEST_F(PoolerTest, AStatementWhoseTableChangedIsAnsweredAsItIsNow) {
    with_pool({.max = 1}, [this](Pool& pool) -> asio::awaitable<void> {
        Connection admin(cluster_->settings());
        admin.query("insert into entries values (1, 'anna', 'sad')");
        const Statement all("select * from entries");
        EXPECT_EQ((co_await pool.query(Session::nobody(), all)).front().get<std::string>("owner"),
                  "anna");
        admin.query("alter table entries add column note text default 'new'");
        EXPECT_EQ((co_await pool.query(Session::nobody(), all)).front().get<std::string>("note"),
                  "new");
    });
}

TEST_F(PoolerTest, TransactionsStreamsAndCopyWorkAlone) {
    with_pool({.max = 2}, [this](Pool& pool) -> asio::awaitable<void> {
        auto lease = co_await pool.lease();
        {
            auto transaction = co_await lease.begin(Session("anna"));
            for (std::int64_t id = 0; id < 3; ++id) {
                Arguments arguments(id);
                co_await transaction.query(
                    "insert into entries values ($1, current_setting('app.current_user_id'))",
                    std::move(arguments));
            }
            co_await transaction.commit();
        }
        {
            auto transaction = co_await lease.begin(Session("berta"));
            co_await transaction.query("delete from entries");
            co_await transaction.rollback();
        }
        EXPECT_EQ(Connection(cluster_->settings())
                      .query("select from entries where owner = 'anna'")
                      .size(),
                  3U);
        std::int64_t sum = 0;
        auto stream = co_await lease.stream(Session("anna"), "select id from entries");
        while (const auto row = co_await stream.next()) {
            sum += row->front().get<std::int64_t>("id");
        }
        EXPECT_EQ(sum, 3);
        bool is_over = false;
        const auto copied = co_await lease.copy_in(
            Session("anna"), "copy entries (id, owner) from stdin",
            [&]() -> asio::awaitable<std::string_view> {
                co_return std::exchange(is_over, true) ? "" : "7\tclara\n8\tdora\n";
            });
        EXPECT_EQ(copied, 2U);
    });
}

TEST_F(PoolerTest, WhatChangesAConnectionIsRefusedBecauseSomebodyElseWouldGetIt) {
    with_pool({.max = 2}, [](Pool& pool) -> asio::awaitable<void> {
        auto lease = co_await pool.lease();
        for (const auto* statement : {"set search_path = elsewhere", "listen news", "begin"}) {
            Code code = Code::internal;
            try {
                co_await lease.query(Session::nobody(), statement);
            } catch (const Error& error) {
                code = error.code();
            }
            EXPECT_EQ(code, Code::usage) << statement;
        }
    });
}

TEST_F(PoolerTest, AListenerSaysThatItWouldHearNothing) {
    test::run([this]() -> asio::awaitable<void> {
        const std::vector<std::string> channels{"news"};
        Listener listener(co_await asio::this_coro::executor, pooler_->settings(), channels);
        std::string message;
        try {
            co_await listener.next();
        } catch (const Error& error) {
            message = error.message();
        }
        EXPECT_NE(message.find("pooler"), std::string::npos) << message;
    });
}

TEST_F(PoolerTest, ABlockingConnectionSaysThatItCannotPrepare) {
    Connection through(pooler_->settings());
    EXPECT_EQ(through.query("select 1 as one").front().integer("one"), 1);
    EXPECT_THROW(through.fetch("select 1", Arguments()), Error);
}

TEST_F(PoolerTest, ALeaseThatIsLeftInATransactionLeavesNothingBehind) {
    with_pool({.max = 2}, [this](Pool& pool) -> asio::awaitable<void> {
        {
            auto lease = co_await pool.lease();
            auto transaction = co_await lease.begin(Session("anna"));
            co_await transaction.query("insert into entries values (1)");
        }
        for (int i = 0; i < 10; ++i) {
            const auto rows = co_await pool.query(
                Session("berta"), "select current_setting('app.current_user_id') as who");
            EXPECT_EQ(rows.front().get<std::string>("who"), "berta");
        }
        EXPECT_EQ(Connection(cluster_->settings()).query("select from entries").size(), 0U);
    });
}

}  // namespace
}  // namespace caisson::pg
