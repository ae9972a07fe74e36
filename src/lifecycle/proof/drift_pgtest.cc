// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/proof/bench_test.h"
#include "lifecycle/proof/drift.h"

namespace caisson::proof {
namespace {

/// A database that has the migrations of a bench.
struct Live {
    explicit Live(const Bench& bench) {
        connection.script("create schema caisson;" + migrations::history_step().sql);
        migrations::up([this](bool) -> pg::Connection& { return connection; }, bench.files(),
                       bench.run.manifest.features, {}, {});
    }
    std::vector<migrations::Migration> applied(const Bench& bench) {
        return applied_files(bench.files(), migrations::read_history(connection),
                             [this](const migrations::Record& record) {
                                 return migrations::read_text(connection, record);
                             });
    }
    test::Database database;
    pg::Connection connection{database.settings()};
};

TEST(Drift, IsNoneWhereTheDatabaseIsWhatItsFilesMadeOfIt) {
    const Bench bench;
    bench.write("001_a.sql", "create table a (id serial primary key, name text);");
    bench.write("002_b.sql", "create view v as select name from a;");
    Live live(bench);
    const auto shadow = bench.open();
    const auto expected = replayed(shadow, bench.run, bench.database(), live.applied(bench));
    EXPECT_TRUE(schema::diff(expected, schema::snapshot(live.connection)).empty());
}

TEST(Drift, IsTakenAgainstWhatWasAppliedAlsoWhereFilesWereEditedOrAreGone) {
    const Bench bench;
    bench.write("001_a.sql", "create table a (id int);");
    bench.write("002_b.sql", "create table b (id int);");
    Live live(bench);
    bench.write("001_a.sql", "create table a (id bigint);");
    fs::remove(bench.directory.path() / "migrations" / "002_b.sql");
    live.connection.script("alter table a add column by_hand text; drop table b");
    const auto shadow = bench.open();
    const auto expected = replayed(shadow, bench.run, bench.database(), live.applied(bench));
    const auto drift = schema::diff(expected, schema::snapshot(live.connection));
    ASSERT_EQ(drift.size(), 2U);
    EXPECT_EQ(drift.front().name, "public.a.by_hand");
    EXPECT_EQ(drift.front().change, schema::Change::unexpected);
    EXPECT_EQ(drift.back().name, "public.b");
    EXPECT_EQ(drift.back().change, schema::Change::missing);
}

}  // namespace
}  // namespace caisson::proof
