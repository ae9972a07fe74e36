// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/migrations/workbench.h"

namespace caisson::migrations {
namespace {

using testing::HasSubstr;

class ByStatementTest : public testing::Test, protected Workbench {};

TEST_F(ByStatementTest, StatementsThatRefuseATransactionRunWithNothingSaid) {
    write("001_a.sql",
          "create table a(i int);\ncreate index concurrently a_i on a(i);\nvacuum a;\n"
          "create unique index concurrently on a(i)");
    up();
    EXPECT_EQ(history(), "001:applied");
    EXPECT_EQ(ask("select count(*) from pg_indexes where tablename = 'a'"), "2");
    EXPECT_EQ(ask("select statements_done from caisson.migrations"), "4");
}

TEST_F(ByStatementTest, AFailureKeepsWhatIsDoneAndTheNextRunGoesOnThere) {
    write("001_a.sql",
          "-- caisson: no-transaction\ncreate table a(i int);\ninsert into a values (1);\n"
          "insert into a values (nosuch);\ninsert into a values (3);\n");
    const auto error = refusal([&] { up(); });
    EXPECT_EQ(error.code(), Code::migration_failed);
    EXPECT_EQ(error.fact("place"), "migrations/001_a.sql:4:23");
    EXPECT_THAT(error.hint(), HasSubstr("statements 1 to 2 of 4 applied and stay"));
    EXPECT_EQ(history(), "001:partial");
    EXPECT_EQ(ask("select statements_done from caisson.migrations"), "2");
    EXPECT_THAT(ask("select error from caisson.migrations"), HasSubstr("nosuch"));
    // A comment is no statement; what comes after the done ones may change.
    write("001_a.sql",
          "-- caisson: no-transaction\n-- mended\ncreate table a(i int);\n"
          "insert into a values (1);\ninsert into a values (2);\ninsert into a values (3);\n");
    const auto report = up();
    EXPECT_EQ(report.applied[0].resumed_after, 2U);
    EXPECT_EQ(history(), "001:applied");
    EXPECT_EQ(ask("select array_agg(i order by i)::text from a"), "{1,2,3}");
    EXPECT_EQ(ask("select checksum from caisson.migrations"), files()[0].up.checksum);
    EXPECT_TRUE(up().applied.empty());
}

TEST_F(ByStatementTest, ResumingIsRefusedWhenWhatWasAppliedIsEdited) {
    write("001_a.sql", "-- caisson: no-transaction\ncreate table a(i int);\nselect nosuch;");
    refusal([&] { up(); });
    write("001_a.sql", "-- caisson: no-transaction\ncreate table a(j int);\nselect 1;");
    EXPECT_EQ(refusal([&] { up(); }).code(), Code::migration_edited);
    write("001_a.sql", "-- caisson: no-transaction\n");
    EXPECT_EQ(refusal([&] { up(); }).code(), Code::migration_edited);
    // Without the directive it still goes on after what is done.
    write("001_a.sql", "create table a(i int);\nselect 1;");
    EXPECT_EQ(up().applied.size(), 1U);
}

TEST_F(ByStatementTest, SettingsOfTheEarlierAttemptHoldAgain) {
    write("001_a.sql",
          "-- caisson: no-transaction\ncreate schema app;\nset search_path = app;\n"
          "create table t(i int);\nselect nosuch;\ncreate table u(i int);");
    refusal([&] { up(); });
    write("001_a.sql",
          "-- caisson: no-transaction\ncreate schema app;\nset search_path = app;\n"
          "create table t(i int);\nselect 1;\ncreate table u(i int);");
    up();
    EXPECT_EQ(ask("select to_regclass('app.u') is not null"), "t");
}

TEST_F(ByStatementTest, TransactionsOfTheFileAreKeptWithTheirProgress) {
    write("001_a.sql",
          "create table a(i int);\nbegin isolation level serializable;\ninsert into a values (1);\n"
          "commit;\nbegin;\ninsert into a values (2);\nselect nosuch;\ncommit;\n");
    const auto error = refusal([&] { up(); });
    EXPECT_EQ(error.fact("place"), "migrations/001_a.sql:7:8");
    EXPECT_EQ(ask("select array_agg(i)::text from a"), "{1}");
    EXPECT_EQ(ask("select statements_done from caisson.migrations"), "4");
    write("001_a.sql",
          "create table a(i int);\nbegin isolation level serializable;\ninsert into a values (1);\n"
          "commit;\nbegin;\ninsert into a values (2);\nselect 1;\ncommit;\n");
    up();
    EXPECT_EQ(ask("select array_agg(i order by i)::text from a"), "{1,2}");
}

TEST_F(ByStatementTest, ATransactionLeftOpenIsAFailure) {
    write("001_a.sql", "create table a(i int);\nbegin;\ninsert into a values (1);\n");
    const auto error = refusal([&] { up(); });
    EXPECT_EQ(error.code(), Code::migration_failed);
    EXPECT_THAT(error.message(), HasSubstr("ends inside a transaction"));
    EXPECT_EQ(ask("select count(*) from a"), "0");
    EXPECT_EQ(history(), "001:partial");
}

TEST_F(ByStatementTest, AProcedureThatCommitsRunsOutsideATransaction) {
    write("001_a.sql",
          "create table a(i int);\ncreate procedure p() language plpgsql as $$ begin\n"
          "insert into a values (1); commit; insert into a values (2); end $$;");
    write("002_call.sql", "call p();");
    const auto error = refusal([&] { up(); });
    EXPECT_EQ(error.fact("sqlstate"), "2D000");
    EXPECT_THAT(error.hint(), HasSubstr("no-transaction"));
    write("002_call.sql", "-- caisson: no-transaction\ncall p();");
    up();
    EXPECT_EQ(ask("select count(*) from a"), "2");
}

TEST_F(ByStatementTest, TheRoleOfTheFileDoesNotHideTheHistory) {
    connection.script("create role test_statement_role");
    write("001_a.sql",
          "-- caisson: no-transaction\ncreate schema s authorization test_statement_role;\n"
          "set role test_statement_role;\ncreate table s.a(i int);\nvacuum s.a;\n"
          "insert into s.a values (1);\nset session authorization test_statement_role;\n"
          "insert into s.a values (2);\nvacuum s.a;\n");
    up();
    EXPECT_EQ(history(), "001:applied");
    EXPECT_EQ(ask("select count(*) from s.a"), "2");
    EXPECT_EQ(ask("select tableowner from pg_tables where tablename = 'a'"), "test_statement_role");
    connection.script("drop owned by test_statement_role; drop role test_statement_role");
}

TEST_F(ByStatementTest, AnInvalidIndexThatWasLeftBehindIsBuiltAgain) {
    connection.script("create table a(i int); insert into a values (1), (1)");
    write("001_a.sql", "create unique index concurrently a_i on public.a(i);");
    EXPECT_EQ(refusal([&] { up(); }).fact("sqlstate"), "23505");
    // As if the runner had died before it heard the answer.
    connection.script("delete from a; update caisson.migrations set statement_running = true");
    up();
    EXPECT_EQ(ask("select indisvalid from pg_index where indexrelid = 'a_i'::regclass"), "t");
}

TEST_F(ByStatementTest, AFailedBuildLeavesNoIndexBehindWhateverItsName) {
    connection.script("create table a(i int); insert into a values (1), (1)");
    write("001_a.sql", "create unique index concurrently on public.a(i);");
    EXPECT_EQ(refusal([&] { up(); }).fact("sqlstate"), "23505");
    EXPECT_EQ(ask("select count(*) from pg_index where not indisvalid"), "0");
    connection.script("delete from a");
    up();
    EXPECT_EQ(ask("select count(*) from pg_index where indrelid = 'a'::regclass"), "1");
}

TEST_F(ByStatementTest, AnIndexThatWasBuiltUnheardIsNotBuiltTwice) {
    connection.script("create table a(i int)");
    write("001_a.sql",
          "create index concurrently a_i on a(i);\ndrop index concurrently a_i;\n"
          "select nosuch;\n");
    write("001_a.down.sql", "select 1");
    refusal([&] { up(); });
    connection.script(
        "update caisson.migrations set statements_done = 1, statement_running = true,"
        " statements_checksum = encode(sha256(convert_to("
        "'create index concurrently a_i on a(i)', 'UTF8')), 'hex')");
    write("001_a.sql",
          "create index concurrently a_i on a(i);\ndrop index concurrently a_i;\nselect 1;\n");
    up();
    EXPECT_EQ(history(), "001:applied");
}

TEST_F(ByStatementTest, WhatMayHaveCommittedUnheardIsAskedAboutAndNeverRunTwice) {
    const std::string begin =
        "-- caisson: no-transaction\ncreate table a(i int);\n"
        "create procedure p() language plpgsql as $$ begin insert into a values (1); commit; "
        "end $$;\n";
    for (const auto& [said, calls] :
         {std::pair{Interrupted::done, "0"}, {Interrupted::again, "1"}}) {
        write("001_a.sql", begin + "select nosuch;");
        refusal([&] { up(); });
        // As if the runner had died before it heard the answer.
        connection.script("update caisson.migrations set statement_running = true");
        write("001_a.sql", begin + "call p();\nselect 1;");
        const auto error = refusal([&] { up(); });
        EXPECT_EQ(error.code(), Code::migration_failed);
        EXPECT_EQ(error.fact("place"), "migrations/001_a.sql:4:1");
        EXPECT_THAT(error.hint(), HasSubstr("--interrupted done"));
        options.interrupted = said;
        up();
        options.interrupted.reset();
        EXPECT_EQ(history(), "001:applied");
        EXPECT_EQ(ask("select count(*) from a"), calls);
        connection.script("delete from caisson.migrations; drop table a; drop procedure p");
    }
}

TEST_F(ByStatementTest, AResumedRunReadsItsHistoryAsItself) {
    connection.script("create role test_resume_role; create table a(i int)");
    write("001_a.sql",
          "-- caisson: no-transaction\ngrant create on schema public to test_resume_role;\n"
          "set role test_resume_role;\nselect nosuch;");
    const auto error = refusal([&] { up(); });
    EXPECT_THAT(error.hint(), HasSubstr("statements 1 to 2 of 3 applied"));
    connection.script("update caisson.migrations set statement_running = true");
    write("001_a.sql",
          "-- caisson: no-transaction\ngrant create on schema public to test_resume_role;\n"
          "set role test_resume_role;\nvacuum pg_class;\ncreate table b(i int);");
    up();
    EXPECT_EQ(ask("select tableowner from pg_tables where tablename = 'b'"), "test_resume_role");
    connection.script("drop owned by test_resume_role; drop role test_resume_role");
}

TEST_F(ByStatementTest, ADownByStatementsGoesOnWhereItStopped) {
    write("001_a.sql", "create table a(i int); create table b(i int);");
    write("001_a.down.sql", "-- caisson: no-transaction\ndrop table a;\ndrop table nosuch;");
    up();
    EXPECT_EQ(refusal([&] { down({1, {}, {}}); }).fact("place"), "migrations/001_a.down.sql:3:1");
    EXPECT_EQ(history(), "001:reverting");
    EXPECT_EQ(refusal([&] { up(); }).code(), Code::migration_order);
    write("001_a.down.sql", "-- caisson: no-transaction\ndrop table a;\ndrop table b;");
    down({1, {}, {}});
    EXPECT_EQ(history(), "");
}

}  // namespace
}  // namespace caisson::migrations
