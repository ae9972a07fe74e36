// SPDX-License-Identifier: Apache-2.0
/// Advice from the filters that pg_qualstats has counted, on a server that has it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/servers/programs.h"
#include "operations/monitor/advice/advice.h"
#include "operations/monitor/advice/read.h"
#include "tests/support/private_state.h"

namespace caisson::advice {
namespace {

TEST(Filters, ThatPgQualstatsHasCountedBecomeAnIndex) {
    servers::PrivateState state;
    if (!servers::find_programs(state.run).postgres.has_library("pg_qualstats")) {
        GTEST_SKIP() << "pg_qualstats is not installed";
    }
    state.run.manifest.server.postgres = {{"shared_preload_libraries", "pg_qualstats"},
                                          {"pg_qualstats.sample_rate", "1"}};
    servers::start(state.run);
    auto admin = servers::connect(state.run);
    admin.script(
        "create extension pg_stat_statements; create extension pg_qualstats; create extension "
        "hypopg; create table orders (id integer primary key, reference text not null); "
        "insert into orders select i, 'r' || i from generate_series(1, 50000) i; analyze; "
        "create role app");
    admin.query("select pg_stat_force_next_flush()");
    admin.query("select pg_stat_reset_single_table_counters('orders'::regclass)");
    admin.query("select pg_stat_statements_reset()");
    admin.script("grant select on orders to app; set role app");
    for (int i = 0; i < 30; ++i) {
        admin.query("select id from orders where reference = 'r7'");
    }
    admin.script("reset role");
    auto advisor = servers::connect(state.run);
    Limits limits;
    limits.statement_milliseconds = 1e9;  // So that no plan is asked for but for the proof.
    const auto facts = read({.monitor = admin, .advisor = &advisor}, limits);
    ASSERT_EQ(facts.candidates.size(), 1U) << testing::PrintToString(facts.unreadable);
    EXPECT_EQ(facts.candidates[0].source, "pg_qualstats");
    EXPECT_EQ(facts.candidates[0].columns, std::vector<std::string>{"reference"});
    EXPECT_TRUE(facts.candidates[0].is_proven);
    EXPECT_GT(facts.candidates[0].uses.at(0).before, facts.candidates[0].uses[0].after);
    const auto judgement = judge(facts, limits);
    ASSERT_EQ(judgement.advice.size(), 1U);
    EXPECT_EQ(judgement.advice[0].rule, "missing_index");
}

}  // namespace
}  // namespace caisson::advice
