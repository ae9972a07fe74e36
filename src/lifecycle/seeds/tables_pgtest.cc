// SPDX-License-Identifier: Apache-2.0
// Tables of every kind that a database may have.
#include "lifecycle/seeds/seeding_test.h"

namespace caisson::seeds {
namespace {

using TablesTest = Seeding;

TEST_F(TablesTest, PartitionsAreSeededAndClearedThroughTheirParent) {
    sql("create table events (id int, day date, n int, primary key (id, day)) partition by range "
        "(day);"
        "create table events_1 partition of events for values from ('2026-01-01') to "
        "('2026-02-01');"
        "create table events_2 partition of events for values from ('2026-02-01') to "
        "('2026-03-01');"
        "create table notes (id int primary key, e int, d date, "
        "                    foreign key (e, d) references events);");
    write("reference/events.csv", "id,day,n\n1,2026-01-05,1\n2,2026-02-05,2\n");
    write("reference/extra.sql",
          "insert into events values (3, '2026-02-07', 3) on conflict do nothing");
    EXPECT_EQ(seed().total().inserted, 3U);
    sql("delete from events where id = 1; insert into notes values (1, 2, '2026-02-05')");
    EXPECT_EQ(seed().total().restored, 1U);
    EXPECT_FALSE(seed().wrote());
    EXPECT_EQ(clear(connection_).kept.size(), 1U);
    EXPECT_EQ(one("select string_agg(id::text, ',') from events"), "2");
}

TEST_F(TablesTest, ATableInsideADomainOfTypesAndCollationsIsMatchedByItsOwnRules) {
    sql("create extension citext; create collation folded (provider = icu, locale = 'und', "
        "deterministic = false);"
        "create domain code as citext collate \"C\" check (value ~ '^[a-z]+$'); "
        "create table t (c code primary key, label text collate \"C\", at time)");
    write("reference/t.csv", "c,label,at\nabc,one,10:00\nxyz,two,11:00:00.5\n");
    EXPECT_EQ(seed().total().inserted, 2U);
    write("reference/t.csv", "c,label,at\nABC,One,10:00\nxyz,two,11:00:00.5\n");
    const auto report = seed();
    EXPECT_EQ(report.total().updated, 1U);
    EXPECT_EQ(report.total().unchanged, 1U);
    EXPECT_EQ(one("select count(*) from t"), "2");
    EXPECT_EQ(one("select label from t where c = 'abc'"), "One");
    write("reference/t.csv", "c,label\nabc,x\n12,y\n");
    EXPECT_EQ(refusal().fact("place"), "seeds/reference/t.csv:3:1");
}

TEST_F(TablesTest, ATriggerThatChangesTheKeyIsNoticed) {
    sql("create table people (email text primary key);"
        "create function low() returns trigger language plpgsql as "
        "$$ begin new.email := lower(new.email); return new; end $$;"
        "create trigger low before insert on people for each row execute function low()");
    write("reference/people.csv", "email\na@x\nB@x\n");
    const auto error = refusal();
    EXPECT_EQ(error.code(), Code::seed_failed);
    EXPECT_EQ(error.fact("place"), "seeds/reference/people.csv:3:1");
    EXPECT_EQ(one("select count(*) from people"), "0");
}

TEST_F(TablesTest, ATriggerThatTouchesRowsDoesNotMakeThemLookChanged) {
    sql("create table t (id int primary key, n int, touched timestamptz);"
        "create table trail (id int generated always as identity primary key, t int);"
        "create function touch() returns trigger language plpgsql as $$ begin new.touched := "
        "now(); "
        "insert into trail (t) values (new.id); return new; end $$;"
        "create trigger touch before insert or update on t for each row execute function touch()");
    write("reference/t.csv", "id,n\n1,1\n");
    seed();
    EXPECT_EQ(seed().total().unchanged, 1U);
    write("reference/t.csv", "id,n\n1,2\n");
    EXPECT_EQ(seed().total().updated, 1U);
    EXPECT_EQ(seed().total().unchanged, 1U);
    clear(connection_);
    EXPECT_EQ(one("select count(*) from trail"), "2") << "what triggers wrote is not ours";
}

TEST_F(TablesTest, APolicyThatHidesRowsIsAnErrorAndNotAWrongAnswer) {
    sql("create table t (id int primary key); alter table t enable row level security; "
        "alter table t force row level security; create policy p on t using (id > 1);"
        "create role seed_plain login password 'x'; grant usage, create on schema public to "
        "seed_plain;"
        "grant all on t to seed_plain; grant usage on schema caisson to seed_plain; "
        "grant all on all tables in schema caisson to seed_plain;"
        "grant all on all sequences in schema caisson to seed_plain");
    write("reference/t.csv", "id\n1\n");
    auto settings = database_.settings();
    settings.user = "seed_plain";
    settings.password = Secret("x");
    pg::Connection plain(settings);
    const auto seeds = load_all();
    EXPECT_THROW(apply(plain, seeds), Error);
    EXPECT_EQ(one("select count(*) from t"), "0");
    sql("alter role seed_plain bypassrls");
    EXPECT_EQ(apply(plain, seeds).total().inserted, 1U);
    EXPECT_EQ(clear(plain).tables.at(0).removed, 1U);
    sql("drop owned by seed_plain; drop role seed_plain");
}

TEST_F(TablesTest, WithoutTheSchemaCaissonTheWayToItIsSaid) {
    sql("drop schema caisson cascade; create table t (id int primary key)");
    write("reference/t.csv", "id\n1\n");
    EXPECT_EQ(info(connection_, load_all()).files.at(0).standing, Standing::fresh);
    EXPECT_EQ(plan(connection_, load_all()).steps.size(), 1U);
    EXPECT_NE(refusal().hint().find("caisson provision"), std::string::npos);
}

TEST_F(TablesTest, FilesWithoutRowsAreFine) {
    sql("create table t (id int primary key); create table u (id int primary key)");
    write("reference/t.csv", "id\n1\n");
    write("reference/u.json", "[]");
    seed();
    write("reference/t.csv", "id\n");
    const auto report = seed();
    EXPECT_EQ(report.total().left, 1U);
    EXPECT_FALSE(seed().wrote());
    std::string text;
    script(connection_, load_all(), {}, [&](std::string_view piece) { text += piece; });
    EXPECT_EQ(text.find("INSERT"), std::string::npos);
}

TEST_F(TablesTest, OnlyTheFilesAskedForAreApplied) {
    sql("create table t (id int primary key); create table u (id int primary key)");
    write("reference/010_t.csv", "id\n1\n");
    write("reference/u.csv", "id\n1\n");
    EXPECT_EQ(seed(Options{.files = {"t"}}).total().inserted, 1U);
    EXPECT_EQ(one("select count(*) from u"), "0");
    EXPECT_EQ(seed(Options{.files = {"reference/u.csv"}}).files.size(), 1U);
    EXPECT_THROW(seed(Options{.files = {"uu"}}), Error);
}

TEST_F(TablesTest, ADeclaredKeyNeedsSomethingThatKeepsItUnique) {
    sql("create table t (id int primary key, a int, b int, unique (b, a)); "
        "create unique index on t (a) where b > 0");
    write("reference/t.csv", "id,a,b\n1,1,1\n");
    declare("t", {"a"});
    const auto error = refusal();
    EXPECT_EQ(error.code(), Code::seed_invalid);
    EXPECT_EQ(error.fact("place"), "caisson.toml:7:1");
    manifest_.seeds[0].key = {"a", "b"};
    EXPECT_EQ(seed().total().inserted, 1U);
}

TEST_F(TablesTest, ARenamedFileKeepsItsRows) {
    sql("create table t (id int primary key)");
    write("reference/t.csv", "id\n1\n2\n");
    seed();
    fs::rename(directory_.path() / "seeds/reference/t.csv",
               directory_.path() / "seeds/reference/010_t.csv");
    const auto report = seed();
    EXPECT_EQ(report.total().unchanged, 2U);
    EXPECT_TRUE(report.gone.empty()) << "nothing is left of the old name";
    std::uint64_t removed = 0;
    for (const auto& table : clear(connection_).tables) {
        removed += table.removed;
    }
    EXPECT_EQ(removed, 2U);
}

}  // namespace
}  // namespace caisson::seeds
