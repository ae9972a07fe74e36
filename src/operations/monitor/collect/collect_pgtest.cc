// SPDX-License-Identifier: Apache-2.0
/// The collector against a real server, as a role that has pg_monitor and nothing else.
#include <csignal>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/pg/quote.h"
#include "operations/monitor/collect/blocking.h"
#include "operations/monitor/collect/collector.h"
#include "operations/monitor/collect/definers.h"
#include "operations/monitor/collect/plan.h"
#include "operations/monitor/sample/catalogue.h"
#include "tests/support/cluster.h"
#include "tests/support/pooler.h"
#include "tests/support/postgres.h"

namespace caisson::monitor {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class Collect : public testing::Test {
 protected:
    Collect() : admin(database.settings()), role(database.name() + "_monitor") {
        admin.script(
            fmt::format("create role {0} login password 'watches'; grant pg_monitor to {0}; "
                        "grant usage on schema public to {0}; "
                        "create extension if not exists pg_stat_statements;",
                        pg::identifier(role)));
    }
    ~Collect() override {
        admin.script(fmt::format("drop owned by {0}; drop role {0}", pg::identifier(role)));
    }

    Targets targets() const {
        auto settings = database.settings();
        settings.user = role;
        settings.password = Secret("watches");
        Targets made;
        made.databases = {{database.name(), settings}};
        return made;
    }
    Sample sample() {
        Collector collector(targets(), limits);
        return collector.collect(true);
    }
    Labels here() const { return {{"datname", database.name()}}; }
    Labels table(const std::string& name) const {
        return {{"datname", database.name()}, {"schemaname", "public"}, {"relname", name}};
    }

