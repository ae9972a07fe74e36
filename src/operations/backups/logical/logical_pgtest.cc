// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "drivers/pg/quote.h"
#include "operations/backups/logical/exchange.h"
#include "operations/backups/logical/parameters.h"
#include "operations/backups/logical/undone.h"
#include "tests/support/postgres.h"

namespace caisson::backups {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const platform::Variables& variables() {
    static const platform::Variables paths = {{"PATH", "/usr/bin:/bin"}};
    return paths;
}

/// A set of one database, made without a run: what create_logical() does for each.
struct LogicalTest : testing::Test {
    LogicalTest() {
        repository.prepare();
        connection.script(R"(
            create schema "Odd name";
            create type mood as enum ('calm', 'loud');
            create table users (id bigint generated always as identity primary key, name text not null,
                                mood mood, tags text[], at timestamptz default now(),
                                twice bigint generated always as (length(name) * 2) stored);
            create table "Odd name"."a ""table""" (id uuid primary key default gen_random_uuid(),
                                                   "user" bigint references users, body jsonb);
            create table empty (id int);
            create table parts (id int, at date) partition by range (at);
            create table parts_2026 partition of parts for values from ('2026-01-01') to ('2027-01-01');
            create view loud as select * from users where mood = 'loud';
            alter table users enable row level security;
            alter table users force row level security;
            create policy own on users using (name = current_setting('app.user', true));
            insert into users (name, mood, tags)
                select 'user ' || i || E'\n\\.', 'loud', array['a', null, 'b"c'] from generate_series(1, 5000) i;
            insert into "Odd name"."a ""table""" ("user", body) select id, '{"a": "\n"}' from users limit 100;
            insert into parts values (1, '2026-05-05'), (2, '2026-06-06');
            select lo_from_bytea(4711, 'some bytes');
        )");
        connection.query(fmt::format("alter database {} set work_mem to '8MB'",
                                     pg::identifier(database.name())));
    }
    ~LogicalTest() override {
        pg::Connection admin(test::Postgres::shared().settings());
        admin.query(fmt::format("drop database if exists {} with (force)", restored_name()));
    }
    std::string restored_name() const { return database.name() + "_restored"; }

    Set make() {
        Set set;
        set.id = new_id("2026-11-26T21:06:33.000Z", Kind::logical);
        const auto part = repository.begin(set.id);
        Storing storing(part, "main.dump", sealing, {});
        const auto dumped = dump(programs, {database.settings(), "", {}}, storing);
        set.tables = dumped.tables;
        set.files = {dumped.stored.file};
        set.parts = {{"database", "main", dumped.stored.file.name, "now", dumped.stored.plain_bytes,
                      dumped.stored.plain_sha256}};
        auto origin = origin_of(connection);
        origin.key = "main";
        set.origins = {origin};
        repository.finish(set, std::nullopt);
        return set;
    }
    Restored restore(const Set& set, const std::vector<std::string>& tables = {}) {
        RestoreOptions options;
        options.sealing = sealing;
        options.tables = tables;
        return restore_database(variables(), repository, set, "main",
                                test::Postgres::shared().settings(), restored_name(), options);
    }
    pg::Connection restored() {
        auto settings = database.settings();
        settings.database = restored_name();
        return pg::Connection(settings);
    }
    bool has_restored() {
        return !pg::Connection(test::Postgres::shared().settings())
                    .query("select from pg_database where datname = $1", {restored_name()})
                    .empty();
    }

