// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/migrations/workbench.h"

namespace caisson::migrations {
namespace {

using testing::HasSubstr;

class RunScriptTest : public testing::Test, protected Workbench {
 protected:
    RunScriptTest() { options.root = directory.path(); }
};

TEST_F(RunScriptTest, ADumpWithDataIsOneTransactionWithItsRow) {
    write("001_dump.sql",
          "\\restrict abc\nset search_path = '';\ncreate table public.t(i int, n text);\n"
          "copy public.t (i, n) from stdin;\n1\tone; two\n2\t\\N\n\\.\n\\unrestrict abc\n");
    write("002_next.sql", "insert into t values (3, 'three');");
    EXPECT_EQ(up().applied.size(), 2U);
    EXPECT_EQ(ask("select string_agg(i || coalesce(n, '-'), ' ' order by i) from t"),
              "1one; two 2- 3three");
    EXPECT_EQ(history(), "001:applied 002:applied");
}

TEST_F(RunScriptTest, AScriptThatFailsLeavesNothingAndNamesTheFileThatItIncluded) {
    directory.write("parts/rows.sql",
                    "insert into t values (1);\n\ninsert into nosuch values (2);");
    write("001_a.sql",
          "-- caisson: ensure select count(*) = 1 from t\nbegin;\ncreate table t(i int);\n"
          "\\ir ../parts/rows.sql\ncommit;\n");
    const auto error = refusal([&] { up(); });
    EXPECT_EQ(error.code(), Code::migration_failed);
    EXPECT_THAT(error.message(), HasSubstr("parts/rows.sql:3:13"));
    EXPECT_EQ(error.fact("sqlstate"), "42P01");
    EXPECT_EQ(history(), "");
    EXPECT_EQ(ask("select to_regclass('t') is null"), "t");
    directory.write("parts/rows.sql", "insert into t values (1);");
    EXPECT_EQ(up().applied.size(), 1U);
}

TEST_F(RunScriptTest, OutsideATransactionEachStepIsRecordedAndDoneOnce) {
    const std::string begin =
        "-- caisson: no-transaction\ncreate table t(i int);\nselect 'two' as word \\gset\n"
        "copy t from stdin;\n1\n2\n\\.\ncreate index concurrently t_i on t(i);\n";
    write("001_a.sql", begin + "select nosuch;\n");
    const auto error = refusal([&] { up(); });
    EXPECT_THAT(error.message(), HasSubstr("001_a.sql:9:8"));
    EXPECT_THAT(error.hint(), HasSubstr("statements 1 to 4 applied and stay"));
    EXPECT_EQ(history(), "001:partial");
    write("001_a.sql", begin + "create table :\"word\"(i int);\n");
    EXPECT_EQ(up().applied.front().resumed_after, 4U);
    EXPECT_EQ(ask("select count(*) from t"), "2");
    EXPECT_EQ(ask("select to_regclass('two') is not null"), "t");
    EXPECT_EQ(history(), "001:applied");
}

TEST_F(RunScriptTest, WhatWasDoneMayNotBeEdited) {
    write("001_a.sql", "-- caisson: no-transaction\n\\set n 1\nselect :n;\nselect nosuch;\n");
    refusal([&] { up(); });
    write("001_a.sql", "-- caisson: no-transaction\n\\set n 2\nselect :n;\nselect 1;\n");
    EXPECT_EQ(refusal([&] { up(); }).code(), Code::migration_edited);
}

TEST_F(RunScriptTest, AHiddenCommitDoesNotEndTheTransactionOfItsFile) {
    write("001_a.sql", "\\set word commit\ncreate table t(i int);\nselect 1 \\; :word;\n");
    auto error = refusal([&] { up(); });
    EXPECT_EQ(error.code(), Code::migration_failed);
    EXPECT_THAT(error.message(), HasSubstr("001_a.sql:3:1"));
    write("001_a.sql", "create table t(i int);\nselect 'commit' \\gexec\n");
    error = refusal([&] { up(); });
    EXPECT_EQ(error.code(), Code::migration_invalid);
    EXPECT_THAT(error.message(), HasSubstr("controls the transaction"));
    EXPECT_EQ(ask("select to_regclass('t') is null"), "t");
    EXPECT_EQ(history(), "");
}

TEST_F(RunScriptTest, WhatAQueryGeneratesIsDoneOnceOrAskedAbout) {
    const std::string begin = "-- caisson: no-transaction\ncreate table t(i int);\n";
    // Nothing refuses a transaction: rows and progress are one.
    write("001_a.sql", begin +
                           "select 'insert into t values (' || n || ')' from "
                           "generate_series(1, 2) n \\gexec\nselect nosuch;\n");
    EXPECT_THAT(refusal([&] { up(); }).hint(), HasSubstr("statements 1 to 2 applied"));
    connection.script("update caisson.migrations set statement_running = true");
    write("001_a.sql", begin +
                           "select 'insert into t values (' || n || ')' from "
                           "generate_series(1, 2) n \\gexec\n"
                           "select 'vacuum t' union all select 'insert into t values (3)' "
                           "\\gexec\n");
    EXPECT_THAT(refusal([&] { up(); }).hint(), HasSubstr("--interrupted"));
    EXPECT_EQ(ask("select count(*) from t"), "2");
    options.interrupted = Interrupted::again;
    up();
    EXPECT_EQ(ask("select count(*) from t"), "3");
    EXPECT_EQ(history(), "001:applied");
}

TEST_F(RunScriptTest, AnIncludedFileMayGiveUpTheLocks) {
    directory.write("parts/unlock.sql", "select pg_advisory_unlock_all();\ndiscard all;\n");
    write("001_a.sql", "-- caisson: no-transaction\n\\ir ../parts/unlock.sql\nselect 1;\n");
    write("002_b.sql", "select 1;");
    EXPECT_EQ(up().applied.size(), 2U);
    EXPECT_EQ(ask("select count(*) from pg_locks where locktype = 'advisory'"), "0");
}

TEST_F(RunScriptTest, AFileThatIsReadPieceByPieceIsNeverHeld) {
    std::ofstream file(directory.write("migrations/001_big.sql", ""));
    file << "create table t(i int);\ncopy t from stdin;\n";
    for (int i = 0; i < 200000; ++i) {
        file << i << "\n";
    }
    file << "\\.\nselect 1;\n";
    file.close();
    auto all = files();
    all.front().up.text.clear();
    all.front().up.is_streamed = true;
    migrations::up(connect(), all, features, {}, options);
    EXPECT_EQ(ask("select count(*) from t"), "200000");
    EXPECT_EQ(ask("select content is null from caisson.migrations"), "t");
}

TEST_F(RunScriptTest, NothingRunsAProgramUnlessThatIsAllowed) {
    write("001_a.sql", "\\set who `echo me`\ncreate table t as select :'who' as who;\n");
    EXPECT_EQ(refusal([&] { up(); }).code(), Code::migration_invalid);
    UpRequest request;
    request.allow_programs = options.allow_programs = true;
    EXPECT_EQ(up(request).applied.size(), 1U);
    EXPECT_EQ(ask("select who from t"), "me");
}

}  // namespace
}  // namespace caisson::migrations
