// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/migrations/apply.h"
#include "lifecycle/migrations/workbench.h"

namespace caisson::migrations {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class ApplyTest : public testing::Test, protected Workbench {};

TEST_F(ApplyTest, AppliesWhatIsPendingAndRecordsIt) {
    write("001_users.sql", "-- caisson: description people\ncreate table users(id int);");
    write("001_users.down.sql", "drop table users");
    write("002_names.sql", "alter table users add column name text -- no semicolon, no line end");
    const auto report = up();
    ASSERT_EQ(report.applied.size(), 2U);
    EXPECT_EQ(report.applied[1].file, "migrations/002_names.sql");
    EXPECT_EQ(history(), "001:applied 002:applied");
    const auto records = read_history(connection);
    ASSERT_EQ(records.size(), 2U);
    EXPECT_EQ(records[0].checksum, files()[0].up.checksum);
    EXPECT_EQ(records[0].applied_by, "postgres");
    EXPECT_THAT(records[0].applied_from, HasSubstr("caisson"));
    EXPECT_THAT(records[0].applied_at, testing::MatchesRegex("20..-..-..T..:..:......Z"));
    EXPECT_LT(records[0].sequence, records[1].sequence);
    EXPECT_EQ(read_text(connection, records[0]), files()[0].up.text);
    EXPECT_EQ(ask("select description from caisson.migrations order by version limit 1"), "people");
    EXPECT_TRUE(up().applied.empty());
    EXPECT_EQ(ask("select count(*) from pg_locks where locktype = 'advisory'"), "0");
}

TEST_F(ApplyTest, NoticesOfTheServerAreHandedOn) {
    write("001_a.sql", "do $$ begin raise notice 'hello'; end $$");
    const auto report = up();
    ASSERT_EQ(report.applied[0].notices.size(), 1U);
    EXPECT_EQ(report.applied[0].notices[0].message, "hello");
}

TEST_F(ApplyTest, AFailureNamesFileLineColumnAndStatementAndLeavesNothing) {
    write("001_a.sql", "create table a(i int);");
    write("002_b.sql",
          "-- größe €\r\ncreate table b(i int);\r\ncreate table \"ü\"(j int);\r\n"
          "  insert into \"ü\" values ('ä', nosuch);\r\nselect 1;\r\n");
    const auto error = refusal([&] { up(); });
    EXPECT_EQ(error.code(), Code::migration_failed);
    EXPECT_EQ(error.fact("place"), "migrations/002_b.sql:4:32");
    EXPECT_EQ(error.fact("statement"), "insert into \"ü\" values ('ä', nosuch)");
    EXPECT_EQ(error.fact("sqlstate"), "42703");
    EXPECT_THAT(error.message(), HasSubstr("nosuch"));
    EXPECT_EQ(history(), "001:applied");
    EXPECT_EQ(ask("select to_regclass('b') is null"), "t");
    EXPECT_FALSE(connection.in_transaction());
    write("002_b.sql", "create table b(i int)");
    EXPECT_EQ(up().applied.size(), 1U);
}

TEST_F(ApplyTest, ASyntaxErrorInTheMiddleIsFoundWhereItIs) {
    write("001_a.sql", "create table a(i int);\ncreate tabel b(i int);\ncreate table c(i int);\n");
    const auto error = refusal([&] { up(); });
    EXPECT_EQ(error.fact("place"), "migrations/001_a.sql:2:8");
    EXPECT_EQ(error.fact("statement"), "create tabel b(i int)");
    EXPECT_EQ(ask("select to_regclass('a') is null"), "t");
    write("001_a.sql", "select 1;\nselect 'never closed;\n");
    EXPECT_EQ(refusal([&] { up(); }).fact("place"), "migrations/001_a.sql:2:8");
    write("001_a.sql", "-- caisson: no-transaction\nselect 1;\nselect $x$ never closed;\n");
    EXPECT_EQ(refusal([&] { up(); }).fact("place"), "migrations/001_a.sql:3:8");
}

TEST_F(ApplyTest, AFailureWithoutPositionIsFoundByCounting) {
    write("001_a.sql",
          "create table a(i int primary key);\n\n-- twice\ninsert into a values (1);\n"
          "insert into a values (1);\n");
    auto error = refusal([&] { up(); });
    EXPECT_EQ(error.fact("place"), "migrations/001_a.sql:5:1");
    EXPECT_EQ(error.fact("statement"), "insert into a values (1)");
    EXPECT_THAT(error.fact("detail"), HasSubstr("(i)=(1)"));
    write("001_a.sql", "select 1/0");
    EXPECT_EQ(refusal([&] { up(); }).fact("place"), "migrations/001_a.sql:1:1");
    write("001_a.sql",
          "create table a(i int primary key deferrable initially deferred);\n"
          "insert into a values (1), (1);");
    error = refusal([&] { up(); });
    EXPECT_EQ(error.fact("place"), "migrations/001_a.sql");
    EXPECT_EQ(error.fact("sqlstate"), "23505");
}

TEST_F(ApplyTest, EveryFileStartsFromACleanSession) {
    connection.script(
        "create role test_clean_role; grant usage, create on schema public to "
        "test_clean_role");
    write("001_dirty.sql",
          "create temp table t(i int);\nset search_path = '';\nset timezone = 'Asia/Riyadh';\n"
          "prepare p as select 1;\ndeclare c cursor with hold for select 1;\nlisten news;\n"
          "create sequence public.s;\nselect nextval('public.s');\nset role test_clean_role;\n"
          "set standard_conforming_strings = off;\nselect pg_advisory_lock(42);\n");
    write("002_clean.sql",
          "do $$ begin\n"
          "  if to_regclass('pg_temp.t') is not null then raise 'temporary table'; end if;\n"
          "  if current_setting('search_path') <> '\"$user\", public' then raise 'path'; end if;\n"
          "  if current_setting('timezone') = 'Asia/Riyadh' then raise 'timezone'; end if;\n"
          "  if exists (select from pg_prepared_statements) then raise 'prepared'; end if;\n"
          "  if exists (select from pg_cursors where is_holdable) then raise 'cursor'; end if;\n"
          "  if exists (select from pg_listening_channels()) then raise 'listens'; end if;\n"
          "  if current_user <> 'postgres' then raise 'role'; end if;\n"
          "  if exists (select from pg_locks where locktype = 'advisory' and objid = 42) then\n"
          "    raise 'lock'; end if;\n"
          "  if 'a\\b' <> E'a\\\\b' then raise 'strings'; end if;\n"
          "end $$;\n"
          "do $$ begin perform lastval(); raise 'sequence';\n"
          "exception when object_not_in_prerequisite_state then null; end $$;\n");
    up();
    EXPECT_EQ(history(), "001:applied 002:applied");
    EXPECT_EQ(ask("select applied_by from caisson.migrations where version = '001'"), "postgres");
    connection.script("drop owned by test_clean_role; drop role test_clean_role");
}

TEST_F(ApplyTest, WhatNewSessionsBeginWithHoldsForTheNextFile) {
    write("001_path.sql", "create schema app;\nalter database " + database.name() +
                              " set search_path = app, public;");
    write("002_table.sql", "create table t(i int);");
    up();
    EXPECT_EQ(ask("select to_regclass('app.t') is not null"), "t");
}

TEST_F(ApplyTest, AFileThatGivesUpTheLockDoesNotLeaveTheOthersWithoutIt) {
    write("001_unlock.sql", "select pg_advisory_unlock_all();");
    write("002_look.sql",
          "create table seen as select count(*) as n from pg_locks where locktype = 'advisory'");
    up();
    EXPECT_EQ(ask("select n from seen"), "1");
    EXPECT_EQ(ask("select count(*) from pg_locks where locktype = 'advisory'"), "0");
}

TEST_F(ApplyTest, FilesWithTheirOwnTransactionAreStillOneWithTheHistory) {
    write("001_own.sql", "BEGIN;\ncreate table a(i int);\nCOMMIT;\n");
    write("002_fails.sql", "begin;\ncreate table b(i int);\nselect 1/0;\ncommit;\n");
    const auto error = refusal([&] { up(); });
    EXPECT_EQ(error.fact("place"), "migrations/002_fails.sql:3:1");
    EXPECT_EQ(history(), "001:applied");
    EXPECT_EQ(ask("select to_regclass('b') is null"), "t");
}

TEST_F(ApplyTest, AConditionThatDoesNotHoldIsNamedAndNothingIsRun) {
    write("001_a.sql", "create table a(i int, found int)");
    write("002_b.sql",
          "-- caisson: require exists (select from pg_class where relname = 'a')\n"
          "-- caisson: require select count(found) > 0 from a;\ncreate table b(i int);");
    const auto error = refusal([&] { up(); });
    EXPECT_EQ(error.code(), Code::migration_failed);
    EXPECT_EQ(error.message(),
              "migrations/002_b.sql:2:1: the file says `require select count(found) > 0 from a`, "
              "and that does not hold");
    EXPECT_EQ(history(), "001:applied");
    EXPECT_EQ(ask("insert into a values (1, 1) returning i"), "1");
    EXPECT_EQ(up().applied.size(), 1U);
}

TEST_F(ApplyTest, AConditionAfterAFileUndoesItWhenItDoesNotHold) {
    write("001_a.sql",
          "create table a(i int);\nselect 1;\n"
          "-- caisson: ensure to_regclass('a') is not null\n-- caisson: ensure i > 0");
    const auto broken = refusal([&] { up(); });
    EXPECT_NE(broken.message().find("`ensure i > 0` cannot be evaluated"), std::string::npos)
        << broken.message();
    write("001_a.sql", "-- caisson: ensure exists (select from a)\ncreate table a(i int);");
    EXPECT_EQ(refusal([&] { up(); }).fact("place"), "migrations/001_a.sql:1:1");
    EXPECT_EQ(history(), "");
    write("001_a.sql",
          "-- caisson: ensure exists (select from a)\n-- caisson: no-transaction\n"
          "create table a(i int);insert into a values (1);");
    EXPECT_EQ(up().applied.size(), 1U);
    EXPECT_EQ(history(), "001:applied");
}

TEST_F(ApplyTest, EmptyFilesAndOddLineEndsAreFine) {
    write("001_empty.sql", "");
    write("002_comment.sql", "/* nothing */ -- at all");
    write("003_mark.sql",
          "\xEF\xBB\xBF"
          "create table a(i int);\r\n");
    write("004_body.sql",
          "create function f() returns int language sql begin atomic select 1; select 2; end;\n"
          "select f();");
    EXPECT_EQ(up().applied.size(), 4U);
}

TEST_F(ApplyTest, AFeatureSwitchedOnLaterIsAppliedAndRevertedInThatOrder) {
    write("001_a.sql", "create table a(i int)");
    write("002_chain.sql", "-- caisson: feature blockchain\ncreate table chain(i int)");
    write("002_chain.down.sql", "drop table chain");
    write("003_c.sql", "create table c(i int)");
    write("003_c.down.sql", "drop table c");
    up();
    EXPECT_EQ(history(), "001:applied 003:applied");
    features["blockchain"] = true;
    up();
    EXPECT_EQ(history(), "001:applied 003:applied 002:applied");
    down({1, {}, {}});
    EXPECT_EQ(history(), "001:applied 003:applied");
    EXPECT_EQ(ask("select to_regclass('chain') is null"), "t");
    down({1, {}, "003"});
    EXPECT_EQ(history(), "001:applied");
    EXPECT_EQ(refusal([&] { down({1, {}, {}}); }).code(), Code::migration_order);
}

TEST_F(ApplyTest, SeveralAreRevertedNewestFirst) {
    for (const auto* version : {"001", "002", "003"}) {
        const std::string table = std::string("t") + version;
        write(std::string(version) + "_x.sql", "create table " + table + "(i int)");
        write(std::string(version) + "_x.down.sql", "drop table " + table);
    }
    up();
    std::vector<std::string> order;
    options.on_finish = [&](const Applied& one, std::size_t, std::size_t total) {
        order.push_back(one.version);
        EXPECT_EQ(total, 2U);
    };
    down({1, "001", {}});
    EXPECT_THAT(order, testing::ElementsAre("003", "002"));
    EXPECT_EQ(history(), "001:applied");
    options = {};
    up({"2"});
    EXPECT_EQ(history(), "001:applied 002:applied");
    down({2, {}, {}});
    EXPECT_EQ(history(), "");
}

TEST_F(ApplyTest, ADownThatFailsLeavesEverything) {
    write("001_a.sql", "create table a(i int)");
    write("001_a.down.sql", "drop table a;\nselect nosuch;");
    up();
    const auto error = refusal([&] { down({1, {}, {}}); });
    EXPECT_EQ(error.fact("place"), "migrations/001_a.down.sql:2:8");
    EXPECT_EQ(ask("select to_regclass('a') is not null"), "t");
    EXPECT_EQ(history(), "001:applied");
}

TEST_F(ApplyTest, AnEditedFileIsRefusedWithWhatWasApplied) {
    write("001_a.sql", "create table a(\n    i int\n);\n");
    up();
    write("001_a.sql", "create table a(\n    i bigint\n);\n");
    const auto error = refusal([&] { up(); });
    EXPECT_EQ(error.code(), Code::migration_edited);
    EXPECT_THAT(error.message(), HasSubstr("-    i int\n+    i bigint\n"));
    write("001_a.sql", "create table a(\r\n    i int\r\n);\r\n");
    EXPECT_THAT(up().applied, IsEmpty());
}

TEST_F(ApplyTest, AConnectionLostInFlightIsReportedAndTheHistoryDecides) {
    write("001_a.sql", "create table a(i int);");
    write("002_b.sql", "create table b(i int);\nselect pg_terminate_backend(pg_backend_pid());");
    const auto error = refusal([&] { up(); });
    EXPECT_EQ(error.code(), Code::cannot_connect);
    EXPECT_THAT(error.fact("in flight"), HasSubstr("002_b.sql"));
    EXPECT_EQ(history(), "001:applied");
    connection = pg::Connection(database.settings());
    write("002_b.sql", "create table b(i int);");
    up();
    EXPECT_EQ(history(), "001:applied 002:applied");
}

TEST_F(ApplyTest, AFileThatRemovesTheHistoryFailsAsAWhole) {
    write("001_a.sql", "create table a(i int);\ndrop schema caisson cascade;");
    const auto error = refusal([&] { up(); });
    EXPECT_EQ(error.code(), Code::migration_failed);
    EXPECT_EQ(ask("select to_regclass('caisson.migrations') is not null"), "t");
    EXPECT_EQ(ask("select to_regclass('a') is null"), "t");
}

TEST_F(ApplyTest, WithoutACatalogueTheHistoryIsEmpty) {
    connection.script("drop schema caisson cascade");
    EXPECT_THAT(read_history(connection), IsEmpty());
}

}  // namespace
}  // namespace caisson::migrations