    test::Database database;
    test::Directory directory;
    Repository repository{"local", directory.path() / "local"};
    pg::Connection connection{database.settings()};
    DumpPrograms programs = dump_programs(variables(), connection.server_version() / 10'000);
    std::optional<SealingKey> sealing = SealingKey::of(Secret("a key of thirty-two characters!!"));
};

const TableContent& table(const Set& set, const std::string& name) {
    const auto found = std::ranges::find(set.tables, name, &TableContent::table);
    EXPECT_NE(found, set.tables.end()) << name;
    return *found;
}

TEST_F(LogicalTest, CountsTheRowsOfEveryTable) {
    const auto set = make();
    EXPECT_EQ(table(set, "users").rows, 5000U);
    EXPECT_EQ(table(set, "a \"table\"").rows, 100U);
    EXPECT_EQ(table(set, "a \"table\"").schema, "Odd name");
    EXPECT_EQ(table(set, "empty").rows, 0U);
    EXPECT_EQ(table(set, "parts_2026").rows, 2U);
}

TEST_F(LogicalTest, WhatIsRestoredIsWhatWasThere) {
    const auto set = make();
    const auto outcome = restore(set);
    EXPECT_THAT(outcome.differences, IsEmpty());
    EXPECT_EQ(outcome.rows, 5102U);
    auto other = restored();
    EXPECT_EQ(origin_of(other).schema_sha256, set.origins.front().schema_sha256);
    EXPECT_EQ(other.query("show work_mem").front().text(0), "8MB");
    EXPECT_EQ(other.query("select convert_from(lo_get(4711), 'utf8')").front().text(0),
              "some bytes");
    EXPECT_EQ(
        other.query("insert into users (name) values ('x') returning id").front().integer("id"),
        5001);
}

TEST_F(LogicalTest, ParametersAreReadAndSaidAgainAsTheyWere) {
    const auto name = pg::identifier(database.name());
    const auto role = pg::identifier(database.name() + "_role");
    connection.query(fmt::format("create role {}", role));
    connection.query(
        fmt::format("alter database {} set search_path to \"$user\", 'a,\"b\"', public", name));
    connection.query(
        fmt::format("alter role {} in database {} set app.x to E'a\n{}\\twork_mem=1MB'", role, name,
                    "postgres"));
    const auto parameters = parameters_of(connection);
    ASSERT_EQ(parameters.size(), 3U);
    EXPECT_EQ(origin_of(connection).parameters, parameters);
    pg::Connection admin(test::Postgres::shared().settings());
    admin.query(fmt::format("create database {}", restored_name()));
    for (const auto& parameter : parameters) {
        admin.query(statement_of(parameter, restored_name()));
    }
    {
        auto other = restored();
        EXPECT_EQ(parameters_of(other), parameters);
        EXPECT_EQ(other.query("show search_path").front().text(0),
                  "\"$user\", \"a,\"\"b\"\"\", public");
    }
    admin.query(fmt::format("drop database {} with (force)", restored_name()));
    connection.query(fmt::format("alter role {} in database {} reset all", role, name));
    connection.query(fmt::format("drop role {}", role));
}

TEST_F(LogicalTest, WhatPgDumpWarnsOfIsKept) {
    // A subscription is not dumped for who is no superuser: the dump is whole, and says so.
    const auto role = database.name() + "_reader";
    connection.script(fmt::format(
        "create role {} login bypassrls password 'reads'; grant pg_read_all_data to {};",
        pg::identifier(role), pg::identifier(role)));
    connection.query("select lo_unlink(4711)");
    connection.query(
        "create subscription noted connection 'dbname=nowhere' publication p with (connect = "
        "false)");
    auto settings = database.settings();
    settings.user = role;
    settings.password = Secret("reads");
    {
        Storing storing(directory.path(), "noted", sealing, {});
        const auto dumped = dump(programs, {settings, "", {}}, storing);
        EXPECT_THAT(dumped.notes, testing::Contains(HasSubstr("subscriptions not dumped")));
    }
    connection.query("alter subscription noted set (slot_name = none)");
    connection.query("drop subscription noted");
    connection.query(fmt::format("drop owned by {}", pg::identifier(role)));
    connection.query(fmt::format("drop role {}", pg::identifier(role)));
}

TEST_F(LogicalTest, AChangeAfterTheBackupIsADifference) {
    const auto set = make();
    const auto content = [&] { return contents_of(programs, {database.settings(), "", {}}); };
    EXPECT_THAT(differences(set.tables, content()), IsEmpty());
    connection.query("update users set name = 'x' where id = 7");
    connection.query("insert into empty values (1)");
    connection.query("drop table \"Odd name\".\"a \"\"table\"\"\"");
    EXPECT_THAT(differences(set.tables, content()),
                ElementsAre("the table Odd name.a \"table\" is missing",
                            "public.empty has 1 row instead of 0",
                            "public.users has other contents in its 5000 rows"));
}

TEST_F(LogicalTest, AMaterialisedViewOfAnOwnerWhomPoliciesBindIsRestored) {
    const auto owner = pg::identifier(database.name() + "_owner");
    connection.script(fmt::format(R"(
        create role {0};
        create table guarded (id integer);
        insert into guarded select generate_series(1, 10);
        alter table guarded owner to {0};
        alter table guarded enable row level security;
        alter table guarded force row level security;
        create policy low on guarded using (id < 4);
        create materialized view seen as select id from guarded with no data;
        alter materialized view seen owner to {0};
        refresh materialized view seen)",
                                  owner));
    const auto outcome = restore(make());
    EXPECT_THAT(outcome.differences, IsEmpty());
    EXPECT_EQ(restored().query("select count(*) from seen").front().text(0), "3");
    EXPECT_EQ(restored().query("select count(*) from guarded").front().text(0), "10");
    pg::Connection(test::Postgres::shared().settings())
        .query(fmt::format("drop database {} with (force)", restored_name()));
    connection.script(fmt::format("drop owned by {0} cascade; drop role {0}", owner));
}

TEST_F(LogicalTest, OneTableIsRestoredAlone) {
    const auto set = make();
    const auto outcome = restore(set, {"public.users"});
    EXPECT_THAT(outcome.differences, IsEmpty());
    auto other = restored();
    EXPECT_EQ(other.query("select count(*) from users").front().text(0), "5000");
    EXPECT_EQ(other.query("select count(*) from parts").front().text(0), "0");
    EXPECT_THROW(restore(set, {"public.usrs"}), Error);
}

TEST_F(LogicalTest, FunctionsThatFindOthersBySearchPathAreRestoredAllTheSame) {
    connection.script(R"(
        create function norm(text) returns text language sql immutable as 'select lower($1)';
        create function "Odd name".normal(text) returns text language plpgsql immutable
            as 'begin return norm($1); end';
        create function own(text) returns text language plpgsql immutable set search_path = public
            as 'begin return norm($1); end';
        create table words (word text, checked text check ("Odd name".normal(checked) <> 'x'), same text,
                            lowered text generated always as ("Odd name".normal(word)) stored);
        create index on words ("Odd name".normal(same));
        insert into words values ('A', 'B', 'C');
        create materialized view lowered as select "Odd name".normal(word) from words;
    )");
    const auto set = make();
    const auto outcome = restore(set);
    EXPECT_THAT(outcome.differences, IsEmpty());
    ASSERT_EQ(outcome.notes.size(), 1U);
    EXPECT_THAT(outcome.notes.front(), HasSubstr("function norm(text) does not exist"));
    auto other = restored();
    EXPECT_EQ(other.query("select lowered from words").front().text(0), "a");
    // Nothing of what it took is left: none but the one that had it has a search_path.
    EXPECT_EQ(
        other.query("select count(*) from pg_proc where proconfig is not null").front().text(0),
        "1");
}

TEST_F(LogicalTest, TablesKeepTheirTablespaceWhereItIsAndComeBackWithoutItWhereItIsNot) {
    // A tablespace of the server's own directory: no other one need be writable for its account.
    pg::Connection admin(test::Postgres::shared().settings());
    admin.query("set allow_in_place_tablespaces = on");
    admin.query("create tablespace odd_ts location ''");
    connection.script(R"(
        create table placed (id int primary key) tablespace odd_ts;
        create index on users (name) tablespace odd_ts;
        insert into placed values (1);
    )");
    const auto set = make();
    const std::string place =
        "select coalesce((select spcname from pg_tablespace t where t.oid = c.reltablespace), '') "
        "as place from pg_class c where relname = 'placed'";
    {
        const auto outcome = restore(set);
        EXPECT_THAT(outcome.differences, IsEmpty());
        EXPECT_THAT(outcome.notes, IsEmpty());
        EXPECT_EQ(restored().query(place).front().string("place"), "odd_ts");
    }
    connection.script("drop table placed; drop index users_name_idx");
    admin.script("drop tablespace odd_ts");
    {
        const auto outcome = restore(set);
        EXPECT_THAT(outcome.differences, IsEmpty());
        EXPECT_THAT(outcome.notes, ElementsAre(HasSubstr("odd_ts")));
        EXPECT_EQ(restored().query(place).front().string("place"), "");
    }
    EXPECT_THAT(restore(set, {"public.placed"}).notes, ElementsAre(HasSubstr("odd_ts")));
}

TEST_F(LogicalTest, WhatIsMissingForGoodIsToldWithWhatComesBackAllTheSame) {
    connection.script(R"(
        create function norm(text) returns text language sql immutable as 'select lower($1)';
        create function normal(text) returns text language plpgsql immutable as 'begin return norm($1); end';
        create table words (word text, lowered text generated always as (normal(word)) stored);
        insert into words values ('A');
        drop function norm;
    )");
    const auto set = make();
    try {
        restore(set);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::backup_failed);
        EXPECT_THAT(error.message(), HasSubstr("function norm(text) does not exist"));
        EXPECT_THAT(error.hint(), HasSubstr("--table SCHEMA.TABLE --into NAME"));
    }
    EXPECT_FALSE(has_restored());
    // What the hint says.
    EXPECT_THAT(restore(set, {"public.users"}).differences, IsEmpty());
}

