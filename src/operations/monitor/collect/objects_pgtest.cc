// SPDX-License-Identifier: Apache-2.0
/// Tables, indexes and sequences of a real server: bounded, and seen by a role that may read none.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/pg/quote.h"
#include "operations/monitor/collect/definers.h"
#include "operations/monitor/collect/watched_database.h"

namespace caisson::monitor {
namespace {

using testing::HasSubstr;

TEST_F(Collect, ManyTablesGiveABoundedNumberOfSeries) {
    limits.tables = 5;
    limits.indexes = 3;
    std::string script;
    for (int i = 0; i < 40; ++i) {
        script += fmt::format("create table t{0} (id int primary key);", i);
    }
    admin.script(script);
    const auto made = sample();
    EXPECT_EQ(series_of(made, "tables.size").size(), 5U);
    EXPECT_EQ(value_of(made, "tables.count", here()), 40);
    EXPECT_EQ(value_of(made, "tables.left_out", here()), 35);
    EXPECT_EQ(series_of(made, "indexes.size").size(), 3U);
}

TEST_F(Collect, ATablesOwnSettingsSayWhenItIsToBeVacuumed) {
    admin.script(
        "create table eager (id int) with (autovacuum_enabled = off, autovacuum_vacuum_threshold = "
        "10, autovacuum_vacuum_scale_factor = 0); create table patient (id int) with "
        "(autovacuum_enabled = off, autovacuum_vacuum_threshold = 1000000)");
    for (const auto* const name : {"eager", "patient"}) {
        admin.script(fmt::format("insert into {0} select generate_series(1, 1000)", name));
        admin.script(fmt::format("analyze {0}", name));
        admin.script(fmt::format("delete from {0} where id <= 500", name));
    }
    admin.query("select pg_stat_force_next_flush()");
    admin.query("select 1");
    const auto made = sample();
    EXPECT_GE(value_of(made, "tables.vacuum_age", table("eager")).value_or(-1), 0)
        << "never vacuumed, and at least since it was analyzed";
    EXPECT_EQ(value_of(made, "tables.vacuum_age", table("patient")), std::nullopt);
}

TEST_F(Collect, WhatIsBeyondTheBoundOfSeriesIsCounted) {
    limits.others = 2;
    const auto made = sample();
    EXPECT_EQ(series_of(made, "databases.xid_age").size(), 2U);
    EXPECT_GE(value_of(made, "monitor.left_out", {{"what", "databases"}}).value_or(0), 1)
        << "template1, postgres and ours are there";
    limits.others = 50;
    EXPECT_EQ(value_of(sample(), "monitor.left_out", {{"what", "databases"}}), std::nullopt);
}

TEST_F(Collect, SequencesAreReadAFewAtATime) {
    // Each is locked while it is read: a thousand in one transaction would leave no room to others.
    admin.script(
        "do $$ begin for i in 1..1000 loop execute format('create sequence s%s', i); "
        "if i % 100 = 0 then commit; end if; end loop; end $$");
    admin.script("select setval('s777', 4000000000000000000)");
    admin.script(
        fmt::format("grant select on all sequences in schema public to {}", pg::identifier(role)));
    limits.others = 3;
    const auto made = sample();
    EXPECT_EQ(unknown_of(made, "sequences.used_percent"), nullptr);
    const auto fullest = series_of(made, "sequences.used_percent");
    ASSERT_FALSE(fullest.empty());
    EXPECT_EQ(label_of(fullest.front()->labels, "sequencename"), "s777");
    EXPECT_NEAR(fullest.front()->value, 43.4, 0.1);
}

/// As provisioning does.
void give_definers(pg::Connection& admin, const std::string& role) {
    admin.script(
        "create schema caisson; " + definers_step().sql +
        fmt::format(
            "grant usage on schema caisson to {0}; grant execute on function "
            "caisson.monitor_sequences(oid, integer), caisson.monitor_row_widths(oid[]) to {0}",
            pg::identifier(role)));
}

TEST_F(Collect, ASequenceThatIsBeingAlteredIsUnknownAndTheOthersAreRead) {
    admin.script(
        fmt::format("create sequence a; select setval('a', 6e18::bigint); create sequence b; "
                    "create sequence c; select setval('c', 8e18::bigint); "
                    "grant select on all sequences in schema public to {}",
                    pg::identifier(role)));
    pg::Connection other(database.settings());
    other.script("begin; alter sequence b maxvalue 1000");
    const auto expect_all_but_b = [&] {
        const auto made = sample();
        const auto of = [&](const std::string& name) {
            auto labels = here();
            labels.emplace_back("schemaname", "public");
            labels.emplace_back("sequencename", name);
            return labels;
        };
        EXPECT_NEAR(value_of(made, "sequences.used_percent", of("a")).value_or(0), 65, 0.1);
        EXPECT_NEAR(value_of(made, "sequences.used_percent", of("c")).value_or(0), 86.7, 0.1);
        EXPECT_EQ(unknown_of(made, "sequences.used_percent", of("a")), nullptr);
        const auto* const unknown = unknown_of(made, "sequences.used_percent", of("b"));
        ASSERT_NE(unknown, nullptr);
        EXPECT_EQ(unknown->why, "another session alters it, or waits to");
    };
    expect_all_but_b();
    give_definers(admin, role);
    expect_all_but_b();
    other.script("commit");
    EXPECT_EQ(unknown_of(sample(), "sequences.used_percent"), nullptr);
}

TEST_F(Collect, ASequenceOfASmallerColumnIsJudgedByTheColumn) {
    admin.script(
        "create table t (id smallserial primary key); select setval('t_id_seq', 30000); "
        "grant select on all sequences in schema public to public");
    const auto made = sample();
    EXPECT_NEAR(value_of(made, "sequences.used_percent").value_or(0), 91.5, 0.2);
    admin.script("revoke select on all sequences in schema public from public");
    const auto blind = sample();
    EXPECT_EQ(value_of(blind, "sequences.used_percent"), std::nullopt);
    ASSERT_NE(unknown_of(blind, "sequences.used_percent", here()), nullptr);
}

TEST_F(Collect, ASequenceThatEndsIsSeenByARoleThatMayReadNone) {
    give_definers(admin, role);
    admin.script(
        "create schema hidden; create table hidden.t (id serial primary key); "
        "select setval('hidden.t_id_seq', 2000000000); create temporary sequence passing; "
        "create table fresh (id serial)");
    const auto made = sample();
    EXPECT_NEAR(value_of(made, "sequences.used_percent",
                         {{"schemaname", "hidden"}, {"sequencename", "t_id_seq"}})
                    .value_or(0),
                93.1, 0.1);
    EXPECT_EQ(unknown_of(made, "sequences.used_percent"), nullptr);
    pg::Connection connection(targets().databases.front().settings);
    EXPECT_THROW(connection.query("select last_value from hidden.t_id_seq"), pg::DatabaseError);
}

TEST_F(Collect, BloatIsKnownToARoleThatMayReadNoTable) {
    admin.script(
        "create schema hidden; create table hidden.t (id int, a text) with (autovacuum_enabled = "
        "off); insert into hidden.t select i, repeat('x', 200) from generate_series(1, 90000) i; "
        "delete from hidden.t where id % 3 > 0; alter table hidden.t enable row level security");
    admin.query("vacuum analyze hidden.t");
    const Labels labels = {
        {"datname", database.name()}, {"schemaname", "hidden"}, {"relname", "t"}};
    const auto blind = sample();
    EXPECT_EQ(value_of(blind, "bloat.percent", labels), std::nullopt);
    EXPECT_THAT(unknown_of(blind, "bloat.percent", here())->why, HasSubstr("caisson provision"));

    give_definers(admin, role);
    const auto made = sample();
    EXPECT_NEAR(value_of(made, "bloat.percent", labels).value_or(0), 66, 5);
    EXPECT_EQ(unknown_of(made, "bloat.percent"), nullptr);

    // Widths are all that it is given.
    pg::Connection connection(targets().databases.front().settings);
    EXPECT_THROW(connection.query("select a from hidden.t"), pg::DatabaseError);
    EXPECT_TRUE(connection.query("select from pg_stats where schemaname = 'hidden'").empty());
    admin.script("alter table hidden.t add column later int");
    EXPECT_THAT(unknown_of(sample(), "bloat.percent", here())->why, HasSubstr("analyze"));
}

TEST_F(Collect, NobodyElseIsGivenTheFiguresOfTheMonitor) {
    give_definers(admin, role);
    const auto other = database.name() + "_other";
    admin.script(fmt::format("create role {0}; grant usage on schema caisson to {0}; set role {0}",
                             pg::identifier(other)));
    EXPECT_THROW(admin.query("select * from caisson.monitor_sequences(0, 10)"), pg::DatabaseError);
    EXPECT_THROW(admin.query("select * from caisson.monitor_row_widths('{}')"), pg::DatabaseError);
    EXPECT_FALSE(may_call(admin, sequences_function));
    admin.script(
        fmt::format("reset role; drop owned by {0}; drop role {0}", pg::identifier(other)));
}

}  // namespace
}  // namespace caisson::monitor
