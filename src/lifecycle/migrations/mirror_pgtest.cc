// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "lifecycle/migrations/mirror.h"
#include "lifecycle/migrations/workbench.h"

namespace caisson::migrations {
namespace {

using namespace std::chrono_literals;

/// A source of dbmate's with three files, and the database that dbmate would leave.
class MirrorTest : public testing::Test {
 protected:
    MirrorTest() {
        for (const auto& version : {"20240101000000", "20240102000000", "20240103000000"}) {
            Migration migration;
            migration.source = "db/migrations";
            migration.format = "dbmate";
            migration.version = version;
            migration.name = "step";
            migration.up.checksum = std::string("sha of ") + version;
            files_.push_back(migration);
        }
    }

    Mirror mirror() const { return {{{"db/migrations", "/nowhere", "dbmate"}}, files_}; }
    void dbmate(const std::string& sql) const { bench_.ask(sql); }
    std::string theirs() const {
        return bench_.ask(
            "select string_agg(version, ' ' order by version) from schema_migrations");
    }

    mutable Workbench bench_;
    std::vector<Migration> files_;
};

TEST_F(MirrorTest, what_the_tool_applied_is_applied) {
    dbmate("create table schema_migrations (version varchar(255) primary key)");
    dbmate("insert into schema_migrations values ('20240102000000'), ('20240101000000')");
    const auto history = mirror().look(bench_.connection, files_).history;
    ASSERT_EQ(history.size(), 2U);
    EXPECT_EQ(history[0].version, "20240101000000");
    EXPECT_EQ(history[1].checksum, "sha of 20240102000000");
    EXPECT_EQ(bench_.history(), "") << "a look writes nothing";

    mirror().follow(bench_.connection, files_, "");
    EXPECT_EQ(bench_.history(), "20240101000000:applied 20240102000000:applied");
    EXPECT_EQ(bench_.ask("select applied_from from caisson.migrations limit 1"), "dbmate");
}

TEST_F(MirrorTest, what_the_tool_reverted_is_not_applied_any_more) {
    dbmate("create table schema_migrations (version varchar(255) primary key)");
    dbmate("insert into schema_migrations values ('20240101000000'), ('20240102000000')");
    mirror().follow(bench_.connection, files_, "");
    dbmate("delete from schema_migrations where version = '20240102000000'");
    EXPECT_EQ(mirror().look(bench_.connection, files_).history.size(), 1U);
    mirror().follow(bench_.connection, files_, "");
    EXPECT_EQ(bench_.history(), "20240101000000:applied");
}

TEST_F(MirrorTest, a_row_without_a_file_is_mirrored_too) {
    dbmate("create table schema_migrations (version varchar(255) primary key)");
    dbmate("insert into schema_migrations values ('20231231000000')");
    const auto history = mirror().follow(bench_.connection, files_, "");
    ASSERT_EQ(history.size(), 1U);
    EXPECT_EQ(history[0].version, "20231231000000");
}

TEST_F(MirrorTest, a_table_that_is_not_there_takes_nothing_away_and_is_made_with_what_we_have) {
    bench_.ask(
        "insert into caisson.migrations (source, version, name, checksum) values "
        "('db/migrations', '20240101000000', 'step', 'sha of 20240101000000')");
    EXPECT_EQ(mirror().look(bench_.connection, files_).history.size(), 1U);
    mirror().follow(bench_.connection, files_, "");
    EXPECT_EQ(theirs(), "20240101000000");
    EXPECT_EQ(bench_.history(), "20240101000000:applied");
}

TEST_F(MirrorTest, a_file_that_is_half_applied_here_stays_so) {
    dbmate("create table schema_migrations (version varchar(255) primary key)");
    bench_.ask(
        "insert into caisson.migrations (source, version, name, checksum, state) values "
        "('db/migrations', '20240101000000', 'step', 'x', 'partial')");
    mirror().follow(bench_.connection, files_, "");
    EXPECT_EQ(bench_.history(), "20240101000000:partial");
}

TEST_F(MirrorTest, rows_of_other_sources_are_left_alone) {
    dbmate("create table schema_migrations (version varchar(255) primary key)");
    bench_.ask(
        "insert into caisson.migrations (source, version, name, checksum) values "
        "('migrations', '001', 'ours', 'x')");
    mirror().follow(bench_.connection, files_, "");
    EXPECT_EQ(bench_.history(), "001:applied");
}

TEST_F(MirrorTest, the_table_of_another_tool_is_refused) {
    dbmate("create table schema_migrations (version bigint primary key, dirty boolean not null)");
    const auto refusal = bench_.refusal([&] { mirror().look(bench_.connection, files_); });
    EXPECT_EQ(refusal.code(), Code::migration_order);
    EXPECT_NE(refusal.message().find("golang-migrate"), std::string::npos) << refusal.message();
    dbmate("drop table schema_migrations");
    dbmate("create table schema_migrations (version varchar primary key)");
    dbmate("create table ar_internal_metadata (key varchar primary key)");
    EXPECT_NE(
        bench_.refusal([&] { mirror().look(bench_.connection, files_); }).message().find("Rails"),
        std::string::npos);
}

TEST_F(MirrorTest, the_lock_of_a_tool_is_tried_and_given_back) {
    for (auto& file : files_) {
        file.format = "node-pg-migrate";
    }
    pg::Connection other(bench_.database.settings());
    other.query("select pg_advisory_lock(7241865325823964)");
    const auto refusal =
        bench_.refusal([&] { const ToolLocks locks(bench_.connection, mirror(), 20ms); });
    EXPECT_EQ(refusal.code(), Code::locked);
    EXPECT_NE(refusal.message().find("node-pg-migrate"), std::string::npos);
    other.query("select pg_advisory_unlock(7241865325823964)");
    const auto mirrors = mirror();
    { const ToolLocks locks(bench_.connection, mirrors, 20ms); }
    EXPECT_TRUE(other.query("select pg_try_advisory_lock(7241865325823964) as taken")
                    .front()
                    .boolean("taken"));
}

}  // namespace
}  // namespace caisson::migrations
