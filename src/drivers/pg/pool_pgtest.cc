// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "drivers/pg/connection.h"
#include "drivers/pg/pool.h"
#include "tests/support/coroutine.h"
#include "tests/support/postgres.h"

namespace caisson::pg {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

asio::awaitable<std::int64_t> number(Pool& pool, Statement statement, Arguments arguments = {},
                                     RequestOptions options = {}) {
    const auto rows =
        co_await pool.query(Session::nobody(), std::move(statement), std::move(arguments), options);
    co_return rows.front().get<std::int64_t>(0);
}

asio::awaitable<void> pause(std::chrono::milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

/// Waits until it is so; the test's own limit ends a wait that is in vain.
template <typename Condition>
asio::awaitable<void> until(Condition condition) {
    while (!condition()) {
        co_await pause(2ms);
    }
}

class PoolTest : public testing::Test {
 protected:
    template <typename Body>
    void with_pool(PoolLimits limits, Body body) {
        test::run([&]() -> asio::awaitable<void> {
            Pool pool(co_await asio::this_coro::executor, database_.settings(), limits);
            co_await body(pool);
        });
    }
    /// Many callers that each ask the same.
    template <typename Ask>
    static asio::awaitable<void> callers(int count, Ask ask) {
        std::vector<asio::awaitable<void>> all;
        for (int i = 0; i < count; ++i) {
            all.push_back(ask(i));
        }
        co_await test::all(std::move(all));
    }
    test::Database database_;
};

TEST_F(PoolTest, AThousandCallersShareFourLanes) {
    with_pool({.max = 4}, [&](Pool& pool) -> asio::awaitable<void> {
        co_await callers(1000, [&](int i) -> asio::awaitable<void> {
            for (int round = 0; round < 3; ++round) {
                EXPECT_EQ(co_await number(pool, "select $1::int8", Arguments(i)), i);
            }
        });
        const auto stats = pool.stats();
        EXPECT_LE(stats.opened, 4U);
        EXPECT_EQ(stats.answered, 3000U);
        EXPECT_EQ(stats.in_flight, 0U);
        EXPECT_EQ(stats.waiting, 0U);
    });
}

/// What a caller began that gave up (a preparation, the look at a type that is not known yet) is
/// what the next one waits for.
TEST_F(PoolTest, WhoGivesUpWhileAStatementIsPreparedLeavesItToTheOthers) {
    Connection(database_.settings()).query("create type mood as enum ('fine')");
    int failed = 0;
    for (int i = 0; i < 60; ++i) {
        // A lane that looked at no type yet.
        with_pool({.max = 1}, [&](Pool& pool) -> asio::awaitable<void> {
            co_await number(pool, "select 1::int8");
            const Statement statement("select 'fine'::mood");
            try {
                co_await pool.query(Session::nobody(), statement, {},
                                    {.deadline = std::chrono::milliseconds(1 + i % 3)});
            } catch (const Error&) {
                ++failed;
            }
            const auto rows =
                co_await pool.query(Session::nobody(), statement, {}, {.deadline = 10s});
            EXPECT_EQ(rows.size(), 1U);
            co_await until([&] { return pool.stats().in_flight == 0; });
        });
    }
    EXPECT_GT(failed, 0);
}

TEST_F(PoolTest, ASlowReportHoldsNobodyUp) {
    with_pool({.max = 2}, [&](Pool& pool) -> asio::awaitable<void> {
        co_await number(pool, "select 1::int8");
        bool is_done = false;
        asio::co_spawn(
            co_await asio::this_coro::executor,
            [&]() -> asio::awaitable<void> {
                auto lease = co_await pool.lease();
                co_await lease.query(Session::nobody(), "select pg_sleep(3)");
                is_done = true;
            },
            asio::detached);
        co_await until([&] { return pool.stats().alone == 1; });
        int answered = 0;
        while (!is_done) {
            EXPECT_EQ(co_await number(pool, "select 2::int8"), 2);
            ++answered;
        }
        EXPECT_GT(answered, 20);
    });
}

TEST_F(PoolTest, EvenAnUndeclaredOneHoldsUpOnlyThoseBehindIt) {
    with_pool({.min = 2, .max = 2}, [&](Pool& pool) -> asio::awaitable<void> {
        co_await until([&] { return pool.stats().lanes == 2; });
        bool is_done = false;
        asio::co_spawn(
            co_await asio::this_coro::executor,
            [&]() -> asio::awaitable<void> {
                co_await pool.query(Session::nobody(), "select pg_sleep(5)");
                is_done = true;
            },
            asio::detached);
        co_await pause(40ms);
        int answered = 0;
        for (; answered < 50; ++answered) {
            EXPECT_EQ(co_await number(pool, "select 2::int8"), 2);
        }
        EXPECT_FALSE(is_done);
        co_await until([&] { return is_done; });
    });
}

TEST_F(PoolTest, TooManyWaitersAreRefusedAtOnceAndTheOthersServedInOrder) {
    with_pool({.max = 1, .depth = 1, .waiting = 10}, [&](Pool& pool) -> asio::awaitable<void> {
        co_await number(pool, "select 1::int8");
        std::vector<int> order;
        int refused = 0;
        co_await callers(20, [&](int i) -> asio::awaitable<void> {
            try {
                co_await pool.query(Session::nobody(), "select pg_sleep(0.005)");
                order.push_back(i);
            } catch (const Unanswered& error) {
                EXPECT_EQ(error.reason(), Unanswered::Reason::full);
                EXPECT_FALSE(error.may_have_run());
                ++refused;
            }
        });
        EXPECT_EQ(refused, 9);
        EXPECT_EQ(order.size(), 11U);
        EXPECT_TRUE(std::ranges::is_sorted(order));
        EXPECT_EQ(pool.stats().refused, 9U);
    });
}

TEST_F(PoolTest, WaitingForRoomEndsWithTheLimit) {
    with_pool({.max = 1, .depth = 1, .acquire = 300ms}, [&](Pool& pool) -> asio::awaitable<void> {
        co_await number(pool, "select 1::int8");
        asio::co_spawn(
            co_await asio::this_coro::executor,
            [&]() -> asio::awaitable<void> {
                co_await pool.query(Session::nobody(), "select pg_sleep(5)");
            },
            asio::detached);
        co_await until([&] { return pool.stats().in_flight == 1; });
        try {
            co_await number(pool, "select 1::int8");
            ADD_FAILURE();
        } catch (const Unanswered& error) {
            EXPECT_EQ(error.reason(), Unanswered::Reason::deadline);
            EXPECT_FALSE(error.may_have_run());
        }
        EXPECT_THROW(co_await pool.lease(), Unanswered);
        EXPECT_EQ(pool.stats().timeouts, 2U);
    });
}

TEST_F(PoolTest, ALaneThatBreaksIsReplacedAndOnlyWhatMayBeIsRunAgain) {
    with_pool({.max = 1}, [&](Pool& pool) -> asio::awaitable<void> {
        const auto process = co_await number(pool, "select pg_backend_pid()::int8");
        // Prepared, so that it is sent and does not wait.
        const Statement waiting("select 5::int8 from pg_advisory_xact_lock_shared(7)");
        co_await pool.query(Session::nobody(), waiting);
        // None of them is answered before the lane breaks.
        Connection gate(database_.settings());
        gate.query("select pg_advisory_lock(7)");
        int repeated = 0;
        int lost = 0;
        std::vector<asio::awaitable<void>> all;
        for (int i = 0; i < 10; ++i) {
            all.push_back([](Pool& shared, Statement statement, bool is_idempotent, int& fine,
                             int& gone) -> asio::awaitable<void> {
                try {
                    const auto rows = co_await shared.query(Session::nobody(), statement, {},
                                                            {.idempotent = is_idempotent});
                    fine += rows.front().get<std::int64_t>(0) == 5 ? 1 : 0;
                } catch (const Unanswered& error) {
                    EXPECT_FALSE(is_idempotent);
                    EXPECT_TRUE(error.may_have_run());
                    ++gone;
                }
            }(pool, waiting, i % 2 == 0, repeated, lost));
        }
        all.push_back([](Connection& other, std::int64_t whom) -> asio::awaitable<void> {
            // Once the first of them waits, all have been sent.
            const std::string waits =
                "select count(*) as n from pg_locks where not granted and pid = $1::int";
            while (other.query(waits, {whom}).front().integer("n") == 0) {
                co_await pause(2ms);
            }
            other.query("select pg_terminate_backend($1::int)", {whom});
            other.query("select pg_advisory_unlock(7)");
        }(gate, process));
        co_await test::all(std::move(all));
        EXPECT_EQ(repeated, 5);
        EXPECT_EQ(lost, 5);
        EXPECT_EQ(pool.stats().broken, 1U);
        EXPECT_EQ(pool.stats().moved, 5U);
        EXPECT_NE(co_await number(pool, "select pg_backend_pid()::int8"), process);
    });
}

/// `act` is refused by a foreign key that is looked at when its transaction is committed.
asio::awaitable<void> refused_at_commit(asio::awaitable<void> act, int& refused) {
    try {
        co_await std::move(act);
    } catch (const DatabaseError& error) {
        refused += error.sqlstate == "23503" && error.constraint == "child_parent_fkey" ? 1 : 0;
    }
}

TEST_F(PoolTest, ADeferredConstraintIsItsCallersErrorAndItsNeighboursAreAnswered) {
    with_pool({.max = 1}, [&](Pool& pool) -> asio::awaitable<void> {
        co_await pool.query(Session::nobody(), "create table parent (id int8 primary key)");
        co_await pool.query(Session::nobody(),
                            "create table child (parent int8 references parent deferrable "
                            "initially deferred)");
        const Statement insert(
            "insert into child select $1::int8 from "
            "pg_advisory_xact_lock_shared(7)");
        const Statement ask("select $1::int8");
        const auto process = co_await number(pool, "select pg_backend_pid()::int8");
        co_await number(pool, ask, Arguments(1));
        // All of them are in flight before the first one is answered.
        Connection gate(database_.settings());
        gate.query("select pg_advisory_lock(7)");
        int refused = 0;
        int answered = 0;
        std::vector<asio::awaitable<void>> all;
        for (int i = 0; i < 5; ++i) {
            all.push_back(refused_at_commit(
                [](Pool& shared, Statement statement, int own) -> asio::awaitable<void> {
                    co_await shared.query(Session("anna"), std::move(statement), Arguments(own),
                                          {.idempotent = own % 2 == 0});
                }(pool, insert, i),
                refused));
            all.push_back(refused_at_commit(
                [](Pool& shared, Statement one, Statement two) -> asio::awaitable<void> {
                    std::vector<Query> queries;
                    queries.push_back({one, Arguments(1)});
                    queries.push_back({two, Arguments(2)});
                    queries.push_back({one, Arguments(3)});
                    co_await shared.batch(Session::nobody(), std::move(queries));
                }(pool, ask, insert),
                refused));
            all.push_back([](Pool& shared, Statement statement, int own,
                             int& right) -> asio::awaitable<void> {
                right += co_await number(shared, std::move(statement), Arguments(own)) == own;
            }(pool, ask, i, answered));
        }
        all.push_back([](Pool& shared, Connection& holder) -> asio::awaitable<void> {
            co_await until([&] { return shared.stats().in_flight >= 15; });
            holder.query("select pg_advisory_unlock(7)");
        }(pool, gate));
        co_await test::all(std::move(all));
        EXPECT_EQ(refused, 10);
        EXPECT_EQ(answered, 5);
        EXPECT_EQ(pool.stats().broken, 0U);
        EXPECT_EQ(pool.stats().moved, 0U);
        EXPECT_EQ(co_await number(pool, "select pg_backend_pid()::int8"), process);
        EXPECT_EQ(co_await number(pool, "select count(*) from child"), 0);
    });
}

TEST_F(PoolTest, OldAndUnusedLanesAreClosedAndTheLeastStaysOpen) {
    with_pool({.min = 1, .max = 4, .idle = 20ms, .reap = 10ms},
              [&](Pool& pool) -> asio::awaitable<void> {
                  co_await callers(200, [&](int) -> asio::awaitable<void> {
                      co_await pool.query(Session::nobody(), "select pg_sleep(0.002)");
                  });
                  EXPECT_GT(pool.stats().opened, 1U);
                  co_await until([&] { return pool.stats().lanes == 1; });
                  EXPECT_GT(pool.stats().unused, 0U);
              });
    with_pool({.min = 1, .max = 1, .lifetime = 20ms, .reap = 5ms},
              [&](Pool& pool) -> asio::awaitable<void> {
                  const auto first = co_await number(pool, "select pg_backend_pid()::int8");
                  co_await until([&] { return pool.stats().retired > 0; });
                  EXPECT_NE(co_await number(pool, "select pg_backend_pid()::int8"), first);
                  EXPECT_EQ(pool.stats().broken, 0U);
              });
}

TEST_F(PoolTest, AnIdleLaneThatIsDeadIsFoundOut) {
    with_pool(
        {.min = 1, .max = 1, .reap = 5ms, .check = 10ms}, [&](Pool& pool) -> asio::awaitable<void> {
            const auto first = co_await number(pool, "select pg_backend_pid()::int8");
            Connection(database_.settings())
                .query("select pg_terminate_backend($1::int, 10000)", {first});
            co_await until([&] { return pool.stats().broken == 1 && pool.stats().lanes == 1; });
            EXPECT_NE(co_await number(pool, "select pg_backend_pid()::int8"), first);
        });
}

TEST_F(PoolTest, AServerThatIsAwayIsAnErrorOfTheRequestAndNamesTheReason) {
    auto settings = database_.settings();
    settings.host = "/nonexistent";
    test::run([&]() -> asio::awaitable<void> {
        Pool pool(co_await asio::this_coro::executor, settings, {.acquire = 2s, .retry = 10ms});
        try {
            co_await number(pool, "select 1::int8");
            ADD_FAILURE();
        } catch (const Unanswered& error) {
            EXPECT_NE(error.message().find("could not be reached"), std::string::npos)
                << error.message();
            EXPECT_NE(error.message().find("No such file"), std::string::npos) << error.message();
        }
        EXPECT_GT(pool.stats().not_opened, 1U);
    });
}

TEST_F(PoolTest, WhereThatIsWantedNobodyWaitsForAServerThatIsAway) {
    auto settings = database_.settings();
    settings.host = "/nonexistent";
    test::run([&]() -> asio::awaitable<void> {
        Pool pool(co_await asio::this_coro::executor, settings,
                  {.acquire = 1h, .retry = 1ms, .fail_at_once = true});
        for (int i = 0; i < 3; ++i) {
            try {
                co_await number(pool, "select 1::int8", {}, {.deadline = 1h});
                ADD_FAILURE();
            } catch (const Unanswered& error) {
                EXPECT_EQ(error.reason(), Unanswered::Reason::connection);
                EXPECT_FALSE(error.may_have_run());
                EXPECT_NE(error.message().find("No such file"), std::string::npos);
            }
        }
        EXPECT_EQ(pool.stats().waiting, 0U);
        EXPECT_EQ(pool.stats().timeouts, 0U);
    });
}

TEST_F(PoolTest, ClosingTellsEverybodyWhoWaits) {
    with_pool({.max = 1, .depth = 2}, [&](Pool& pool) -> asio::awaitable<void> {
        co_await number(pool, "select 1::int8");
        int told = 0;
        std::vector<asio::awaitable<void>> all;
        for (int i = 0; i < 8; ++i) {
            all.push_back([](Pool& shared, int& count) -> asio::awaitable<void> {
                try {
                    co_await shared.query(Session::nobody(), "select pg_sleep(5)");
                } catch (const Unanswered& error) {
                    count += error.reason() == Unanswered::Reason::closed ? 1 : 0;
                }
            }(pool, told));
        }
        all.push_back([](Pool& shared) -> asio::awaitable<void> {
            shared.close();
            co_return;
        }(pool));
        co_await test::all(std::move(all));
        EXPECT_EQ(told, 8);
        EXPECT_THROW(co_await number(pool, "select 1::int8"), Unanswered);
    });
}

TEST_F(PoolTest, TenThousandWaitersAreAllAnswered) {
    with_pool({.max = 2, .waiting = 20'000, .acquire = 60s},
              [&](Pool& pool) -> asio::awaitable<void> {
                  int right = 0;
                  co_await callers(10'000, [&](int i) -> asio::awaitable<void> {
                      right += co_await number(pool, "select $1::int8", Arguments(i)) == i ? 1 : 0;
                  });
                  EXPECT_EQ(right, 10'000);
              });
}

}  // namespace
}  // namespace caisson::pg
