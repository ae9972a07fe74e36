// SPDX-License-Identifier: Apache-2.0
/// What is known, and said to be unknown, where others lock, may not be read, or have decided.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operations/monitor/advice/sample_facts.h"
#include "operations/monitor/advice/shop.h"
#include "operations/monitor/collect/definers.h"

namespace caisson::advice {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(Shop, KnowsTheIndexesOfAllTablesButTheOneThatIsLocked) {
    admin_.script(R"sql(
create table owners (id integer primary key);
create table things (id integer primary key, owner integer references owners, open boolean);
create index things_owner on things (owner) where owner is not null;
create table parts (id integer primary key, owner integer references owners);
insert into owners values (1);
insert into things select i, 1, true from generate_series(1, 2000) i;
insert into parts select i, 1 from generate_series(1, 2000) i;
analyze;
)sql");
    auto other = as("app");
    other.script("begin; lock table things in access exclusive mode");
    const auto judgement = advise();
    other.script("rollback");
    ASSERT_THAT(rules_of(judgement), ElementsAre("foreign_key_index"));
    EXPECT_EQ(judgement.advice[0].table, "public.parts") << "that of the others is known";
    EXPECT_THAT(facts_.locked, ElementsAre("public.things"));
    EXPECT_THAT(judgement.unknown,
                Contains(testing::Field(&Unknown::about, ElementsAre("public.things"))));
    EXPECT_THAT(facts_.unread, IsEmpty());
    advise();
    EXPECT_THAT(facts_.locked, IsEmpty());
}

TEST_F(Shop, SaysWhichRulesAreUnknownWhileNothingIsCounted) {
    admin_.script(orders);
    admin_.query(
        fmt::format("alter database {} set track_counts = off", pg::identifier(database_.name())));
    const auto judgement = advise(scaled());
    std::set<std::string> unknown;
    for (const auto& each : judgement.unknown) {
        EXPECT_THAT(each.why, HasSubstr("track_counts is off"));
        unknown.insert(each.rule);
    }
    EXPECT_THAT(unknown, ElementsAre("bloat", "cache_hits", "dead_rows", "foreign_key_index",
                                     "missing_index", "sequential_scans", "temporary_files",
                                     "unused_index"));
    EXPECT_THAT(judgement.advice, IsEmpty());
}

TEST_F(Shop, SaysThatSessionsAreUnknownWhileNobodyWatchesThem) {
    admin_.query(fmt::format("alter database {} set track_activities = off",
                             pg::identifier(database_.name())));
    EXPECT_THAT(advise().unknown, ElementsAre(testing::Field(&Unknown::rule, "idle_transaction")));
}

TEST_F(Shop, KnowsAllSequencesButTheOneThatIsBeingAltered) {
    admin_.script(
        "create sequence a; select setval('a', 9e18::bigint); create sequence b; create sequence "
        "c; select setval('c', 9e18::bigint)");
    pg::Connection other(database_.settings());
    other.script("begin; alter sequence b maxvalue 1000");
    const auto judgement = advise();
    ASSERT_THAT(judgement.unknown, testing::SizeIs(1));
    EXPECT_EQ(judgement.unknown[0].rule, "sequence_end");
    EXPECT_EQ(judgement.unknown[0].why, "another session alters them, or waits to: public.b");
    std::vector<std::string> read;
    for (const auto& each : facts_.sequences) {
        read.push_back(each.name);
    }
    EXPECT_THAT(read, ElementsAre("a", "c"));
    other.script("rollback");
    EXPECT_THAT(advise().unknown, IsEmpty());
}

/// Those of the audit, each followed: nothing is advised again, and undone it is as before.
TEST_F(Shop, MendsSequencesWhichWayTheyCount) {
    admin_.script(R"sql(
create sequence down increment -1 minvalue -1000 maxvalue 0 start 0;
select setval('down', -950);
create sequence bound as integer maxvalue 1000;
select setval('bound', 990);
create sequence down_bound as smallint increment -1 minvalue -1000;
select setval('down_bound', -990);
create table small (id smallserial primary key);
select setval('small_id_seq', 30000);
create table same (id integer primary key default 1);
create sequence same_id maxvalue 2147483647 owned by same.id;
select setval('same_id', 2147000000);
)sql");
    const auto ends = [&] {
        return admin_
            .query(
                "select string_agg(concat(seqrelid::regclass, seqtypid::regtype, seqmin, ' ', "
                "seqmax), "
                "',' order by seqrelid) as ends from pg_sequence")
            .front()
            .string("ends");
    };
    const auto first = ends();
    const auto before = advise();
    EXPECT_EQ(before.advice.size(), 5U);
    for (const auto& advice : before.advice) {
        EXPECT_EQ(advice.rule, "sequence_end");
        for (const auto& statement : advice.apply) {
            EXPECT_NO_THROW(admin_.query(statement)) << statement;
        }
    }
    EXPECT_THAT(advise().advice, IsEmpty());
    for (const auto& advice : before.advice) {
        for (const auto& statement : advice.undo) {
            EXPECT_NO_THROW(admin_.query(statement)) << statement;
        }
    }
    EXPECT_EQ(ends(), first);
}

TEST_F(Shop, SeesSequencesByTheFunctionOfTheMonitorOrSaysThatItDoesNot) {
    admin_.script(
        "create table sq (id smallserial primary key); select setval('sq_id_seq', 30000);" +
        fmt::format("revoke all on sequence sq_id_seq from {}", pg::identifier(name("advisor"))));
    const auto blind = advise();
    EXPECT_THAT(blind.advice, IsEmpty());
    EXPECT_THAT(blind.unknown,
                Contains(testing::Field(&Unknown::about, ElementsAre(R"("public"."sq_id_seq")"))));
    admin_.script("create schema caisson;" + monitor::definers_step().sql +
                  fmt::format("grant usage on schema caisson to {0}; grant execute on all "
                              "functions in schema caisson to {0}",
                              pg::identifier(name("monitor"))));
    const auto judgement = advise();
    EXPECT_THAT(rules_of(judgement), ElementsAre("sequence_end"));
    EXPECT_THAT(judgement.unknown, IsEmpty());
}

TEST_F(Shop, PlansStatementsWithTypedConstantsAndSaysWhichItCannot) {
    admin_.script(R"sql(
create table visits (id bigint primary key, who integer, at timestamptz);
insert into visits select i, i % 5000, now() - i * interval '1 minute'
  from generate_series(1, 60000) i;
create table hidden (id integer primary key);
analyze;
)sql");
    admin_.script(fmt::format("revoke all on hidden from {}", pg::identifier(name("advisor"))));
    settle();
    admin_.query("select pg_stat_reset_single_table_counters('visits'::regclass)");
    auto app = as("app");
    for (int i = 0; i < 30; ++i) {
        app.query(
            fmt::format("select count(*) from visits where who = {} and at > now() - interval "
                        "'900 days' and at < date '2100-01-01'",
                        i));
    }
    app.query("select pg_sleep(0.1) from (values (1)) v left join hidden on true");
    settle(app);
    auto limits = scaled();
    const auto judgement = advise(limits);
    ASSERT_THAT(rules_of(judgement), ElementsAre("missing_index"));
    EXPECT_THAT(judgement.advice[0].object, HasSubstr(R"("visits" ("who")"));
    ASSERT_EQ(facts_.unplanned.size(), 1U);
    EXPECT_THAT(facts_.unplanned[0].why, HasSubstr("permission denied for table hidden"));
    EXPECT_THAT(judgement.unknown, Contains(testing::Field(&Unknown::rule, "missing_index")));
}

TEST_F(Shop, AdvisesAnIndexBesideOneThatDoesNotFind) {
    admin_.script(R"sql(
create table visits (id bigint primary key, who integer, name text collate "und-x-icu");
insert into visits select i, (i * 7919) % 20011, 'n' || (i * 7919) % 20011
  from generate_series(1, 60000) i;
create index visits_who on visits using brin (who);
create index visits_name on visits (name collate "C");
analyze;
)sql");
    settle();
    admin_.query("select pg_stat_reset_single_table_counters('visits'::regclass)");
    auto app = as("app");
    for (int i = 0; i < 30; ++i) {
        app.query("select id from visits where who = $1", {i});
        app.query("select id from visits where name = $1", {fmt::format("n{}", i)});
    }
    settle(app);
    std::set<std::string> objects;
    for (const auto& advice : advise(scaled()).advice) {
        objects.insert(advice.rule + " " + advice.object);
    }
    EXPECT_TRUE(objects.contains(R"(missing_index "public"."visits" ("who"))"));
    EXPECT_TRUE(objects.contains(R"(missing_index "public"."visits" ("name"))"));
}

TEST_F(Shop, EndsNoSessionOfItsOwnAndLoosensNoBound) {
    admin_.script(fmt::format(
        "create table t (id integer primary key); alter role {0} set "
        "idle_in_transaction_session_timeout = '1min'; alter role {0} in database {1} set "
        "idle_in_transaction_session_timeout = '10min'",
        pg::identifier(name("app")), pg::identifier(database_.name())));
    auto app = as("app");
    app.script("set idle_in_transaction_session_timeout = 0; begin; select from t");
    auto settings = app.settings();
    settings.application = "caisson backup";
    pg::Connection backup(settings);
    backup.script("begin isolation level repeatable read; select from t");
    auto judgement = advise(scaled());
    ASSERT_THAT(rules_of(judgement), ElementsAre("idle_transaction"));
    EXPECT_THAT(judgement.advice[0].object, HasSubstr(std::to_string(app.backend_process())));
    ASSERT_EQ(judgement.advice[0].apply.size(), 2U);
    EXPECT_THAT(judgement.advice[0].undo, ElementsAre(HasSubstr("= '10min'")));
    admin_.query(judgement.advice[0].apply[1]);
    judgement = advise(scaled());
    ASSERT_THAT(rules_of(judgement), ElementsAre("idle_transaction"));
    EXPECT_EQ(judgement.advice[0].apply.size(), 1U) << "5 minutes are bound enough";
}

TEST_F(Shop, DoesNotTakeCheckpointsByHandForAFullLog) {
    for (int i = 0; i < 13; ++i) {
        admin_.query("checkpoint");
    }
    EXPECT_THAT(advise().advice, IsEmpty());
    EXPECT_GT(facts_.requested_checkpoints, 12);
    EXPECT_GT(facts_.wal_bytes.value_or(0), 0U);
}

}  // namespace
}  // namespace caisson::advice
