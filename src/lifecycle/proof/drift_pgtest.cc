// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "lifecycle/proof/bench_test.h"
#include "lifecycle/proof/drift.h"

namespace caisson::proof {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

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
    /// Looked at as what is expected was; who made all of it here is nobody of the platform.
    schema::Snapshot snapshot(const Bench& bench) {
        auto scope = scope_of(bench.run, false);
        scope.provisioned_roles.insert(connection.settings().user);
        return schema::snapshot(connection, scope);
    }
    test::Database database;
    pg::Connection connection{database.settings()};
};

/// "unexpected column public.a.x", one for each difference but those of the order of columns.
std::vector<std::string> texts(const std::vector<schema::Difference>& differences) {
    std::vector<std::string> list;
    for (const auto& one : differences) {
        if (one.kind != "column order") {
            list.push_back(
                fmt::format("{} {} {}", schema::to_text(one.change), one.kind, one.name));
        }
    }
    return list;
}

TEST(Drift, IsNoneWhereTheDatabaseIsWhatItsFilesMadeOfIt) {
    const Bench bench;
    bench.write("001_a.sql", "create table a (id serial primary key, name text);");
    bench.write("002_b.sql", "create view v as select name from a;");
    Live live(bench);
    const auto shadow = bench.open();
    const auto expected = replayed(shadow, bench.run, bench.database(), live.applied(bench),
                                   scope_of(bench.run, false));
    EXPECT_THAT(texts(schema::diff(expected, live.snapshot(bench))), IsEmpty());
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
    const auto expected = replayed(shadow, bench.run, bench.database(), live.applied(bench),
                                   scope_of(bench.run, false));
    EXPECT_THAT(
        texts(schema::diff(expected, live.snapshot(bench))),
        UnorderedElementsAre("unexpected column public.a.by_hand", "missing table public.b"));
}

TEST(Drift, CannotBeToldWhereAFileWasEditedAndWhatWasAppliedIsNotKnown) {
    const Bench bench;
    bench.write("001_a.sql", "create table a (id int);");
    Live live(bench);
    bench.write("001_a.sql", "create table a (id bigint);");
    live.connection.script("update caisson.migrations set content = null");
    try {
        live.applied(bench);
        FAIL() << "nothing was refused";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::migration_order);
        EXPECT_THAT(error.message(), ::testing::HasSubstr("edited after it was applied"));
    }
}

}  // namespace
}  // namespace caisson::proof