TEST_F(LogicalTest, ADamagedFileLeavesNoDatabase) {
    const auto set = make();
    const auto path = repository.directory_of(set.id) / set.files.front().name;
    const auto whole = read_file(path);
    auto flipped = whole;
    flipped[flipped.size() / 2] ^= 1;
    for (const auto& bytes : {flipped, whole.substr(0, whole.size() / 2), std::string()}) {
        write_file(path, bytes);
        try {
            restore(set);
            FAIL();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::backup_damaged);
            EXPECT_EQ(error.fact("file"), set.files.front().name);
        }
        EXPECT_FALSE(has_restored());
    }
    fs::remove(path);
    EXPECT_THROW(restore(set), Error);
    EXPECT_FALSE(has_restored());
}

TEST_F(LogicalTest, AnotherKeyIsToldAsSuch) {
    const auto set = make();
    sealing = SealingKey::of(Secret("another key of many characters!!"));
    try {
        restore(set);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::backup_key);
    }
    EXPECT_FALSE(has_restored());
}

TEST_F(LogicalTest, WhatPgDumpComplainsAboutIsTold) {
    auto settings = database.settings();
    settings.database = "there_is_none";
    Storing storing(directory.path(), "x", sealing, {});
    try {
        dump(programs, {settings, "", {}}, storing);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::backup_failed);
        EXPECT_THAT(error.message(), HasSubstr("there_is_none"));
    }
}

