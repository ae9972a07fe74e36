// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/proof/bench_test.h"

namespace caisson::proof {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Proof, HoldsWhereEachDownLeadsBackToTheVeryStructure) {
    const Bench bench;
    bench.write("001_a", "create table a (id serial primary key, name text not null);",
                "drop table a;");
    bench.write("002_b",
                "alter table a add column mail text; create index a_mail on a (mail);"
                "create table b (id int primary key, a int not null references a);",
                "drop table b; alter table a drop column mail;");
    const auto proof = bench.prove();
    EXPECT_THAT(ids(proof), IsEmpty());
    EXPECT_TRUE(proof.holds());
    EXPECT_EQ(outcomes(proof), "proven, proven");
    const auto& second = proof.files.back();
    EXPECT_EQ(second.before, proof.files.front().after);
    EXPECT_EQ(second.restored, second.before);
    EXPECT_EQ(second.again, second.after);
    EXPECT_EQ(proof.structure, second.after);
    EXPECT_EQ(second.rows_made, 1U);  // Into a, which was there before.
    EXPECT_EQ(second.tables_compared, 1U);
    EXPECT_EQ(proof.shadows, 1U);
}

TEST(Proof, NamesEachObjectThatADownLeavesBehindAndGoesOn) {
    const Bench bench;
    bench.write("001_a", "create table a (id int); create table left_over (id int);",
                "drop table a;");
    bench.write("002_b", "create table b (id int);", "drop table b;");
    const auto proof = bench.prove();
    ASSERT_THAT(ids(proof), ElementsAre("down_not_restoring 001_a.down.sql"));
    ASSERT_EQ(proof.findings.front().differences.size(), 1U);
    EXPECT_EQ(proof.findings.front().differences.front().name, "public.left_over");
    EXPECT_EQ(proof.findings.front().differences.front().change, schema::Change::unexpected);
    EXPECT_EQ(outcomes(proof), "failed, proven");
    EXPECT_EQ(proof.shadows, 2U);
    EXPECT_FALSE(proof.holds());
}

TEST(Proof, SeesRowsThatADownDestroysInTablesTheFileLeavesAlone) {
    const Bench bench;
    bench.write("001_a", "create table a (id int primary key, name text);", "drop table a;");
    bench.write("002_b", "alter table a add column mail text;",
                "drop table a; create table a (id int primary key, name text);");
    bench.write("003_c", "alter table a add column phone text;",
                "alter table a drop column phone; update a set name = 'gone';");
    const auto proof = bench.prove();
    ASSERT_THAT(ids(proof), ElementsAre("rows_lost 002_b.down.sql", "rows_lost 003_c.down.sql"));
    EXPECT_THAT(proof.findings.front().message, HasSubstr("public.a had 1 row and has 0"));
    EXPECT_EQ(outcomes(proof), "proven, failed, failed");
}

TEST(Proof, LeavesAloneWhatTheFileItselfWrites) {
    const Bench bench;
    bench.write("001_a", "create table a (id int primary key, n int); insert into a values (1, 1);",
                "drop table a;");
    bench.write("002_b", "update a set n = n + 1; insert into a values (2, 1);",
                "delete from a where id = 2; update a set n = n - 1;");
    const auto proof = bench.prove();
    EXPECT_THAT(ids(proof), IsEmpty());
    EXPECT_THAT(proof.files.back().tables_written, ElementsAre("public.a"));
}

TEST(Proof, TellsADownThatWorksOnEmptyTablesAlone) {
    const Bench bench;
    bench.write("001_a", "create table a (id int, name text not null);", "drop table a;");
    bench.write("002_b",
                "alter table a alter column name drop not null; alter table a add column n int;",
                "alter table a drop column n; alter table a add column m int not null; alter table "
                "a drop column m; alter table a alter column name set not null;");
    const auto proof = bench.prove();
    EXPECT_THAT(ids(proof), ElementsAre("rows_in_the_way 002_b.down.sql"));
    EXPECT_TRUE(proof.holds());
    EXPECT_EQ(outcomes(proof), "proven, proven");
}

