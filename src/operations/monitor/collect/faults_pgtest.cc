// SPDX-License-Identifier: Apache-2.0
/// A real server that is away, cut off, hung, reset, or watched by somebody else as well.
#include <csignal>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/pg/quote.h"
#include "operations/monitor/collect/watched_database.h"

namespace caisson::monitor {
namespace {

using namespace std::chrono_literals;

TEST_F(Collect, WhatTakesTooLongIsUnknownAndTheRestIsRead) {
    // A lock that the sizes of a database wait for, held by another session.
    limits.timeout = 1s;
    admin.script(fmt::format(
        "alter role {} in database {} set search_path = slow, pg_catalog; create schema slow; "
        "create function slow.pg_ls_waldir(out name text, out size bigint) returns setof record "
        "language plpgsql as 'begin perform pg_sleep(30); return; end'; grant usage on schema slow "
        "to public",
        pg::identifier(role), pg::identifier(database.name())));
    const auto started = std::chrono::steady_clock::now();
    const auto made = sample();
    EXPECT_LT(std::chrono::steady_clock::now() - started, 25s) << "it does not wait for the 30 s";
    EXPECT_EQ(value_of(made, "wal.written"), std::nullopt) << "half of a group is none";
    ASSERT_NE(unknown_of(made, "wal.size"), nullptr);
    EXPECT_EQ(unknown_of(made, "wal.size")->why, "took longer than 1.0 s");
    EXPECT_NE(value_of(made, "databases.commits", here()), std::nullopt);
}

TEST_F(Collect, AStatisticsResetInBetweenInventsNothing) {
    Collector collector(targets(), limits);
    collector.collect();
    for (int i = 0; i < 50; ++i) {
        admin.query("select 1");
    }
    admin.query("select pg_stat_force_next_flush()");
    admin.query("select pg_stat_reset()");
    for (int i = 0; i < 50; ++i) {
        admin.query("select 1");
    }
    const auto made = collector.collect();
    EXPECT_EQ(value_of(made, "databases.transactions_per_second", here()), std::nullopt);
    EXPECT_THAT(made.gaps, testing::Contains(testing::Field(&Gap::why, "statistics were reset")));
}

TEST_F(Collect, AServerThatIsAwayIsDownAndTheRestUnknown) {
    auto wrong = targets();
    wrong.databases.front().settings.host = "/nowhere";
    Collector collector(wrong, limits);
    const auto made = collector.collect();
    EXPECT_EQ(value_of(made, "server.up"), 0);
    for (const auto* metric : {"activity.connections", "tables.size", "statements.calls"}) {
        EXPECT_EQ(value_of(made, metric), std::nullopt);
        EXPECT_NE(unknown_of(made, metric), nullptr) << metric;
    }
}

TEST_F(Collect, AConnectionThatWasCutIsMadeAnew) {
    Collector collector(targets(), limits);
    collector.collect();
    const auto cut = [&] {
        admin.query(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where "
            "application_name = 'caisson-monitor' and datname = current_database()");
    };
    cut();
    EXPECT_EQ(value_of(collector.collect(), "server.up"), 1);
    EXPECT_NE(value_of(collector.collect(), "activity.connections"), std::nullopt);
}

TEST_F(Collect, WhatIsExpensiveIsReadAnewWhereTheServerWasAway) {
    Collector collector(targets(), limits);
    collector.collect();
    admin.query(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where "
        "application_name = 'caisson-monitor' and datname = current_database()");
    admin.script("create table t (id int)");
    collector.collect();  // May be the one that finds out.
    const auto made = collector.collect();
    EXPECT_EQ(value_of(made, "tables.count", here()), 1)
        << "what was read before it was away does not hold";
}

TEST_F(Collect, WhatComesAfterAConnectionThatBreaksInTheMiddleIsUnknown) {
    admin.script(fmt::format(
        "alter role {} in database {} set search_path = slow, pg_catalog; create schema slow; "
        "create function slow.pg_ls_waldir(out name text, out size bigint) returns setof record "
        "language plpgsql as 'begin perform pg_terminate_backend(pg_backend_pid()); perform "
        "pg_sleep(10); end'; grant usage on schema slow to public",
        pg::identifier(role), pg::identifier(database.name())));
    Collector collector(targets(), limits);
    const auto cut = collector.collect();
    EXPECT_EQ(value_of(cut, "server.up"), 1) << "one session has ended, not the server";
    EXPECT_NE(value_of(cut, "databases.commits", here()), std::nullopt);
    for (const auto* group : {"wal", "checkpoints", "vacuum", "sizes", "tables", "statements"}) {
        EXPECT_NE(unknown_of(cut, std::string(group) + ".x"), nullptr) << group;
        EXPECT_FALSE(cut.read_at.contains(group)) << group;
    }
    admin.script("drop schema slow cascade");
    const auto whole = collector.collect();
    EXPECT_NE(value_of(whole, "wal.size"), std::nullopt);
    EXPECT_NE(value_of(whole, "sizes.database", here()), std::nullopt)
        << "what is expensive was not had, and is due at once";
    EXPECT_EQ(whole.read_at.at("redis"), whole.at) << "there is none, and nothing to be read of it";
}

TEST_F(Collect, OfTwoCollectorsOneHasTheTurnUntilItIsGone) {
    auto first = std::make_unique<Collector>(targets(), limits);
    Collector second(targets(), limits);
    EXPECT_TRUE(first->postgres().take_turn());
    EXPECT_TRUE(first->postgres().take_turn());
    EXPECT_FALSE(second.postgres().take_turn());
    first.reset();
    // The server lets go of the lock once it has seen the connection close.
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    bool has_turn = false;
    while (!has_turn && std::chrono::steady_clock::now() < deadline) {
        has_turn = second.postgres().take_turn();
    }
    EXPECT_TRUE(has_turn);
}

TEST_F(Collect, ASessionThatHangsAtTheServerDoesNotKeepTheTurnFromUs) {
    limits.timeout = 1s;
    Collector collector(targets(), limits);
    ASSERT_TRUE(collector.postgres().take_turn());
    const int held = collector.postgres().connection()->backend_process();
    ASSERT_EQ(::kill(held, SIGSTOP), 0);
    const auto sample = collector.collect();
    const bool has_turn = collector.postgres().take_turn();
    const auto next = collector.collect();
    Collector other(targets(), limits);
    const bool has_other = other.postgres().take_turn();
    ::kill(held, SIGCONT);
    EXPECT_NE(unknown_of(sample, "activity.connections"), nullptr);
    EXPECT_TRUE(has_turn);
    EXPECT_NE(value_of(next, "activity.connections"), std::nullopt);
    EXPECT_FALSE(has_other) << "to others it is taken";
}

}  // namespace
}  // namespace caisson::monitor
