// SPDX-License-Identifier: Apache-2.0
/// A shop with every fault that can be planted in minutes, and one without any.
#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operations/monitor/advice/prover.h"
#include "operations/monitor/advice/shop.h"

namespace caisson::advice {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

TEST_F(Shop, WithoutAFaultGetsNoAdvice) {
    admin_.script(orders);
    admin_.script(
        "create index on orders (customer); create index on orders (reference);"
        "create unlogged table scratch (x integer)");
    admin_.query("vacuum analyze");
    auto app = as("app");
    for (int i = 1; i <= 300; ++i) {
        app.query("select * from orders where reference = $1", {fmt::format("r{}", i)});
        app.query("select * from orders where customer = $1", {i});
        app.query("update orders set note = 'paid' where id = $1", {i});
    }
    settle();
    const auto judgement = advise();
    EXPECT_THAT(judgement.advice, IsEmpty()) << to_json(judgement).at("advice").as_array().size();
    EXPECT_THAT(facts_.unreadable, IsEmpty());
}

TEST_F(Shop, GetsAdviceAboutEveryPlantedFaultAndNothingElse) {
    admin_.script(orders);
    // A missing index: the statements below; a foreign key without one: orders.customer.
    admin_.script(R"sql(
create index orders_note on orders (note);
create index orders_at on orders (at);
create index orders_at_again on orders (at);
create index orders_cancelled on orders (cancelled_at);
create table bloated (id integer primary key, text text not null) with (autovacuum_enabled = false);
insert into bloated select i, repeat('x', 200) from generate_series(1, 30000) i;
create table neglected (id integer primary key) with (autovacuum_enabled = false);
insert into neglected select i from generate_series(1, 20000) i;
create table anonymous (text text);
insert into anonymous values ('x');
create table doubled (id integer primary key, mail text);
insert into doubled values (1, 'a'), (2, 'a');
create sequence near_its_end maxvalue 1000;
select setval('near_its_end', 900);
create table narrow (id integer primary key default 1);
create sequence wide owned by narrow.id;
select setval('wide', 2000000000);
create table readings (id integer primary key, value integer not null);
insert into readings select i, i from generate_series(1, 20000) i;
)sql");
    EXPECT_THROW(admin_.query("create unique index concurrently doubled_mail on doubled (mail)"),
                 pg::DatabaseError);
    admin_.script("delete from bloated where id < 29900");
    settle();
    admin_.query("vacuum bloated");
    admin_.script("delete from neglected where id <= 15000");
    admin_.query("analyze");
    forget_load();
    admin_.query("select pg_create_physical_replication_slot('forgotten', true)");
    admin_.query("select pg_switch_wal()");
    auto app = as("app");
    for (int i = 1; i <= 60; ++i) {
        app.query("select id, note from orders where reference = $1", {fmt::format("r{}", i)});
        app.query("update orders set cancelled_at = cancelled_at where id = $1", {i});
    }
    for (int i = 0; i < 120; ++i) {
        app.query("select sum(value) from readings");
    }
    for (int i = 0; i < 40; ++i) {
        for (const auto row : app.query("select id from customers where region = $1", {i})) {
            app.query("select name from customers where id = $1", {row.integer("id")});
        }
    }
    app.script("set work_mem = '64kB'");
    for (int i = 0; i < 12; ++i) {
        app.query("select * from orders order by reference limit 1 offset 50000");
    }
    settle(app);
    // Checkpoints each of which the log could have asked for.
    set_in_server("max_wal_size", "32MB");
    for (int i = 0; i < 11; ++i) {
        admin_.query(
            "select pg_logical_emit_message(false, 'x', repeat('x', 1000000)) "
            "from generate_series(1, 20)");
        admin_.query("checkpoint");
    }
    app.script("begin; update customers set name = name where id = 1");
    settle();
    const auto judgement = advise(scaled());
    admin_.query("select pg_drop_replication_slot('forgotten')");
    // A replica may come back to the slot: until it is gone no index is called unused.
    const auto again = advise(scaled());
    EXPECT_TRUE(std::ranges::any_of(again.advice, [](const Advice& advice) {
        return advice.rule == "unused_index" && advice.object == R"("public"."orders_note")";
    }));
    admin_.query("select pg_stat_reset_shared('bgwriter')");
    set_in_server("max_wal_size", "1GB");

    std::set<std::string> found;
    for (const auto& advice : judgement.advice) {
        found.insert(advice.rule + " " + advice.object);
    }
    const std::set<std::string> expected = {
        R"(missing_index "public"."orders" ("reference"))",
        R"(foreign_key_index "public"."orders"."orders_customer_fkey")",
        R"(duplicate_index "public"."orders_at_again")",
        R"(partial_index "public"."orders_cancelled")",
        R"(bloat "public"."bloated")",
        R"(dead_rows "public"."neglected")",
        R"(primary_key "public"."anonymous")",
        R"(invalid_index "public"."doubled_mail")",
        R"(sequence_end "public"."near_its_end")",
        R"(sequence_end "public"."wide")",
        R"(sequential_scans "public"."readings")",
        R"(slot_lag 'forgotten')",
        R"(checkpoints max_wal_size)",
        fmt::format("temporary_files {}", pg::identifier(database_.name())),
        fmt::format("idle_transaction process {}", app.backend_process()),
    };
    std::set<std::string> others;
    for (const auto& each : found) {
        if (!expected.contains(each) && each.find("repeated_statement") == std::string::npos) {
            others.insert(each);
        }
    }
    EXPECT_THAT(others, IsEmpty());
    for (const auto& each : expected) {
        EXPECT_TRUE(found.contains(each)) << each;
    }
    std::map<std::string, const Advice*> by_rule;
    for (const auto& advice : judgement.advice) {
        by_rule[advice.rule] = &advice;
    }
    EXPECT_EQ(admin_.query(by_rule.at("idle_transaction")->apply.at(0)).size(), 1U)
        << "it names the session that is there";
    ASSERT_TRUE(by_rule.contains("repeated_statement"));
    EXPECT_THAT(by_rule["repeated_statement"]->evidence[0].value,
                HasSubstr("select name from customers where id = $1"));
    EXPECT_TRUE(facts_.candidates.at(0).is_proven);
    EXPECT_GT(facts_.candidates[0].uses.at(0).before, 10 * facts_.candidates[0].uses[0].after);
    EXPECT_GT(facts_.candidates[0].bytes, 0U);
    EXPECT_THAT(facts_.unreadable, IsEmpty());
}

TEST_F(Shop, AppliesAndUndoesWhatItWasAdvised) {
    admin_.script(orders);
    admin_.script(
        "create index orders_at on orders (at); create index orders_at_again on orders (at); "
        "create index orders_cancelled on orders (cancelled_at); create table anonymous (x text); "
        "analyze");
    forget_load();
    auto app = as("app");
    for (int i = 1; i <= 60; ++i) {
        app.query("select id, note from orders where reference = $1", {fmt::format("r{}", i)});
    }
    settle();
    auto limits = scaled();
    limits.unused_index_bytes = 1'000'000'000'000;
    const auto before = advise(limits);
    std::set<std::string> rules;
    for (const auto& advice : before.advice) {
        rules.insert(advice.rule);
        for (const auto& statement : advice.apply) {
            EXPECT_NO_THROW(admin_.query(statement)) << statement;
        }
    }
    EXPECT_EQ(rules, (std::set<std::string>{"missing_index", "foreign_key_index", "duplicate_index",
                                            "partial_index", "primary_key"}));
    admin_.query("analyze");
    EXPECT_THAT(advise(limits).advice, IsEmpty()) << "what was followed is advised no more";
    for (const auto& advice : before.advice) {
        for (const auto& statement : advice.undo) {
            EXPECT_NO_THROW(admin_.query(statement)) << statement;
        }
    }
    admin_.query("analyze");
    EXPECT_EQ(advise(limits).advice.size(), before.advice.size());
}

TEST_F(Shop, AdvisesIndexesUntriedWhereTheDatabaseHasNoHypoPg) {
    admin_.script(orders);
    admin_.script("drop extension hypopg; analyze");
    auto app = as("app");
    for (int i = 1; i <= 60; ++i) {
        app.query("select id from orders where reference = $1", {fmt::format("r{}", i)});
    }
    settle();
    auto monitor = as("monitor");
    auto advisor = as("advisor");
    const auto facts =
        read({.monitor = monitor, .advisor = &advisor, .own_roles = {"postgres"}}, scaled());
    ASSERT_EQ(facts.candidates.size(), 1U);
    EXPECT_FALSE(facts.candidates[0].is_proven);
    EXPECT_TRUE(admin_.query("select from pg_extension where extname = 'hypopg'").empty());
    EXPECT_FALSE(advisor.in_transaction());
}

/// A function that says it is immutable runs while a statement of it is planned. It tries to leave
/// the role that plans, and then whatever that role may not.
TEST_F(Shop, GivesWhoCanMakeAFunctionNoMoreThanTheAdvisorMay) {
    admin_.script(orders);
    admin_.script(R"sql(
create table seen (who text, mighty text);
create function climb() returns integer language plpgsql as $$
begin
    perform set_config('role', 'none', true);
    begin
        perform set_config('transaction_read_only', 'off', true);
        insert into seen values (session_user, current_setting('is_superuser'));
    exception when others then null;
    end;
    if current_setting('is_superuser') = 'on' then
        raise exception 'planned as the superuser' using errcode = 'XX001';
    end if;
    return 7;
end $$;
create function trap() returns integer immutable language plpgsql as $$
begin return climb(); end $$;
drop extension hypopg;
analyze;
)sql");
    auto app = as("app");
    for (int i = 0; i < 30; ++i) {
        app.query("select id from orders where reference = 'r1' and customer > trap()");
    }
    settle();
    admin_.script("truncate seen");
    auto limits = scaled();
    limits.statement_milliseconds = 0;
    advise(limits);
    EXPECT_THAT(facts_.unreadable, IsEmpty());
    EXPECT_FALSE(facts_.candidates.empty()) << "the statement was not planned";
    EXPECT_TRUE(admin_.query("select from seen").empty());
}

TEST_F(Shop, PlansOneStatementWhateverItsTextHolds) {
    admin_.script(orders);
    auto advisor = as("advisor");
    Prover prover(advisor);
    EXPECT_FALSE(prover.plan("select id from orders; commit; select 1"));
    EXPECT_TRUE(advisor.in_transaction());
    EXPECT_EQ(advisor.query("show transaction_read_only").front().text(std::size_t{0}), "on");
    EXPECT_TRUE(prover.plan("select id from orders where customer = $1"));
}

TEST_F(Shop, PutsBackTheIndexOfAPartitionedTableWithItsParts) {
    admin_.script(R"sql(
create table events (id bigint, at timestamptz not null, primary key (id, at))
    partition by range (at);
create table events_1 partition of events for values from ('2026-01-01') to ('2026-02-01');
create table events_2 partition of events for values from ('2026-02-01') to ('2026-03-01');
create index events_at on events (at);
create index "events ON at, INDEX two" on events (at);
)sql");
    const auto judgement = advise();
    ASSERT_EQ(judgement.advice.size(), 1U);
    EXPECT_EQ(judgement.advice[0].object, R"("public"."events ON at, INDEX two")");
    admin_.query(judgement.advice[0].apply.at(0));
    admin_.query(judgement.advice[0].undo.at(0));
    const auto made = admin_.query(
        "select i.indisvalid as valid, (select count(*) from pg_inherits "
        "where inhparent = i.indexrelid) as parts from pg_index i "
        "where i.indexrelid = '\"events ON at, INDEX two\"'::regclass");
    ASSERT_EQ(made.size(), 1U);
    EXPECT_TRUE(made.front().boolean("valid"));
    EXPECT_EQ(made.front().integer("parts"), 2);
}

TEST_F(Shop, LeavesAStricterUniqueIndexBesideAConstraint) {
    admin_.script(
        "create table mails (id integer primary key, mail text, unique (mail), code text, "
        "unique (code) deferrable);"
        "create unique index mails_strict on mails (mail) nulls not distinct;"
        "create unique index mails_code on mails (code)");
    EXPECT_THAT(advise().advice, IsEmpty());
}

TEST_F(Shop, DoesNotCallAnIndexInvalidWhileSomebodyBuildsIt) {
    admin_.script("create table t (id integer primary key, x integer)");
    admin_.script("insert into t select i, i from generate_series(1, 100) i");
    // The builder waits for this transaction, which writes to the table.
    auto holder = as("app");
    holder.script("begin; insert into t values (1000, 1)");
    pg::Connection builder(database_.settings());
    const int process = builder.backend_process();
    std::exception_ptr failure;
    std::thread thread([&] {
        try {
            builder.query("create index concurrently t_x on t (x)");
        } catch (...) {
            failure = std::current_exception();
        }
    });
    while (admin_.query("select from pg_index where not indisvalid").empty()) {
        std::this_thread::yield();
    }
    const auto building = advise();
    holder.script("rollback");
    thread.join();
    EXPECT_FALSE(failure);
    EXPECT_GT(process, 0);
    EXPECT_THAT(building.advice, IsEmpty());
    ASSERT_EQ(facts_.indexes.size(), 2U);
    EXPECT_TRUE(facts_.indexes[1].is_being_built);
}

TEST_F(Shop, CallsNoIndexUnusedWhereWhatWasNamedIsNoReplica) {
    admin_.script(orders);
    admin_.script("create index orders_note on orders (note); analyze");
    auto monitor = as("monitor");
    auto same = as("monitor");
    const auto facts =
        read({.monitor = monitor, .replicas = {&same}, .unreachable = {"away:5432: refused"}});
    EXPECT_EQ(facts.replicas_named, 2);
    EXPECT_EQ(facts.replicas_read, 0);
    EXPECT_THAT(facts.unreadable, testing::Contains(HasSubstr("it is the server itself")));
    EXPECT_THAT(facts.unreadable, testing::Contains("replica away:5432: refused"));
    EXPECT_THAT(judge(facts, scaled()).unknown,
                testing::Contains(testing::Field(&Unknown::rule, "unused_index")));
}

TEST_F(Shop, EstimatesNoBloatFromPartOfTheColumns) {
    // In one transaction, so that autovacuum does not count the column before.
    admin_.script(std::string(orders) +
                  "alter table orders alter column note set statistics 0; analyze orders");
    advise();
    EXPECT_EQ(facts_.table("public", "orders")->row_bytes, 0);
    admin_.script("alter table orders alter column note set statistics 100; analyze orders");
    advise();
    EXPECT_GT(facts_.table("public", "orders")->row_bytes, 24);
}

TEST_F(Shop, TellsWhatItMayNotRead) {
    auto monitor = as("app");
    const auto facts = read({.monitor = monitor});
    EXPECT_THAT(facts.unreadable,
                testing::Contains(HasSubstr("columns: not asked as the advisor")));
    EXPECT_FALSE(judge(facts).unknown.empty());
}

}  // namespace
}  // namespace caisson::advice
