// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <set>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <gtest/gtest.h>

#include "drivers/pg/connection.h"
#include "drivers/pg/lane.h"
#include "tests/support/coroutine.h"
#include "tests/support/postgres.h"

namespace caisson::pg {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// The SQLSTATE that a request was rejected with; "" when it was not.
asio::awaitable<std::string> sqlstate_of(asio::awaitable<Rows> request) {
    try {
        co_await std::move(request);
        co_return "";
    } catch (const DatabaseError& error) {
        co_return error.sqlstate;
    }
}

asio::awaitable<std::int64_t> number(Lane& lane, Statement statement, Arguments arguments = {}) {
    const auto rows = co_await lane.query(std::move(statement), std::move(arguments));
    co_return rows.front().get<std::int64_t>(0);
}

class LaneTest : public testing::Test {
 protected:
    template <typename Body>
    void with_lane(Body body, LaneLimits limits = {}) {
        test::run([&]() -> asio::awaitable<void> {
            auto lane = co_await Lane::open(database_.settings(), limits);
            co_await body(lane);
        });
    }
    test::Database database_;
};

TEST_F(LaneTest, ManyCallersShareOneConnectionAndPrepareOnce) {
    with_lane([&](Lane& lane) -> asio::awaitable<void> {
        int right = 0;
        std::set<std::int32_t> processes;
        std::vector<asio::awaitable<void>> callers;
        for (int caller = 0; caller < 64; ++caller) {
            callers.push_back([](Lane& shared, int own, int& count,
                                 std::set<std::int32_t>& seen) -> asio::awaitable<void> {
                for (int i = 0; i < 20; ++i) {
                    const auto rows =
                        co_await shared.query("select $1::int8 as n, pg_backend_pid() as process",
                                              Arguments(own * 100 + i));
                    count += rows.front().get<std::int64_t>("n") == own * 100 + i ? 1 : 0;
                    seen.insert(rows.front().get<std::int32_t>("process"));
                }
            }(lane, caller, right, processes));
        }
        co_await test::all(std::move(callers));
        EXPECT_EQ(right, 64 * 20);
        EXPECT_EQ(processes.size(), 1U);
        EXPECT_EQ(lane.stats().prepares, 1U);
        EXPECT_EQ(lane.stats().answered, 64U * 20U);
    });
}

TEST_F(LaneTest, OnesErrorIsNobodyElses) {
    with_lane([&](Lane& lane) -> asio::awaitable<void> {
        co_await lane.query("create table t (id int primary key)");
        std::vector<asio::awaitable<void>> callers;
        int rejected = 0;
        for (int i = 0; i < 100; ++i) {
            callers.push_back([](Lane& shared, int id, int& count) -> asio::awaitable<void> {
                const auto state =
                    co_await sqlstate_of(shared.query("insert into t values ($1)", Arguments(id)));
                EXPECT_TRUE(state.empty() || state == "23505") << state;
                count += state.empty() ? 0 : 1;
                EXPECT_EQ(
                    co_await sqlstate_of(shared.query("select 1 / ($1::int - $1)", Arguments(id))),
                    "22012");
            }(lane, i / 2, rejected));
        }
        co_await test::all(std::move(callers));
        EXPECT_EQ(rejected, 50);
        EXPECT_EQ(co_await number(lane, "select count(*) from t"), 50);
    });
}

TEST_F(LaneTest, ErrorsOfPreparingReachTheirCallerWithTheirPlace) {
    with_lane([&](Lane& lane) -> asio::awaitable<void> {
        try {
            co_await lane.query("select nothing");
            ADD_FAILURE();
        } catch (const DatabaseError& error) {
            EXPECT_EQ(error.sqlstate, "42703");
            EXPECT_EQ(error.position, 7U);
        }
        EXPECT_EQ(co_await number(lane, "select 1::int8"), 1);
    });
}

TEST_F(LaneTest, AStatementIsRunAgainWhenItsPlanIsOutdated) {
    with_lane([&](Lane& lane) -> asio::awaitable<void> {
        co_await lane.query("create table t (id int8)");
        co_await lane.query("insert into t values (1)");
        EXPECT_EQ(co_await number(lane, "select * from t"), 1);
        Connection(database_.settings()).query("alter table t alter id type text");
        const auto rows = co_await lane.query("select * from t");
        EXPECT_EQ(rows.front().get<std::string>(0), "1");
        EXPECT_EQ(lane.stats().run_again, 1U);
    });
}

TEST_F(LaneTest, AnOutdatedPlanInABatchAppliesNothingTwice) {
    with_lane([&](Lane& lane) -> asio::awaitable<void> {
        co_await lane.query("create table t (id int8)");
        co_await lane.query("create table log (n int)");
        co_await lane.query("select * from t");
        Connection(database_.settings()).query("alter table t add more int");
        std::vector<Query> queries;
        queries.emplace_back("insert into log values (1)");
        queries.emplace_back("select * from t");
        const auto rows = co_await lane.batch(Session("anna"), std::move(queries));
        EXPECT_EQ(rows.size(), 2U);
        EXPECT_EQ(rows[0].affected(), 1U);
        EXPECT_EQ(co_await number(lane, "select count(*) from log"), 1);
        EXPECT_EQ(lane.stats().run_again, 1U);
    });
}

TEST_F(LaneTest, PreparedStatementsThatAreGoneComeBack) {
    with_lane([&](Lane& lane) -> asio::awaitable<void> {
        EXPECT_EQ(co_await number(lane, "select $1::int8", Arguments(1)), 1);
        co_await lane.query(Session("anna"), "select 1");
        // Behind our back, as a function may.
        co_await lane.query("do 'begin execute ''deallocate all''; end'");
        std::vector<asio::awaitable<void>> callers;
        for (int i = 0; i < 10; ++i) {
            callers.push_back([](Lane& shared, int n) -> asio::awaitable<void> {
                EXPECT_EQ(co_await number(shared, "select $1::int8", Arguments(n)), n);
                const auto rows = co_await shared.query(Session("ben"),
                                                        "select current_setting('app.current_"
                                                        "user_id')");
                EXPECT_EQ(rows.front().get<std::string>(0), "ben");
            }(lane, i));
        }
        co_await test::all(std::move(callers));
    });
}

TEST_F(LaneTest, NoMoreStatementsThanTheLimitStayPrepared) {
    with_lane(
        [&](Lane& lane) -> asio::awaitable<void> {
            for (int round = 0; round < 3; ++round) {
                for (int i = 0; i < 20; ++i) {
                    EXPECT_EQ(co_await number(lane, "select " + std::to_string(i) + "::int8"), i);
                }
            }
            EXPECT_LE(lane.stats().prepared, 8U);
            EXPECT_LE(co_await number(lane, "select count(*) from pg_prepared_statements"), 9);
        },
        {.statements = 8});
}

TEST_F(LaneTest, ABatchIsAppliedWholeOrNotAtAll) {
    with_lane([&](Lane& lane) -> asio::awaitable<void> {
        co_await lane.query("create table t (id int primary key)");
        std::vector<Query> queries;
        for (const int id : {1, 2, 1}) {
            queries.push_back({"insert into t values ($1)", Arguments(id)});
        }
        bool is_rejected = false;
        try {
            co_await lane.batch(Session::nobody(), queries);
        } catch (const DatabaseError& error) {
            is_rejected = error.sqlstate == "23505" && error.statement == 2;
        }
        EXPECT_TRUE(is_rejected);
        EXPECT_EQ(co_await number(lane, "select count(*) from t"), 0);
        queries.pop_back();
        EXPECT_EQ((co_await lane.batch(Session::nobody(), queries)).size(), 2U);
        EXPECT_EQ(co_await number(lane, "select count(*) from t"), 2);
    });
}

TEST_F(LaneTest, BatchesInPartsGiveTheRowsInOrder) {
    with_lane([&](Lane& lane) -> asio::awaitable<void> {
        std::vector<Query> queries;
        for (int i = 0; i < 1000; ++i) {
            queries.push_back({"select $1::int8", Arguments(i)});
        }
        const auto rows = co_await lane.batches(queries, 16);
        EXPECT_EQ(rows.size(), 1000U);
        for (int i = 0; i < 1000; ++i) {
            EXPECT_EQ(rows[static_cast<std::size_t>(i)].front().get<std::int64_t>(0), i);
        }
        queries[500] = Query("select 1 / 0");
        EXPECT_THROW(co_await lane.batches(queries, 16), DatabaseError);
        EXPECT_TRUE((co_await lane.batches({}, 16)).empty());
    });
}

TEST_F(LaneTest, WhatWouldChangeTheConnectionOfOthersIsRefused) {
    with_lane([&](Lane& lane) -> asio::awaitable<void> {
        for (const auto* const text : {"begin", "set role postgres", "listen a", "discard all"}) {
            EXPECT_THROW(co_await lane.query(text), Error) << text;
        }
        EXPECT_EQ(co_await number(lane, "select 1::int8"), 1);
    });
}

TEST_F(LaneTest, ArgumentsThatDoNotFitAreTheirCallersMistakeAlone) {
    with_lane([&](Lane& lane) -> asio::awaitable<void> {
        EXPECT_THROW(co_await lane.query("select $1::int4", Arguments(std::int64_t{1} << 40U)),
                     Error);
        EXPECT_THROW(co_await lane.query("select $1::int4"), Error);
        EXPECT_EQ(co_await sqlstate_of(
                      lane.query("select $1::text", Arguments(std::string_view("a\0b", 3)))),
                  "22021");
        EXPECT_EQ(co_await number(lane, "select 1::int8"), 1);
    });
}

TEST_F(LaneTest, TheServerEndsWhatTakesLongerThanItsDeadline) {
    with_lane([&](Lane& lane) -> asio::awaitable<void> {
        try {
            const auto state = co_await sqlstate_of(
                lane.query(Session("anna"), "select pg_sleep(30)", {}, {.deadline = 700ms}));
            EXPECT_EQ(state, "57014");
        } catch (const Unanswered& error) {
            // The server's word came too late on a busy machine.
            EXPECT_EQ(error.reason(), Unanswered::Reason::deadline);
        }
        EXPECT_EQ(co_await number(lane, "select 1::int8"), 1);
    });
}

TEST_F(LaneTest, ARequestEndsAtItsDeadlineThoughTheServerDoesNot) {
    with_lane(
        [&](Lane& lane) -> asio::awaitable<void> {
            const auto start = std::chrono::steady_clock::now();
            try {
                // Without a session the server is told no limit.
                co_await lane.query("select pg_sleep(20)", {}, {.deadline = 100ms});
                ADD_FAILURE();
            } catch (const Unanswered& error) {
                EXPECT_EQ(error.reason(), Unanswered::Reason::deadline);
                EXPECT_TRUE(error.may_have_run());
            }
            EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
            // The lane is stuck behind it, and given up.
            EXPECT_THROW(co_await lane.query("select 1"), Unanswered);
            EXPECT_FALSE(lane.is_open());
        },
        {.grace = 50ms});
}

TEST_F(LaneTest, ACallerThatIsCancelledDisturbsNobody) {
    using namespace asio::experimental::awaitable_operators;
    with_lane([&](Lane& lane) -> asio::awaitable<void> {
        // Prepared, so that it is sent at once.
        const Statement sleep("select pg_sleep($1)");
        co_await lane.query(sleep, Arguments(0.0));
        asio::steady_timer soon(co_await asio::this_coro::executor, 30ms);
        const auto result =
            co_await (lane.query(sleep, Arguments(0.5)) || soon.async_wait(asio::use_awaitable));
        EXPECT_EQ(result.index(), 1U);
        EXPECT_EQ(co_await number(lane, "select 7::int8"), 7);
        EXPECT_EQ(lane.stats().abandoned, 1U);
    });
}

TEST_F(LaneTest, ABrokenConnectionIsAnErrorOfThoseOnIt) {
    with_lane([&](Lane& lane) -> asio::awaitable<void> {
        const auto process = co_await number(lane, "select pg_backend_pid()::int8");
        // Prepared, so that it is sent and does not wait.
        co_await lane.query("select pg_sleep($1)", Arguments(0.0));
        int lost = 0;
        std::vector<asio::awaitable<void>> callers;
        for (int i = 0; i < 20; ++i) {
            callers.push_back([](Lane& shared, int& count) -> asio::awaitable<void> {
                try {
                    co_await shared.query("select pg_sleep($1)", Arguments(10.0));
                } catch (const Unanswered& error) {
                    EXPECT_EQ(error.reason(), Unanswered::Reason::connection);
                    EXPECT_TRUE(error.may_have_run());
                    ++count;
                }
            }(lane, lost));
        }
        callers.push_back([](Settings settings, std::int64_t whom) -> asio::awaitable<void> {
            Connection(settings).query("select pg_terminate_backend($1::int)", {whom});
            co_return;
        }(database_.settings(), process));
        co_await test::all(std::move(callers));
        EXPECT_EQ(lost, 20);
        EXPECT_FALSE(lane.is_open());
        EXPECT_THROW(co_await lane.query("select 1"), Unanswered);
    });
}

TEST_F(LaneTest, ALaneMayEndWhileItsCallersWait) {
    test::run([&]() -> asio::awaitable<void> {
        auto lane = std::make_unique<Lane>(co_await Lane::open(database_.settings()));
        bool is_told = false;
        std::vector<asio::awaitable<void>> both;
        both.push_back([](Lane& shared, bool& told) -> asio::awaitable<void> {
            try {
                co_await shared.query("select pg_sleep(10)");
            } catch (const Unanswered& error) {
                told = error.reason() == Unanswered::Reason::closed;
            }
        }(*lane, is_told));
        both.push_back([](std::unique_ptr<Lane>& owner) -> asio::awaitable<void> {
            owner.reset();
            co_return;
        }(lane));
        co_await test::all(std::move(both));
        EXPECT_TRUE(is_told);
    });
}

TEST_F(LaneTest, AServerThatIsAwayOrRefusesIsAnErrorOfOpening) {
    test::run([&]() -> asio::awaitable<void> {
        auto settings = database_.settings();
        settings.host = "/nonexistent";
        EXPECT_THROW(co_await Lane::open(settings), Error);
        settings = database_.settings();
        settings.password = Secret("wrong");
        try {
            co_await Lane::open(settings);
            ADD_FAILURE();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::cannot_connect);
            EXPECT_EQ(error.message().find("wrong"), std::string::npos);
        }
    });
}

}  // namespace
}  // namespace caisson::pg
