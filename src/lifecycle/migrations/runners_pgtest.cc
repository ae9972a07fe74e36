// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdlib>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "base/process.h"
#include "lifecycle/migrations/workbench.h"
#include "trust/locks.h"

namespace caisson::migrations {
namespace {

using testing::HasSubstr;

class RunnersTest : public testing::Test, protected Workbench {
 protected:
    void write_tables(int count) {
        for (int i = 1; i <= count; ++i) {
            write(fmt::format("{:03}_t.sql", i),
                  fmt::format("create table t{0}(i int);\ninsert into t{0} values ({0});", i));
        }
    }
    /// Runs all.sql as somebody without Caisson would.
    auto psql(const test::Database& in) const {
        const auto settings = in.settings();
        return run({{"psql", "-X", "-q", "-f", (directory.path() / "all.sql").string()},
                    {{"PGHOST", settings.host},
                     {"PGUSER", settings.user},
                     {"PGPASSWORD", settings.password.reveal()},
                     {"PGDATABASE", settings.database}},
                    {},
                    {},
                    ""},
                   std::chrono::seconds(30));
    }
    /// Runs in a process of its own that dies by SIGKILL at the n-th of these points; whether it
    /// did.
    bool dies_at(const std::string& point) {
        const auto settings = database.settings();
        const auto child =
            run({{fs::read_symlink("/proc/self/exe").string(), "--gtest_also_run_disabled_tests",
                  "--gtest_filter=Runner.DISABLED_Child"},
                 {{"CAISSON_FAULT", point},
                  {"RUNNER_FOLDER", (directory.path() / "migrations").string()},
                  {"RUNNER_HOST", settings.host},
                  {"RUNNER_PASSWORD", settings.password.reveal()},
                  {"RUNNER_DATABASE", settings.database}},
                 {},
                 {},
                 ""},
                std::chrono::seconds(60));
        EXPECT_TRUE(child.status == 0 || child.status == 128 + SIGKILL) << child.output;
        return child.status == 128 + SIGKILL;
    }
};

/// What dies_at() runs in another process.
TEST(Runner, DISABLED_Child) {
    pg::Settings settings;
    settings.host = std::getenv("RUNNER_HOST");
    settings.user = "postgres";
    settings.password = Secret(std::getenv("RUNNER_PASSWORD"));
    settings.database = std::getenv("RUNNER_DATABASE");
    pg::Connection own(settings);
    const auto files =
        sources::load({{"migrations", std::getenv("RUNNER_FOLDER"), "plain", false}}, {});
    migrations::up([&](bool) -> pg::Connection& { return own; }, files, {}, {}, {});
}

TEST_F(RunnersTest, OfEightAtOnceEachFileIsRunByOne) {
    write_tables(24);
    std::array<std::size_t, 8> applied{};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < applied.size(); ++i) {
        threads.emplace_back([&, i] {
            pg::Connection own(database.settings());
            applied[i] = migrations::up([&](bool) -> pg::Connection& { return own; }, files(),
                                        features, {}, options)
                             .applied.size();
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    std::size_t sum = 0;
    for (const auto count : applied) {
        sum += count;
    }
    EXPECT_EQ(sum, 24U);
    EXPECT_EQ(ask("select count(*) from caisson.migrations where state = 'applied'"), "24");
    EXPECT_EQ(ask("select count(*) from pg_locks where locktype = 'advisory'"), "0");
}

TEST_F(RunnersTest, WhoWaitsIsToldForWhomAndGivesUpInTime) {
    write_tables(1);
    pg::Connection other(database.settings());
    const trust::AdvisoryLock lock(other, "migrations", std::chrono::milliseconds(0));
    std::string holder;
    options.wait = std::chrono::milliseconds(50);
    options.on_wait = [&](const std::string& who) { holder = who; };
    const auto error = refusal([&] { up(); });
    EXPECT_EQ(error.code(), Code::locked);
    EXPECT_THAT(holder, HasSubstr("postgres"));
    EXPECT_EQ(history(), "");
}

TEST_F(RunnersTest, KilledAfterAnyFileTheNextRunDoesTheRestOnce) {
    write_tables(5);
    for (int n = 1; n <= 4; ++n) {
        ASSERT_TRUE(dies_at("migration-applied"));
        EXPECT_EQ(ask("select count(*) from caisson.migrations"), std::to_string(n));
    }
    EXPECT_EQ(up().applied.size(), 1U);
    EXPECT_EQ(ask("select count(*) from t3"), "1");
}

TEST_F(RunnersTest, KilledAtAnyStatementOutsideATransactionEachIsDoneOnce) {
    write("001_a.sql",
          "create table a(i int);\ninsert into a values (1);\n"
          "create index concurrently a_i on a(i);\ninsert into a values (2);\n"
          "alter table a add column j int;\ndrop index concurrently a_i;\n"
          "insert into a values (3);\n");
    int deaths = 0;
    for (const auto* point : {"statement-applied", "statement-sent"}) {
        while (dies_at(point) && deaths < 20) {
            ++deaths;
        }
    }
    EXPECT_GE(deaths, 7);
    EXPECT_EQ(history(), "001:applied");
    EXPECT_EQ(ask("select array_agg(i order by i)::text from a"), "{1,2,3}");
}

TEST_F(RunnersTest, KilledRightAfterAStatementThatCannotBeUndoneItIsFoundOut) {
    write("001_a.sql",
          "create table a(i int);\ncreate index concurrently a_i on a(i);\n"
          "drop index concurrently a_i;\ninsert into a values (1);\n");
    EXPECT_TRUE(dies_at("statement-sent"));
    EXPECT_EQ(ask("select statement_running from caisson.migrations"), "t");
    EXPECT_TRUE(dies_at("statement-sent"));
    EXPECT_FALSE(dies_at("statement-sent"));
    EXPECT_EQ(ask("select count(*) from a"), "1");
    EXPECT_EQ(ask("select count(*) from pg_indexes where tablename = 'a'"), "0");
}

TEST_F(RunnersTest, AnExportRunsUnderPlainPsql) {
    write("001_a.sql", "create table a(i int);\nset search_path = '';");
    write("002_b.sql", "create table b(i int);\nvacuum b;");
    write("003_c.sql", "-- caisson: feature blockchain\ncreate table c(i int);");
    directory.write("all.sql", export_sql(files(), features, {}));
    const auto result = psql(database);
    EXPECT_EQ(result.status, 0) << result.errors;
    EXPECT_EQ(ask("select string_agg(tablename, ' ' order by tablename) from pg_tables where "
                  "schemaname = 'public'"),
              "a b");
}

TEST_F(RunnersTest, AnExportWritesTheHistoryOfTheToolAsAnApplyDoes) {
    write("V1__a.sql", "create table a(i int);\nset search_path = '';\nset role pg_monitor;");
    write("V2__b.sql", "create table b(i int);\nvacuum b;");
    write("R__c.sql", "create or replace view c as select * from a;");
    const platform::Source source{"migrations", directory.path() / "migrations", "flyway"};
    const auto loaded = sources::load({source}, features);
    const Mirror mirror({source}, loaded);
    const std::string rows =
        "select string_agg(concat_ws('|', installed_rank, version, description, type, script, "
        "checksum, installed_by, success), E'\n' order by installed_rank) from "
        "flyway_schema_history";
    Options mirrored;
    mirrored.mirror = &mirror;
    migrations::up([&](bool) -> pg::Connection& { return connection; }, loaded, features, {},
                   mirrored);
    const auto applied = ask(rows);
    EXPECT_NE(applied.find("3|c|SQL|R__c.sql|"), std::string::npos) << applied;

    const test::Database other;
    directory.write("all.sql", export_sql(loaded, features, mirror));
    const auto result = psql(other);
    EXPECT_EQ(result.status, 0) << result.errors;
    pg::Connection there(other.settings());
    EXPECT_EQ(there.query(rows).front().text(0), applied);
    const auto entries = mirror.of("migrations")->read(there);
    ASSERT_TRUE(entries);
    EXPECT_EQ(entries->size(), 3U);
}

TEST_F(RunnersTest, AnExportStopsAtAStepInAnotherLanguage) {
    write("0001_a.sql", "create table a(i int);");
    auto all = files();
    Migration program;
    program.kind = sources::Kind::program;
    program.source = "migrations";
    program.version = "0002";
    program.up.file = "migrations/0002_it's.py";
    all.push_back(program);
    directory.write("all.sql", export_sql(all, features, {}));
    const auto result = psql(database);
    EXPECT_EQ(result.status, 3);
    EXPECT_NE(result.errors.find("migrations/0002_it's.py is in another language: run it"),
              std::string::npos)
        << result.errors;
    EXPECT_EQ(ask("select to_regclass('a') is not null"), "t");
}

TEST_F(RunnersTest, AnIndexWithoutANameIsNotBuiltTwiceAfterAKill) {
    connection.script("create table a(i int)");
    write("001_a.sql", "create index concurrently on a(i);\ncreate table b(i int);");
    EXPECT_TRUE(dies_at("statement-sent"));
    EXPECT_EQ(up().applied.size(), 1U);
    EXPECT_EQ(ask("select count(*) from pg_index where indrelid = 'a'::regclass"), "1");
}

}  // namespace
}  // namespace caisson::migrations