    test::Database database;
    pg::Connection admin;
    std::string role;
    Limits limits;
};

TEST_F(Collect, EveryReadingIsARowOfTheCatalogueWithItsLabels) {
    admin.script(
        "create table t (id serial primary key, a text); insert into t (a) select 'x' "
        "from generate_series(1, 1000); analyze t");
    const auto made = sample();
    std::set<std::string_view> groups;
    for (const auto& reading : made.readings) {
        const auto* const row = find_metric(reading.metric);
        ASSERT_NE(row, nullptr) << reading.metric;
        groups.insert(row->group);
        std::vector<std::string> names;
        for (const auto& [name, value] : reading.labels) {
            names.push_back(name);
        }
        EXPECT_EQ(names, label_names(*row)) << reading.metric;
        EXPECT_TRUE(std::isfinite(reading.value)) << reading.metric;
    }
    for (const auto* group :
         {"server", "activity", "databases", "tables", "indexes", "statements", "archiver", "wal",
          "checkpoints", "vacuum", "locks", "sizes", "host", "replication"}) {
        EXPECT_TRUE(groups.contains(group)) << group;
    }
    EXPECT_EQ(value_of(made, "server.up"), 1);
    EXPECT_GT(value_of(made, "sizes.database", here()).value_or(0), 1e6);
    EXPECT_GT(value_of(made, "tables.size", table("t")).value_or(0), 8'000);
    EXPECT_GE(value_of(made, "activity.connections").value_or(0), 1) << "the test's own";
}

TEST_F(Collect, WhatARoleMayNotSeeIsUnknownWithTheReason) {
    admin.script(fmt::format("revoke pg_monitor from {}", pg::identifier(role)));
    const auto made = sample();
    EXPECT_EQ(value_of(made, "server.up"), 1);
    for (const auto* metric : {"activity.connections", "archiver.ready", "wal.size"}) {
        EXPECT_EQ(value_of(made, metric), std::nullopt) << metric;
        ASSERT_NE(unknown_of(made, metric), nullptr) << metric;
    }
    EXPECT_THAT(unknown_of(made, "activity.connections")->why, HasSubstr("pg_monitor"));
    EXPECT_THAT(unknown_of(made, "wal.size")->why, HasSubstr("permission denied"));
    EXPECT_NE(value_of(made, "databases.commits", here()), std::nullopt);
}

TEST_F(Collect, ABackupsOwnTransactionIsNotJudged) {
    const auto backup = database.name() + "_backup";
    admin.script(
        fmt::format("create role {} login superuser password 'dumps'", pg::identifier(backup)));
    auto settings = database.settings();
    settings.user = backup;
    settings.password = Secret("dumps");
    auto dumps = std::make_optional<pg::Connection>(settings);
    dumps->script("begin; select 1");
    ::usleep(300'000);
    const auto idle = [&](const std::string& role_of_backups) {
        auto made = targets();
        made.databases.front().backup_role = role_of_backups;
        const auto read = Collector(std::move(made), limits).collect(true);
        EXPECT_EQ(value_of(read, "activity.idle_in_transaction"), 1);
        EXPECT_EQ(value_of(read, "activity.longest_idle_in_transaction") > 0.2,
                  value_of(read, "activity.oldest_transaction") > 0.2);
        return value_of(read, "activity.longest_idle_in_transaction").value_or(-1);
    };
    EXPECT_EQ(idle(backup), 0);
    EXPECT_GT(idle(""), 0.2);
    dumps.reset();
    admin.script(fmt::format("drop role {}", pg::identifier(backup)));
}

TEST_F(Collect, WhatTheServerDoesNotMeasureIsNotZero) {
    const auto set = [&](const char* name, const char* value) {
        admin.query(fmt::format("alter role {} set {} = {}", pg::identifier(role), name, value));
    };
    set("track_io_timing", "off");
    set("track_activities", "off");
    const auto made = sample();
    EXPECT_EQ(value_of(made, "databases.read_seconds", here()), std::nullopt);
    ASSERT_NE(unmeasured_of(made, "databases.read_seconds"), nullptr);
    EXPECT_EQ(unknown_of(made, "databases.commits"), nullptr) << "its group is known";
    EXPECT_EQ(value_of(made, "activity.longest_idle_in_transaction"), std::nullopt);
    ASSERT_NE(unknown_of(made, "activity.longest_idle_in_transaction"), nullptr);
    EXPECT_THAT(unknown_of(made, "activity.active")->why, HasSubstr("track_activities is off"));
    EXPECT_GE(value_of(made, "activity.connections").value_or(0), 1);

    set("track_io_timing", "on");
    set("track_activities", "on");
    const auto all = sample();
    EXPECT_NE(value_of(all, "databases.read_seconds", here()), std::nullopt);
    EXPECT_NE(value_of(all, "activity.active"), std::nullopt);
    EXPECT_EQ(unmeasured_of(all, "databases.read_seconds"), nullptr);
}

TEST_F(Collect, WhatTakesTooLongIsUnknownAndTheRestIsRead) {
    // A lock that the sizes of a database wait for, held by another session.
    limits.timeout = 50ms;
    admin.script(fmt::format(
        "alter role {} in database {} set search_path = slow, pg_catalog; create schema slow; "
        "create function slow.pg_ls_waldir(out name text, out size bigint) returns setof record "
        "language plpgsql as 'begin perform pg_sleep(30); return; end'; grant usage on schema slow "
        "to public",
        pg::identifier(role), pg::identifier(database.name())));
    const auto started = std::chrono::steady_clock::now();
    const auto made = sample();
    EXPECT_LT(std::chrono::steady_clock::now() - started, 10s);
    EXPECT_EQ(value_of(made, "wal.written"), std::nullopt) << "half of a group is none";
    ASSERT_NE(unknown_of(made, "wal.size"), nullptr);
    EXPECT_EQ(unknown_of(made, "wal.size")->why, "took longer than 50 ms");
    EXPECT_NE(value_of(made, "databases.commits", here()), std::nullopt);
}

TEST_F(Collect, FiveThousandStatementsGiveABoundedNumberOfSeries) {
    limits.queries = 20;
    Collector collector(targets(), limits);
    collector.collect(true);
    // Statements are told apart by the columns they name, not by constants or aliases.
    std::string script = "create table wide (c0 int";
    for (int i = 1; i < 100; ++i) {
        script += fmt::format(", c{} int", i);
    }
    script += ");";
    for (int i = 0; i < 5'000; ++i) {
        script += fmt::format("select c{} from wide where c{} = 1;", i % 100, i / 100);
    }
    admin.script(script);
    const auto made = collector.collect();
    EXPECT_LE(series_of(made, "statements.calls").size(), 20U);
    EXPECT_LE(collector.queries().costliest().size(), 20U);
    EXPECT_GT(value_of(made, "statements.tracked").value_or(0), 900);
    for (const auto& query : collector.queries().costliest()) {
        EXPECT_GE(query.figures.calls, 1) << query.text;
        EXPECT_GE(query.figures.seconds, 0) << query.text;
        EXPECT_GE(query.figures.rows, 0) << query.text;
    }
}

TEST_F(Collect, StatementsAreDifferencesAndAResetIsAGap) {
    Collector collector(targets(), limits);
    collector.collect(true);
    for (int i = 0; i < 7; ++i) {
        admin.query("select count(*) from pg_class where relname <> 'marker_of_test'");
    }
    auto made = collector.collect();
    const auto find = [&]() -> const Query* {
        for (const auto& query : collector.queries().costliest()) {
            if (query.text.find("pg_class where relname") != std::string::npos) {
                return &query;
            }
        }
        return nullptr;
    };
    ASSERT_NE(find(), nullptr);
    EXPECT_EQ(find()->figures.calls, 7);
    EXPECT_EQ(find()->figures.rows, 7);
    EXPECT_EQ(find()->text.find("marker_of_test"), std::string::npos) << "no constants";

    admin.script("select pg_stat_statements_reset()");
    for (int i = 0; i < 3; ++i) {
        admin.query("select count(*) from pg_class where relname <> 'marker_of_test'");
    }
    made = collector.collect();
    EXPECT_TRUE(collector.queries().costliest().empty());
    EXPECT_THAT(made.gaps, testing::Contains(testing::Field(&Gap::what, "statements")));
    EXPECT_EQ(value_of(made, "statements.slow"), std::nullopt);

    admin.query("select count(*) from pg_class where relname <> 'marker_of_test'");
    made = collector.collect();
    ASSERT_NE(find(), nullptr);
    EXPECT_EQ(find()->figures.calls, 1);
}

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

TEST_F(Collect, ADatabaseThatNobodyMayConnectToHasAnAgeAllTheSame) {
    limits.others = 2;
    const auto made = sample();
    EXPECT_NE(value_of(made, "databases.xid_age", here()), std::nullopt) << "its own comes first";
    EXPECT_EQ(series_of(made, "databases.xid_age").size(), 2U);
    limits.others = 50;
    const auto whole = sample();
    const Labels closed = {{"datname", "template0"}};
    EXPECT_NE(value_of(whole, "databases.xid_used_percent", closed), std::nullopt);
    EXPECT_EQ(value_of(whole, "databases.commits", closed), std::nullopt);
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

TEST_F(Collect, WhatIsExpensiveIsCarriedOver) {
    admin.script("create table t (id int)");
    Collector collector(targets(), limits);
    const auto first = collector.collect();
    admin.script("create table u (id int)");
    const auto second = collector.collect();
    EXPECT_EQ(value_of(second, "tables.count", here()), 1);
    EXPECT_EQ(second.read_at.at("tables"), first.at);
    EXPECT_EQ(second.read_at.at("databases"), second.at);
    EXPECT_EQ(value_of(collector.collect(true), "tables.count", here()), 2);
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
    limits.timeout = 50ms;
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

TEST_F(Collect, ASessionThatWaitsIsShownBelowTheOneThatHoldsItUp) {
    admin.script("create table t (id int); insert into t values (1)");
    pg::Connection holder(database.settings());
    holder.script("begin");
    holder.query("update t set id = 2 where id = 1");
    std::thread waiter([&] {
        pg::Connection connection(database.settings());
        connection.script("update t set id = 3 where id = 1 and 'a' <> 'secret'");
    });
    pg::Connection watching(targets().databases.front().settings);
    std::vector<LockTree> trees;
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (trees.empty() && std::chrono::steady_clock::now() < deadline) {
        trees = trees_of(read_lock_sessions(watching));
    }
    const auto made = sample();
    holder.script("rollback");
    waiter.join();
    ASSERT_EQ(trees.size(), 1U);
    EXPECT_EQ(trees[0].session.process, holder.backend_process());
    EXPECT_EQ(trees[0].session.state, "idle in transaction");
    ASSERT_EQ(trees[0].waiting.size(), 1U);
    EXPECT_THAT(trees[0].waiting[0].session.lock, HasSubstr("on transaction"));
    EXPECT_EQ(trees[0].waiting[0].session.text.find("secret"), std::string::npos);
    EXPECT_EQ(value_of(made, "locks.blocked"), 1);
    EXPECT_EQ(value_of(made, "locks.blockers"), 1);
    EXPECT_GE(value_of(made, "activity.idle_in_transaction").value_or(0), 1);
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

/// As provisioning does.
void give_definers(pg::Connection& admin, const std::string& role) {
    admin.script(
        "create schema caisson; " + definers_step().sql +
        fmt::format(
            "grant usage on schema caisson to {0}; grant execute on function "
            "caisson.monitor_sequences(oid, integer), caisson.monitor_row_widths(oid[]) to {0}",
            pg::identifier(role)));
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

TEST_F(Collect, AStatementHasAPlanForNoValuesInParticular) {
    admin.script("create table t (id int primary key, a text)");
    admin.query("select a from t where id = 4711 and a <> 'x'");
    pg::Connection connection(targets().databases.front().settings);
    const auto id = admin.query(
        "select queryid from pg_stat_statements where query like 'select a "
        "from t where id%' and dbid = (select oid from pg_database where "
        "datname = current_database())");
    ASSERT_EQ(id.size(), 1U);
    const auto text = statement_text(connection, id.front().integer("queryid"));
    ASSERT_TRUE(text);
    EXPECT_EQ(text->find("4711"), std::string::npos);
    EXPECT_THAT(generic_plan(admin, *text), HasSubstr("(id = $1)"));
    EXPECT_THAT(generic_plan(admin, "select from t where now() > date $1 + interval $2"),
                HasSubstr("$1 + $2"));
    EXPECT_THROW(generic_plan(admin, "vacuum t"), pg::DatabaseError);
    EXPECT_THROW(generic_plan(admin, "select 1; drop table t"), pg::DatabaseError);
    EXPECT_THAT(generic_plan(admin, "delete from t"), HasSubstr("Delete on t"));
    EXPECT_EQ(statement_text(connection, 1), std::nullopt);
}

TEST_F(Collect, APoolerTellsWhoWaits) {
    if (!test::Pooler::is_installed()) {
        GTEST_SKIP() << "PgBouncer is not installed";
    }
    test::Cluster cluster;  // It lets the pooler in without a password.
    std::optional<test::Pooler> pooler(std::in_place, cluster.settings());
    pg::Connection client(pooler->settings());
    client.script("begin; select 1");
    auto with = targets();
    with.pgbouncer = pooler->settings();
    Collector collector(with, limits);
    const auto made = collector.collect();
    const Labels labels = {{"database", cluster.settings().database},
                           {"user", cluster.settings().user}};
    EXPECT_EQ(value_of(made, "pgbouncer.up"), 1);
    EXPECT_EQ(value_of(made, "pgbouncer.clients_active", labels), 1);
    EXPECT_EQ(value_of(made, "pgbouncer.clients_waiting", labels), 0);

    pooler.reset();
    const auto gone = collector.collect();
    EXPECT_EQ(value_of(gone, "pgbouncer.up"), 0);
    EXPECT_NE(unknown_of(gone, "pgbouncer.clients_waiting"), nullptr);
    Collector blind(with, limits);
    const auto unknown = blind.collect();
    EXPECT_EQ(value_of(unknown, "pgbouncer.up"), std::nullopt) << "it may be none";
    EXPECT_NE(unknown_of(unknown, "pgbouncer.up"), nullptr);
}

TEST_F(Collect, ASlotWithoutAReaderIsTimed) {
    const auto name = database.name() + "_slot";
    Collector collector(targets(), limits);
    collector.collect();
    admin.query("select pg_create_physical_replication_slot($1, true)", {name});
    collector.collect();
    std::this_thread::sleep_for(20ms);
    const auto made = collector.collect();
    const Labels labels = {{"slot_name", name}, {"slot_type", "physical"}};
    EXPECT_EQ(value_of(made, "slots.active", labels), 0);
    EXPECT_GT(value_of(made, "slots.inactive", labels).value_or(0), 0.01);
    // Who begins now knows nothing of that, and does not say that it has just begun.
    const auto anew = sample();
    if (value_of(anew, "server.version").value_or(0) < 170'000) {
        EXPECT_EQ(value_of(anew, "slots.inactive", labels), std::nullopt);
        EXPECT_NE(unknown_of(anew, "slots.inactive", labels), nullptr);
    }
    admin.query("select pg_drop_replication_slot($1)", {name});
    EXPECT_EQ(value_of(collector.collect(), "slots.active", labels), std::nullopt);
}

}  // namespace
}  // namespace caisson::monitor
