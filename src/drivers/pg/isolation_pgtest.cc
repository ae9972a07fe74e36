// SPDX-License-Identifier: Apache-2.0
// A property: whatever happens to the requests of others (errors, cancelled callers, deadlines,
// lanes that break, plans that go stale), nobody ever sees a row of somebody else.
#include <random>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <gtest/gtest.h>

#include "drivers/pg/connection.h"
#include "drivers/pg/pool.h"
#include "tests/support/coroutine.h"
#include "tests/support/postgres.h"

namespace caisson::pg {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr int tenants = 24;
constexpr int rows_each = 5;

class IsolationTest : public testing::Test {
 protected:
    void SetUp() override {
        Connection admin(database_.settings());
        // The superuser passes every policy; this one does not, nor does its member role.
        admin.script(
            "create role tenant_app login password 'app'; create role tenant_reader; "
            "grant tenant_reader to tenant_app; "
            "create table documents (id int8 generated always as identity, owner text not null, "
            "note text); "
            "alter table documents enable row level security; "
            "create policy own on documents using (owner = current_setting('app.current_user_id', "
            "true)) with check (owner = current_setting('app.current_user_id', true)); "
            "grant all on documents to tenant_app; grant select on documents to tenant_reader");
        for (int i = 0; i < tenants; ++i) {
            admin.query(
                "insert into documents (owner, note) select $1, 'note' from "
                "generate_series(1, $2::int)",
                {"tenant " + std::to_string(i), rows_each});
        }
    }
    void TearDown() override {
        Connection admin(database_.settings());
        admin.script(
            "drop owned by tenant_app, tenant_reader; drop role tenant_app, "
            "tenant_reader");
    }
    Settings app() const {
        auto settings = database_.settings();
        settings.user = "tenant_app";
        settings.password = Secret("app");
        return settings;
    }
    test::Database database_;
};

struct Counts {
    std::uint64_t seen = 0;
    std::uint64_t strangers = 0;
    std::uint64_t missing = 0;
    std::uint64_t failed = 0;
    bool is_over = false;
};

/// All rows that a request shows must be the tenant's own, and all of them.
void look(Counts& counts, const Rows& rows, const std::string& own) {
    for (const auto row : rows) {
        ++(row.get<std::string>("owner") == own ? counts.seen : counts.strangers);
    }
    counts.missing += rows.size() == rows_each ? 0 : 1;
}

asio::awaitable<void> one_of(Pool& pool, Counts& counts, const std::string& own,
                             std::minstd_rand& random) {
    using namespace asio::experimental::awaitable_operators;
    const Session session(own, random() % 3 == 0 ? "tenant_reader" : "");
    const Statement all("select owner, note from documents");
    switch (random() % 9) {
        case 0:
            co_await pool.query(session, "select 1 / (length($1::text) - length($1::text))",
                                Arguments("x"));
            break;
        case 1:
            // Somebody else's row is refused by the policy.
            co_await pool.query(session, "insert into documents (owner) values ('tenant x')");
            break;
        case 2:
            co_await pool.query(session, "select pg_sleep(10)", {}, {.deadline = 30ms});
            break;
        case 3: {
            asio::steady_timer soon(co_await asio::this_coro::executor,
                                    std::chrono::microseconds(random() % 3000));
            const auto first = co_await (
                pool.query(session, "select owner, note from documents, pg_sleep(0.001)") ||
                soon.async_wait(asio::use_awaitable));
            if (first.index() == 0) {
                look(counts, std::get<0>(first), own);
            }
            break;
        }
        case 4: {
            std::vector<Query> queries(3, Query(all));
            for (const auto& rows : co_await pool.batch(session, std::move(queries))) {
                look(counts, rows, own);
            }
            break;
        }
        case 5: {
            auto lease = co_await pool.lease();
            auto transaction = co_await lease.begin(session);
            look(counts, co_await transaction.query(all), own);
            if (random() % 2 == 0) {
                // Left open, with what a careless statement sets for the connection.
                co_await transaction.query("set app.current_user_id = 'tenant 0'");
            } else {
                co_await transaction.commit();
            }
            break;
        }
        case 6: {
            auto lease = co_await pool.lease();
            auto stream = co_await lease.stream(session, all);
            while (const auto row = co_await stream.next()) {
                ++(row->front().get<std::string>("owner") == own ? counts.seen : counts.strangers);
                if (random() % 20 == 0) {
                    break;
                }
            }
            break;
        }
        case 7:
            // For the connection and not for the transaction: it must not last.
            co_await pool.query(session,
                                "select set_config('app.current_user_id', 'tenant 1', false)");
            break;
        default:
            look(counts, co_await pool.query(session, all), own);
    }
}

asio::awaitable<void> tenant(Pool& pool, Counts& counts, int number) {
    std::minstd_rand random(static_cast<unsigned>(number + 1));
    const std::string own = "tenant " + std::to_string(number);
    while (!counts.is_over) {
        try {
            co_await one_of(pool, counts, own, random);
        } catch (const Error&) {
            ++counts.failed;
        }
    }
}

/// Nobody in particular asks, too, and sees nothing.
asio::awaitable<void> nobody(Pool& pool, Counts& counts) {
    while (!counts.is_over) {
        try {
            const auto rows =
                co_await pool.query(Session::nobody(), "select owner, note from documents");
            counts.strangers += rows.size();
        } catch (const Error&) {
            ++counts.failed;
        }
    }
}

/// Until enough of everything has happened, however long this machine takes for it.
asio::awaitable<void> trouble(Settings settings, const Pool& pool, Counts& counts) {
    Connection admin(settings);
    std::minstd_rand random(7);
    asio::steady_timer timer(co_await asio::this_coro::executor);
    const auto is_enough = [&] {
        const auto stats = pool.stats();
        return counts.seen > 1000 && counts.failed > 100 && stats.broken > 10 &&
               stats.run_again > 0;
    };
    for (int i = 0; i < 80 || !is_enough(); ++i) {
        timer.expires_after(std::chrono::milliseconds(20 + random() % 60));
        co_await timer.async_wait(asio::use_awaitable);
        if (i % 2 == 0) {
            admin.query(
                "select pg_terminate_backend(pid) from (select pid from pg_stat_activity "
                "where usename = 'tenant_app' order by random() limit 1) as one");
        } else {
            // Plans and result types go stale.
            admin.query("set lock_timeout = '50ms'");
            try {
                admin.query(i % 4 == 1 ? "alter table documents alter note type varchar(500)"
                                       : "alter table documents alter note type text");
            } catch (const DatabaseError&) {
                continue;
            }
        }
    }
    counts.is_over = true;
}

TEST_F(IsolationTest, NobodyEverSeesARowOfSomebodyElse) {
    Counts counts;
    PoolStats stats;
    test::run([&]() -> asio::awaitable<void> {
        Pool pool(co_await asio::this_coro::executor, app(),
                  {.max = 5, .retry = 5ms, .lane = {.statements = 6}});
        std::vector<asio::awaitable<void>> all;
        for (int i = 0; i < tenants; ++i) {
            all.push_back(tenant(pool, counts, i));
        }
        all.push_back(nobody(pool, counts));
        all.push_back(trouble(database_.settings(), pool, counts));
        co_await test::all(std::move(all));
        // What callers gave up is still answered by the server.
        asio::steady_timer pause(co_await asio::this_coro::executor);
        for (int i = 0; i < 500 && pool.stats().in_flight > 0; ++i) {
            pause.expires_after(20ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
        stats = pool.stats();
    });
    EXPECT_EQ(counts.strangers, 0U);
    EXPECT_EQ(counts.missing, 0U);
    EXPECT_GT(counts.seen, 1000U);
    EXPECT_GT(counts.failed, 100U);
    // All of it happened.
    EXPECT_GT(stats.broken, 10U);
    EXPECT_GT(stats.run_again, 0U);
    EXPECT_EQ(stats.in_flight, 0U);
}

/// What a transaction asks for stands in its transaction or nowhere. On another lane it would run
/// without its user, and would see what somebody left in that connection.
TEST_F(IsolationTest, WhatALeaseAsksForIsNeverRunOnAnotherLane) {
    test::run([&]() -> asio::awaitable<void> {
        Pool pool(co_await asio::this_coro::executor, app(), {.min = 2, .max = 2});
        // The other lane is left with a user of its own, by a function, for the connection.
        auto lease = co_await pool.lease();
        co_await pool.query(Session("tenant 1"),
                            "select set_config('app.current_user_id', 'tenant 1', false)");
        auto transaction = co_await lease.begin(Session("tenant 2"));
        Connection(database_.settings())
            .query("select pg_terminate_backend($1::int, 10000)", {lease.backend_process()});
        // Not prepared yet, so that it provably was not sent when the lane is found to be broken.
        bool is_told = false;
        try {
            co_await transaction.query("select owner, note from documents where $1::int4 = 7",
                                       Arguments(7));
        } catch (const Unanswered& error) {
            is_told = error.reason() == Unanswered::Reason::connection;
        }
        EXPECT_TRUE(is_told);
        EXPECT_EQ(pool.stats().moved, 0U);
    });
}

TEST_F(IsolationTest, TheUserAndTheRoleAreSetForOneRequestOnly) {
    test::run([&]() -> asio::awaitable<void> {
        Pool pool(co_await asio::this_coro::executor, app(), {.max = 1});
        const Statement who(
            "select current_setting('app.current_user_id') as who, current_user::text as role, "
            "current_setting('statement_timeout') as timeout");
        auto rows =
            co_await pool.query(Session("anna", "tenant_reader"), who, {}, {.deadline = 10s});
        EXPECT_EQ(rows.front().get<std::string>("who"), "anna");
        EXPECT_EQ(rows.front().get<std::string>("role"), "tenant_reader");
        EXPECT_NE(rows.front().get<std::string>("timeout"), "0");
        rows = co_await pool.query(Session::nobody(), who);
        EXPECT_EQ(rows.front().get<std::string>("who"), "");
        EXPECT_EQ(rows.front().get<std::string>("role"), "tenant_app");
        bool is_refused = false;
        try {
            co_await pool.query(Session("anna", "postgres"), who);
        } catch (const DatabaseError& error) {
            is_refused = error.sqlstate == "42501";
        }
        EXPECT_TRUE(is_refused);
        EXPECT_THROW(Session(""), Error);
        // A user with a zero byte is nobody whose name begins alike.
        EXPECT_THROW(co_await pool.query(Session(std::string("anna\0x", 6)), who), DatabaseError);
    });
}

}  // namespace
}  // namespace caisson::pg