TEST_F(LogicalTest, WhatWasUndoneSinceStaysUndone) {
    connection.script(R"(
        create table keys (id int primary key, revoked_at timestamptz, note text);
        create table people (id int primary key, name text);
        insert into keys values (1, null, 'a'), (2, '2026-01-01', 'b'), (3, null, 'c');
        insert into people values (1, 'anna'), (2, 'bert');
    )");
    const auto set = make();
    connection.script(R"(
        update keys set revoked_at = '2026-11-11 11:11+00', note = 'spoilt' where id = 1;
        delete from people where id = 2;
        insert into people values (3, 'carl');
    )");
    const auto outcome = restore(set);
    auto other = restored();
    const auto undone =
        replay_undone(connection, other, {{"keys", "revoked_at"}, {"people", "rows"}});
    EXPECT_EQ(undone.at(0).rows, 1U);
    EXPECT_EQ(undone.at(1).rows, 1U);
    EXPECT_EQ(
        other
            .query("select string_agg(concat(id, note, extract(day from revoked_at)), ' ' order by "
                   "id) from keys")
            .front()
            .text(0),
        "1a11 2b1 3c");
    EXPECT_EQ(other.query("select string_agg(name, ' ') from people").front().text(0), "anna");
    connection.query("truncate \"Odd name\".\"a \"\"table\"\"\", users");
    try {
        replay_undone(connection, other, {{"users", "rows"}});
        FAIL() << "the accident was done again";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::confirmation_needed);
        EXPECT_THAT(error.message(), HasSubstr("5000 of 5000 rows"));
    }
    EXPECT_EQ(other.query("select count(*) from users").front().text(0), "5000");
    try {
        replay_undone(connection, other, {{"people", "rows"}, {"users", "revoked"}});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::usage);
        EXPECT_THAT(error.message(), HasSubstr("users.revoked"));
    }
}

