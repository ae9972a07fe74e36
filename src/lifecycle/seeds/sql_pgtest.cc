// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"
#include "lifecycle/seeds/seeding_test.h"

namespace caisson::seeds {
namespace {

using SqlSeedTest = Seeding;
using namespace std::chrono_literals;

TEST_F(SqlSeedTest, RowsOfAScriptAreTrackedAndCleared) {
    sql("create table a (id int primary key, n int); create table b (id int generated always as "
        "identity primary key, a int references a); insert into a values (9, 9), (8, 8)");
    write(
        "reference/a.sql",
        "-- two tables\ninsert into a values (1, 1), (2, 2) on conflict do nothing;\n"
        "do $$ begin insert into b (a) values (1), (2); exception when others then null; end $$;\n"
        "update a set n = 10 where id = 9;\nsavepoint x; insert into a values (3, 3); "
        "rollback to x;\n");
    const auto report = seed();
    EXPECT_EQ(report.total().inserted, 4U);
    EXPECT_EQ(report.total().updated, 1U);
    EXPECT_EQ(one("select string_agg(table_name || (key->>'id') || inserted, ' ' order by "
                  "table_name, key) from caisson.seed_rows"),
              "a1true a2true a9false b1true b2true");
    EXPECT_FALSE(seed().wrote());
    const auto cleared = clear(connection_);
    EXPECT_EQ(one("select string_agg(id::text, ',' order by id) from a"), "8,9");
    EXPECT_EQ(one("select count(*) from b"), "0");
    EXPECT_EQ(cleared.kept.size(), 1U);
}

TEST_F(SqlSeedTest, MissingRowsComeBackWithoutTouchingChangedOnes) {
    sql("create table a (id int primary key, n int)");
    write("reference/a.sql", "insert into a values (1, 1), (2, 2), (3, 3) on conflict do nothing");
    seed();
    sql("delete from a where id = 1; update a set n = 0 where id = 2");
    const auto report = seed();
    EXPECT_EQ(report.total().restored, 1U);
    EXPECT_EQ(report.total().kept, 1U);
    EXPECT_EQ(report.total().unchanged, 1U);
    EXPECT_EQ(one("select string_agg(n::text, ',' order by id) from a"), "1,0,3");
    EXPECT_FALSE(seed().wrote());
}

TEST_F(SqlSeedTest, AScriptThatCannotRestoreWithoutHarmIsUndoneAndSaysSo) {
    sql("create table a (id int primary key, n int); create table log (id int generated always as "
        "identity primary key, t text)");
    write("reference/a.sql",
          "insert into a values (1, 1), (2, 2) on conflict (id) do update set n = excluded.n");
    write("reference/log.sql", "insert into log (t) values ('x'), ('y'), ('z')");
    seed();
    sql("delete from a where id = 1; update a set n = 0 where id = 2; delete from log where t = "
        "'x'");
    const auto report = seed();
    EXPECT_FALSE(report.wrote());
    EXPECT_EQ(report.total().missing, 2U);
    for (const auto& file : report.files) {
        EXPECT_EQ(file.notes.size(), 1U);
    }
    EXPECT_EQ(one("select count(*) from log"), "2");
    EXPECT_EQ(one("select n from a"), "0");
    sql("delete from log");
    EXPECT_EQ(seed().total().restored, 3U) << "all of them are missing: none is doubled";
    EXPECT_EQ(seed().total().restored, 0U);
    EXPECT_EQ(one("select count(*) from log"), "3");
}

TEST_F(SqlSeedTest, ScriptsGoAfterTheTablesThatTheyReferTo) {
    sql("create table users (id int primary key); create table checks (id int primary key, "
        "u int references users)");
    write("sample/010_checks.sql", "insert into public.checks values (1, 1)");
    write("sample/020_users.csv", "id\n1\n");
    const auto report = seed();
    EXPECT_EQ(report.files[0].file, "sample/020_users.csv");
    EXPECT_EQ(report.total().inserted, 2U);
}

TEST_F(SqlSeedTest, DataOfADumpIsCopied) {
    sql("create table a (id int primary key, t text)");
    write("reference/a.sql",
          "SELECT pg_catalog.set_config('search_path', '', false);\n"
          "COPY public.a (id, t) FROM stdin;\n1\tone; two\n2\t\\N\n\\.\n\n"
          "INSERT INTO public.a VALUES (3, 'x');\n");
    write("reference/b.sql", "insert into a values (4, 'search path is back')");
    EXPECT_EQ(seed().total().inserted, 4U);
    EXPECT_EQ(one("select t from public.a where id = 1"), "one; two");
    EXPECT_EQ(one("select count(*) from a"), "4") << "the session is what it was";
}

TEST_F(SqlSeedTest, AScriptThatFailsIsNamedWithItsStatement) {
    sql("create table a (id int primary key)");
    write("reference/a.sql", "insert into a values (1);\n\n  insert into a values (1);\n");
    auto error = refusal();
    EXPECT_EQ(error.code(), Code::seed_failed);
    EXPECT_EQ(error.fact("place"), "seeds/reference/a.sql:3:3");
    write("reference/a.sql", "insert into a values (1);\ninsert into ä values (1), (nothing);\n");
    error = refusal();
    EXPECT_EQ(error.fact("place"), "seeds/reference/a.sql:2:13") << error.message();
    EXPECT_EQ(one("select count(*) from a"), "0");
}

TEST_F(SqlSeedTest, WhatIsNotTheFilesToDoIsRefusedAtItsPlace) {
    write("reference/a.sql",
          "begin;\nselect 1; -- commit;\n\\set x 1\ncommit;\nvacuum;\nselect $$ rollback; $$;\n");
    const auto error = refusal();
    EXPECT_EQ(error.code(), Code::seed_invalid);
    for (const auto* part : {"a.sql:1:1", "a.sql:3:1", "a.sql:4:1", "a.sql:5:1", "4 mistakes"}) {
        EXPECT_NE(error.message().find(part), std::string::npos) << part << error.message();
    }
}

TEST_F(SqlSeedTest, RowsOfTablesWithoutAKeyAreNotTrackedAndThatIsSaid) {
    sql("create table a (id int primary key); create table log (t text);"
        "create function note() returns trigger language plpgsql as $$ begin insert into log "
        "values ('x'); return new; end $$;"
        "create trigger note after insert on a for each row execute function note()");
    write("reference/a.sql", "insert into a values (1)");
    const auto report = seed();
    ASSERT_EQ(report.files[0].notes.size(), 1U);
    EXPECT_NE(report.files[0].notes[0].find("log"), std::string::npos);
    clear(connection_);
    EXPECT_EQ(one("select count(*) from log"), "1");
}

TEST_F(SqlSeedTest, TheScriptOfAllSeedsDoesTheSameUnderPsql) {
    const std::string tables =
        "create table users (id int generated always as identity primary key, name text, boss int "
        "references users, \"Tags\" text[], j jsonb, n numeric default 7);"
        "create table orders (id int primary key, u int references users, t timestamptz);"
        "create table extra (id int primary key)";
    sql(tables);
    write("reference/users.json", R"([{"id": 1, "name": "it's \\ \"q\"", "boss": 2,
        "Tags": ["a b", "c\"d"], "j": {"x": "y'z"}}, {"id": 2, "name": null, "n": 1.50},
        {"id": 2, "name": null, "n": 1.50}])");
    write("sample/orders.csv", "id,u,t\n1,1,2026-01-01 00:00:00\n2,2,\n");
    write("sample/extra.sql", "insert into extra values (1) on conflict do nothing");
    std::string script_text;
    script(connection_, load_all(), {}, [&](std::string_view text) { script_text += text; });
    seed();
    const std::string everything =
        "select (select jsonb_agg(to_jsonb(t) order by id) from users t)::text || "
        "(select jsonb_agg(to_jsonb(t) order by id) from orders t)::text || "
        "(select count(*) from extra)::text";
    const auto expected = one(everything);

    const test::Database other;
    pg::Connection there(other.settings());
    there.script(tables);
    const auto file = directory_.write("all.sql", script_text);
    const auto settings = other.settings();
    for (int times = 0; times < 2; ++times) {
        const auto psql = run({{"psql", "-X", "-q", "-h", settings.host, "-U", settings.user, "-d",
                                settings.database, "-f", file.string()},
                               {{"PGPASSWORD", settings.password.reveal()}},
                               {},
                               {},
                               {}},
                              30s);
        ASSERT_TRUE(psql.fine()) << psql.errors << script_text;
        EXPECT_EQ(std::string(there.query(everything).front().text(std::size_t{0})), expected);
    }
    there.query("insert into users (name) values ('next')");
}

}  // namespace
}  // namespace caisson::seeds
