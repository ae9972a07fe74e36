// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/migrations/workbench.h"

namespace caisson::migrations {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TransactionsTest : public testing::Test, protected Workbench {
 protected:
    Report run_in(platform::TransactionScope scope) {
        UpRequest request;
        request.rules.transaction = scope;
        return up(request);
    }
    Report run_in_one() { return run_in(platform::TransactionScope::run); }
};

TEST_F(TransactionsTest, ARunInOneTransactionIsUndoneAsAWhole) {
    write("001_a.sql", "create table a(i int);\nset search_path = '';");
    write("002_b.sql", "create table b(i int);\nselect 1/0;");
    const auto error = refusal([&] { run_in_one(); });
    EXPECT_EQ(error.fact("place"), "migrations/002_b.sql:2:1");
    EXPECT_THAT(error.fact("transaction"), HasSubstr("none of them was applied"));
    EXPECT_EQ(history(), "");
    write("002_b.sql", "create table b(i int);");
    EXPECT_EQ(run_in_one().applied.size(), 2U);
    EXPECT_EQ(history(), "001:applied 002:applied");
    EXPECT_EQ(ask("select count(distinct xmin::text) from caisson.migrations"), "1");
}

TEST_F(TransactionsTest, EachFileOfATransactionBeginsWithItsOwnSessionAndConstraints) {
    write("001_a.sql",
          "create table a(i int primary key);create table b(i int references a deferrable "
          "initially deferred);create temp table t(i int);set search_path = pg_catalog;"
          "set local lock_timeout = 0;");
    write("002_b.sql",
          "-- caisson: ensure to_regclass('pg_temp.t') is null\n"
          "-- caisson: ensure current_setting('search_path') <> 'pg_catalog'\n"
          "insert into b values (1);\ninsert into a values (1);");
    EXPECT_EQ(run_in_one().applied.size(), 2U);
    EXPECT_EQ(ask("select count(*) from b"), "1");
}

TEST_F(TransactionsTest, ARunIsCutWhereANewEnumValueIsUsedAndAtWhatCannotBeInATransaction) {
    write("001_a.sql", "create type mood as enum ('sad');\ncreate table m(now mood);");
    write("002_b.sql", "alter type mood add value 'calm'");
    write("003_c.sql", "insert into m values ('calm');");
    write("004_d.sql", "create index concurrently m_now on m(now);");
    write("005_e.sql", "create table e(i int);");
    const auto report = run_in_one();
    EXPECT_EQ(report.applied.size(), 5U);
    EXPECT_THAT(report.cuts, ElementsAre(HasSubstr("002_b.sql adds a value to an enum"),
                                         HasSubstr("004_d.sql cannot be in a transaction"),
                                         HasSubstr("004_d.sql cannot be in a transaction")));
    EXPECT_EQ(ask("select indisvalid from pg_index where indexrelid = 'm_now'::regclass"), "t");
}

TEST_F(TransactionsTest, WithoutTransactionsEachStatementIsRecorded) {
    write("001_a.sql", "create table a(i int);\nselect 1/0;");
    refusal([&] { run_in(platform::TransactionScope::none); });
    EXPECT_EQ(history(), "001:partial");
    write("001_a.sql", "create table a(i int);\nselect 1;");
    EXPECT_EQ(run_in(platform::TransactionScope::none).applied.front().resumed_after, 1U);
}

TEST_F(TransactionsTest, WhatOnlyTheServerSeesIsRefusedWithTheRemedy) {
    write("001_a.sql", "create procedure p() language plpgsql as $$begin commit; end$$;");
    write("002_b.sql", "call p();");
    const auto error = refusal([&] { up(); });
    EXPECT_EQ(error.fact("sqlstate"), "2D000");
    EXPECT_THAT(error.hint(), HasSubstr("-- caisson: no-transaction"));
    write("002_b.sql", "-- caisson: no-transaction\ncall p();");
    EXPECT_EQ(up().applied.size(), 1U);
}

TEST_F(TransactionsTest, WhatIsToldInsideIsTrueWhenTheFileIs) {
    connection.script("create table told(what text)");
    options.within = [](const Event& event) {
        return "insert into public.told values ('" + event.step->migration->version + " " +
               (event.kind == Event::Kind::finished ? "finished" : "statement") + "');";
    };
    std::vector<std::string> beside;
    options.on_event = [&](const Event& event) {
        constexpr std::array<const char*, 6> names = {"planned", "started",  "statement",
                                                      "failed",  "finished", "reverted"};
        beside.emplace_back(names[static_cast<std::size_t>(event.kind)]);
    };
    write("001_a.sql", "create table a(i int);");
    write("002_b.sql", "-- caisson: no-transaction\ncreate table b(i int);\nselect 1/0;");
    refusal([&] { up(); });
    EXPECT_EQ(ask("select string_agg(what, ', ') from told"), "001 finished, 002 statement");
    EXPECT_THAT(beside,
                ElementsAre("planned", "started", "finished", "started", "statement", "failed"));
}

}  // namespace
}  // namespace caisson::migrations