TEST(Proof, OfAFileWithoutAWayBackIsAWarning) {
    const Bench bench;
    bench.write("001_a.sql", "create table a (id int);");
    bench.write("002_b.sql",
                "-- caisson: irreversible nobody may keep what it deleted\ndrop table a;");
    const auto proof = bench.prove();
    EXPECT_THAT(ids(proof), ElementsAre("down_missing 001_a.sql"));
    EXPECT_TRUE(proof.holds());
    EXPECT_EQ(outcomes(proof), "not reverted, irreversible");
    EXPECT_EQ(proof.files.back().reason, "nobody may keep what it deleted");
}

TEST(Proof, FindsTransactionsThatNoParserSeesAndGoesOn) {
    const Bench bench;
    bench.write("001_a", "create table a (id int);", "drop table a;");
    bench.write("002_b", "do $$ begin execute 'create index concurrently a_id on a (id)'; end $$;",
                "drop index a_id;");
    const auto proof = bench.prove();
    ASSERT_FALSE(proof.findings.empty());
    EXPECT_EQ(proof.findings.front().id, "transaction_refused");
    EXPECT_THAT(proof.findings.front().hint, HasSubstr("-- caisson: no-transaction"));
}

TEST(Proof, EndsAtAFileThatCannotBeApplied) {
    const Bench bench;
    bench.write("001_a", "create table a (id int);", "drop table a;");
    bench.write("002_b", "\nalter table nowhere add column x int;", "select 1;");
    bench.write("003_c", "create table c (id int);", "drop table c;");
    const auto proof = bench.prove();
    ASSERT_THAT(ids(proof), ElementsAre("up_failed 002_b.sql"));
    EXPECT_THAT(proof.findings.front().place.file, HasSubstr("002_b.sql:2:"));
    EXPECT_EQ(outcomes(proof), "proven, failed, not reached");
}

TEST(Proof, NamesADownThatFailsAndGoesOn) {
    const Bench bench;
    bench.write("001_a", "create table a (id int);", "drop table b;");
    bench.write("002_c", "create table c (id int);", "drop table c;");
    const auto proof = bench.prove();
    EXPECT_THAT(ids(proof), ElementsAre("down_failed 001_a.down.sql"));
    EXPECT_EQ(outcomes(proof), "failed, proven");
}

TEST(Proof, BeginsWhereItIsToldAndWaitsForFeatures) {
    const Bench bench;
    bench.write("001_a", "create table a (id int);", "select 1;");
    bench.write("002_b", "-- caisson: feature blockchain\ncreate table b (id int);",
                "drop table b;");
    bench.write("003_c", "create table c (id int);", "drop table c;");
    auto request = bench.request();
    request.from = "3";
    const auto proof = prove(request, {[&] { return bench.open(); }});
    EXPECT_THAT(ids(proof), IsEmpty());
    EXPECT_EQ(outcomes(proof), "skipped, skipped, proven");
    EXPECT_EQ(proof.files[1].reason, "waits for the feature blockchain");
    request.from = "";
    request.features["blockchain"] = true;
    EXPECT_EQ(outcomes(prove(request, {[&] { return bench.open(); }})), "failed, proven, proven");
}

TEST(Proof, OfSeedsIsThatTheSecondTimeWritesNothing) {
    const Bench bench;
    bench.write("001_a",
                "create table a (id int primary key, name text); create table log (n int);",
                "drop table a; drop table log;");
    bench.directory.write("seeds/reference/a.csv", "id,name\n1,one\n2,two\n");
    const auto fine = bench.prove();
    EXPECT_THAT(ids(fine), IsEmpty());
    ASSERT_TRUE(fine.seeds);
    EXPECT_EQ(fine.seeds->rows, 2U);
    EXPECT_TRUE(fine.seeds->holds);
}

}  // namespace
}  // namespace caisson::proof