struct ExchangeTest : LogicalTest {
    ~ExchangeTest() override {
        pg::Connection admin(test::Postgres::shared().settings());
        for (const auto& row : admin.query(
                 "select datname from pg_database where starts_with(datname, $1) and datname <> $1",
                 {database.name()})) {
            admin.query(fmt::format("drop database {} with (force)",
                                    pg::identifier(row.string("datname"))));
        }
    }
    fs::path note() const { return directory.path() / "exchange"; }
    std::string count(const std::string& name) {
        auto settings = database.settings();
        settings.database = name;
        return pg::Connection(settings).query("select count(*) from users").front().string("count");
    }
    static pg::Settings admin() { return test::Postgres::shared().settings(); }
};

TEST_F(ExchangeTest, TheRestoredTakesThePlaceAndTheOldIsKeptOpen) {
    auto outcome = restore(make());
    connection.query("delete from \"Odd name\".\"a \"\"table\"\"\"");
    connection.query("delete from users where id > 10");
    std::vector<Place> places = {{outcome.database.get(), database.name(), {}, false}};
    exchange(admin(), places, {}, note());
    EXPECT_TRUE(connection.has_ended());
    EXPECT_EQ(count(database.name()), "5000");
    EXPECT_EQ(count(places.front().kept), "10");
    EXPECT_FALSE(fs::exists(note()));
    outcome.database.reset();
    EXPECT_EQ(count(database.name()), "5000");
}

TEST_F(ExchangeTest, ThatFailsLeavesEverythingOpenAndAsItWas) {
    auto outcome = restore(make());
    connection.query("delete from \"Odd name\".\"a \"\"table\"\"\"");
    connection.query("delete from users where id > 10");
    std::vector<Place> places = {{outcome.database.get(), database.name(), {}, false}};
    const auto fails = [](pg::Connection&, pg::Connection&, const Place&) {
        throw Error(Code::usage, "not now");
    };
    EXPECT_THROW(exchange(admin(), places, fails, note()), Error);
    EXPECT_EQ(count(database.name()), "10");
    outcome.database.reset();
    EXPECT_FALSE(has_restored());
}

TEST_F(ExchangeTest, WhatAKilledOneClosedIsOpenedByTheNext) {
    pg::Connection server(admin());
    server.query(
        fmt::format("alter database {} allow_connections false", pg::identifier(database.name())));
    write_file(note(), database.name() + "\nthere_is_none\n");
    EXPECT_THROW(count(database.name()), Error);
    EXPECT_THAT(reopen(admin(), note()), ElementsAre(database.name()));
    EXPECT_EQ(count(database.name()), "5000");
    EXPECT_THAT(reopen(admin(), note()), IsEmpty());
}

TEST_F(ExchangeTest, AKilledRestoresDatabaseIsDroppedByTheNext) {
    auto outcome = restore(make());
    const auto name = outcome.database->name();
    {
        RestoreLock lock(admin());
        EXPECT_THROW(RestoreLock second(admin()), Error);
        EXPECT_THAT(lock.drop_leftovers(), ElementsAre(name));
        EXPECT_THAT(lock.drop_leftovers(), IsEmpty());
        // Killed before it had its mark.
        pg::Connection(admin()).query("create database caisson_draft_0123abcd template template0");
        EXPECT_THAT(lock.drop_leftovers(), ElementsAre("caisson_draft_0123abcd"));
    }
    auto again = restore(make());
    pg::Connection server(admin());
    again.database->keep(server);
    RestoreLock lock(admin());
    EXPECT_THAT(lock.drop_leftovers(), IsEmpty());
}

}  // namespace
}  // namespace caisson::backups
