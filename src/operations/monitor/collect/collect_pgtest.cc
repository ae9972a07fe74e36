// SPDX-License-Identifier: Apache-2.0
/// The collector against a real server, as a role that has pg_monitor and nothing else.
#include <optional>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/pg/quote.h"
#include "operations/monitor/collect/blocking.h"
#include "operations/monitor/collect/plan.h"
#include "operations/monitor/collect/watched_database.h"
#include "operations/monitor/sample/catalogue.h"
#include "tests/support/cluster.h"
#include "tests/support/pooler.h"

namespace caisson::monitor {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

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

TEST_F(Collect, WhoeverIsBehindAFigureOfSessionsIsNamedWithoutConstants) {
    admin.script("create table t (id int); insert into t values (1)");
    auto settings = database.settings();
    settings.application = "billing";
    pg::Connection idle(settings);
    idle.script("begin; update t set id = 4711 where id = 1");
    settings.application = "reports";
    pg::Connection waiting(settings);
    std::thread wait([&] {
        EXPECT_THROW(waiting.query("update t /* 815 */ set id = 2\n where id = 1 and id <> 0815"),
                     pg::DatabaseError);
    });
    auto made = sample();
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while ((witness_of(made, "locks.blocked", {}).empty() ||
            value_of(made, "activity.longest_query").value_or(0) < 1) &&
           std::chrono::steady_clock::now() < deadline) {
        made = sample();
    }
    admin.query(fmt::format("select pg_cancel_backend({})", waiting.backend_process()));
    wait.join();
    const auto text = [&](std::string_view metric) {
        return std::string(witness_of(made, metric, {}));
    };
    const auto holder =
        fmt::format("pid {}, user postgres, application billing, client ", idle.backend_process());
    EXPECT_THAT(text("activity.longest_idle_in_transaction"), HasSubstr(holder));
    EXPECT_THAT(text("activity.longest_idle_in_transaction"),
                testing::ContainsRegex("idle in transaction, since [0-9-]+ [0-9:]+ UTC: begin; "
                                       "update t set id = \\? where id = \\?$"));
    EXPECT_THAT(text("activity.oldest_transaction"), HasSubstr(holder));
    const auto waiter =
        fmt::format("pid {}, user postgres, application reports", waiting.backend_process());
    EXPECT_THAT(text("activity.longest_query"), HasSubstr(waiter));
    EXPECT_THAT(text("activity.longest_query"),
                testing::EndsWith(": update t set id = ? where id = ? and id <> ?"));
    EXPECT_THAT(text("locks.blocked"), testing::StartsWith("1 held up by " + holder));
    EXPECT_THAT(text("locks.longest_wait"), testing::StartsWith(waiter));
    EXPECT_THAT(text("locks.longest_wait"), HasSubstr("; 1 held up by " + holder));
    for (const auto& each : made.witnesses) {
        EXPECT_THAT(each.text, testing::Not(testing::ContainsRegex("4711|815"))) << each.metric;
    }
    idle.script("rollback");
    EXPECT_TRUE(witness_of(sample(), "locks.blocked", {}).empty());
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
