// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <thread>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lifecycle/seeds/seeding_test.h"

namespace caisson::seeds {
namespace {

using ApplyTest = Seeding;

constexpr const char* shop =
    "create table users (id uuid primary key, email text not null unique, name text, "
    "                    updated_at timestamptz not null default now());"
    "create table orders (id int primary key, user_id uuid not null references users, "
    "                     total numeric(20,6) check (total >= 0));";
constexpr const char* users_csv =
    "id,email,name\n"
    "00000000-0000-0000-0000-000000000001,a@x.example,\"Ann \"\"the\"\" One\"\n"
    "00000000-0000-0000-0000-000000000002,b@x.example,\n";
constexpr const char* orders_csv =
    "id,user_id,total\n"
    "1,00000000-0000-0000-0000-000000000001,12345678901234.123456\n"
    "2,00000000-0000-0000-0000-000000000002,0\n"
    "3,00000000-0000-0000-0000-000000000002,\n";

TEST_F(ApplyTest, ParentsGoFirstWhateverTheirNames) {
    sql(shop);
    write("reference/001_orders.csv", orders_csv);
    write("reference/002_users.csv", users_csv);
    const auto report = seed();
    ASSERT_EQ(report.files.size(), 2U);
    EXPECT_EQ(report.files[0].file, "reference/002_users.csv");
    EXPECT_EQ(report.total().inserted, 5U);
    EXPECT_EQ(one("select total from orders where id = 1"), "12345678901234.123456");
    EXPECT_EQ(one("select name from users where email = 'a@x.example'"), "Ann \"the\" One");
    EXPECT_EQ(one("select name is null from users where email = 'b@x.example'"), "t");
    EXPECT_EQ(one("select count(*) from caisson.seed_rows where inserted"), "5");
}

TEST_F(ApplyTest, TwiceIsOnceAndTheSecondTimeWritesNothing) {
    sql(shop);
    write("reference/users.csv", users_csv);
    write("sample/orders.csv", orders_csv);
    seed();
    const std::string versions =
        "select md5(string_agg(x, ' ')) from (select xmin::text || ctid::text as x from users "
        " union all select xmin::text || ctid::text from orders "
        " union all select xmin::text || ctid::text from caisson.seed_rows "
        " union all select xmin::text || ctid::text from caisson.seed_files) t";
    const auto before = one(versions);
    const auto second = seed();
    EXPECT_EQ(one(versions), before);
    EXPECT_FALSE(second.wrote());
    EXPECT_EQ(second.total().unchanged, 5U);
    EXPECT_EQ(second.files[0].standing, Standing::unchanged);
}

TEST_F(ApplyTest, RestoresMissingRowsAndKeepsChangedOnes) {
    sql(shop);
    write("reference/users.csv", users_csv);
    write("reference/orders.csv", orders_csv);
    seed();
    sql("delete from orders where id in (1, 3); update orders set total = 99 where id = 2;"
        "update users set updated_at = '2020-01-01' where email = 'a@x.example'");
    const auto report = seed();
    EXPECT_EQ(report.total().restored, 2U);
    EXPECT_EQ(report.total().kept, 2U);
    EXPECT_EQ(report.total().unchanged, 1U);
    EXPECT_EQ(one("select total from orders where id = 2"), "99.000000");
    EXPECT_EQ(one("select count(*) from orders"), "3");
    const auto third = seed();
    EXPECT_FALSE(third.wrote());
    EXPECT_EQ(third.total().kept, 2U);
    Options overwrite;
    overwrite.overwrite = true;
    seed(overwrite);
    EXPECT_EQ(one("select total from orders where id = 2"), "0.000000");
}

TEST_F(ApplyTest, AChangedFileIsUpsertedAndTouchesOnlyWhatItChanged) {
    sql(shop);
    write("reference/users.csv", users_csv);
    seed();
    sql("update users set name = 'mine' where email = 'b@x.example'");
    const auto version = one("select xmin from users where email = 'b@x.example'");
    write("reference/users.csv",
          "id,email,name\n"
          "00000000-0000-0000-0000-000000000001,a@x.example,Anna\n"
          "00000000-0000-0000-0000-000000000002,b@x.example,\n"
          "00000000-0000-0000-0000-000000000003,c@x.example,\"\"\n");
    const auto report = seed();
    EXPECT_EQ(report.files[0].standing, Standing::changed);
    EXPECT_EQ(report.total().updated, 1U);
    EXPECT_EQ(report.total().inserted, 1U);
    EXPECT_EQ(report.total().kept, 1U) << "the file says the same of it as before";
    EXPECT_EQ(one("select name from users where email = 'a@x.example'"), "Anna");
    EXPECT_EQ(one("select name = '' from users where email = 'c@x.example'"), "t");
    EXPECT_EQ(one("select xmin from users where email = 'b@x.example'"), version);
}

TEST_F(ApplyTest, RowsThatLeaveTheFileStayAndAreTold) {
    sql(shop);
    sql("alter table orders alter user_id drop not null");
    write("reference/orders.csv", "id,total\n1,1\n2,2\n");
    seed();
    write("reference/orders.csv", "id,total\n2,2\n");
    const auto report = seed();
    EXPECT_EQ(report.total().left, 1U);
    ASSERT_EQ(report.files[0].rows.size(), 1U);
    EXPECT_EQ(report.files[0].rows[0].key, "{\"id\": 1}");
    EXPECT_EQ(one("select count(*) from orders"), "2");
    EXPECT_FALSE(seed().wrote());
}

TEST_F(ApplyTest, TypesSurviveToTheLastDigit) {
    sql("create type mood as enum ('calm', 'cross');"
        "create domain percent as numeric check (value between 0 and 100);"
        "create table \"Odd Name\" (\"Id\" bigint generated always as identity primary key, "
        "  \"Mixed Case\" text, m mood, p percent, n numeric, j jsonb, js json, a text[], "
        "  i int[][], b bytea, t timestamptz, d date, iv interval, f float8, flag boolean, "
        "  ja jsonb[], twice int generated always as (2) stored)");
    write("reference/Odd Name.json", R"([{"Id": 7, "Mixed Case": "a\tb\\c\nd é \ud83d\ude00",
        "m": "cross", "p": 99.5, "n": 123456789012345678901234567890.12345678901234567890,
        "j": {"k": [1, 2.50, "x"], "big": 12345678901234567890123}, "js": "text",
        "a": ["x", "y,\"z\"", null, "\\"], "i": [[1, 2], [3, 4]], "b": "\\xdeadbeef",
        "t": "2026-03-01T10:00:00+02:00", "d": "2026-03-01", "iv": "1 day 02:03", "f": 0.1,
        "flag": true, "ja": [{"a": 1}, [1]]}, {"Id": 8, "n": null}])");
    const auto report = seed();
    EXPECT_EQ(report.total().inserted, 2U);
    EXPECT_EQ(one("select n from \"Odd Name\" where \"Id\" = 7"),
              "123456789012345678901234567890.12345678901234567890");
    EXPECT_EQ(one("select \"Mixed Case\" from \"Odd Name\" where \"Id\" = 7"), "a\tb\\c\nd é 😀");
    EXPECT_EQ(one("select j->>'big' from \"Odd Name\" where \"Id\" = 7"),
              "12345678901234567890123");
    EXPECT_EQ(one("select js::text from \"Odd Name\" where \"Id\" = 7"), "\"text\"");
    EXPECT_EQ(one("select a::text from \"Odd Name\" where \"Id\" = 7"),
              R"({x,"y,\"z\"",NULL,"\\"})");
    EXPECT_EQ(one("select i[2][1] from \"Odd Name\" where \"Id\" = 7"), "3");
    EXPECT_EQ(one("select b = '\\xdeadbeef' from \"Odd Name\" where \"Id\" = 7"), "t");
    EXPECT_EQ(one("select t = '2026-03-01T08:00:00Z' from \"Odd Name\" where \"Id\" = 7"), "t");
    EXPECT_EQ(one("select ja[2]->>0 from \"Odd Name\" where \"Id\" = 7"), "1");
    EXPECT_FALSE(seed().wrote());
    sql("insert into \"Odd Name\" (m) values ('calm')");
    EXPECT_EQ(one("select max(\"Id\") from \"Odd Name\""), "9") << "the sequence goes on after 8";
}

TEST_F(ApplyTest, WhatARecordLeavesOutIsLeftToTheTable) {
    sql("create table t (id int primary key, n int default 42, at timestamptz default now(), "
        "s serial)");
    write("reference/t.json", R"({"id": 1, "n": 5}
{"id": 2}
{"id": 3, "n": null}
)");
    seed();
    EXPECT_EQ(one("select string_agg(coalesce(n::text, '-'), ' ' order by id) from t"), "5 42 -");
    sql("update t set n = 43 where id = 2");
    write("reference/t.json", "[{\"id\": 1, \"n\": 6}, {\"id\": 2}, {\"id\": 3, \"n\": 1}]");
    seed();
    EXPECT_EQ(one("select string_agg(n::text, ' ' order by id) from t"), "6 43 1");
}

TEST_F(ApplyTest, RowsMayReferToLaterRowsOfTheirOwnTable) {
    sql("create table staff (id int primary key, boss int references staff)");
    write("sample/staff.csv", "id,boss\n1,3\n2,1\n3,\n");
    EXPECT_EQ(seed().total().inserted, 3U);
}

TEST_F(ApplyTest, CompositeKeysAndDeclaredKeysAreUpsertedOn) {
    sql("create table membership (org int, person text, role text, primary key (org, person));"
        "create table people (id uuid primary key default gen_random_uuid(), email text unique, "
        "name text)");
    declare("people", {"email"});
    write("reference/membership.csv", "org,person,role\n1,a,x\n1,b,y\n2,a,z\n");
    write("reference/people.csv", "email,name\na@x,A\nb@x,B\n");
    seed();
    const auto id = one("select id from people where email = 'a@x'");
    write("reference/membership.csv", "org,person,role\n1,a,x\n1,b,changed\n2,a,z\n");
    write("reference/people.csv", "email,name\na@x,Ann\nb@x,B\n");
    const auto report = seed();
    EXPECT_EQ(report.total().updated, 2U);
    EXPECT_EQ(one("select name from people where id = '" + id + "'"), "Ann");
    EXPECT_EQ(one("select key->>'id' = '" + id +
                  "' from caisson.seed_rows "
                  " where table_name = 'people' and key->>'id' = '" +
                  id + "'"),
              "t");
}

TEST_F(ApplyTest, ListsOfScalarsAreMappedByTheManifest) {
    sql("create schema sanctions; create table sanctions.wallets (address text primary key, "
        "source text not null, line int)");
    declare("sanctions.wallets", {"address"},
            {{"address", "$value"}, {"source", "$file"}, {"line", "$line"}});
    write("reference/sanctions.wallets/ETH.json", "[\n  \"0xa\",\n  \"0xb\",\n \"0xa\"\n]\n");
    write("reference/sanctions.wallets/XBT.json", "[\"1b\", \"0xb\"]");
    write("reference/sanctions.wallets/NOTICE", "who gave it");
    const auto report = seed();
    EXPECT_EQ(one("select string_agg(address || '=' || source, ' ' order by address) "
                  "from sanctions.wallets"),
              "0xa=ETH 0xb=XBT 1b=XBT")
        << "the later file has the last word on 0xb";
    EXPECT_EQ(one("select line from sanctions.wallets where address = '0xa'"), "2");
    EXPECT_FALSE(seed().wrote());
    // A change of the first file does not take the row back from the second.
    write("reference/sanctions.wallets/ETH.json", "[\"0xb\", \"0xc\"]");
    const auto again = seed();
    EXPECT_EQ(one("select source from sanctions.wallets where address = '0xb'"), "XBT");
    EXPECT_EQ(again.total().overridden, 1U);
    EXPECT_EQ(again.total().left, 1U);
}

TEST_F(ApplyTest, ConstraintsInACircleAreDeferredWhereTheyCanBe) {
    sql("create table a (id int primary key, b int); create table b (id int primary key, a int "
        "references a deferrable);"
        "alter table a add constraint to_b foreign key (b) references b");
    write("reference/a.csv", "id,b\n1,1\n");
    write("reference/b.csv", "id,a\n1,1\n2,7\n");
    const auto error = refusal();
    EXPECT_EQ(error.code(), Code::seed_failed);
    EXPECT_EQ(error.fact("place"), "seeds/reference/b.csv:3:3");
    EXPECT_EQ(one("select count(*) from b"), "0");
    write("reference/b.csv", "id,a\n1,1\n2,1\n");
    EXPECT_EQ(seed().total().inserted, 3U);
}

TEST_F(ApplyTest, ACircleThatNothingBreaksIsNamed) {
    sql("create table a (id int primary key, b int); create table b (id int primary key, a int "
        "references a); alter table a add foreign key (b) references b");
    write("reference/a.csv", "id,b\n1,1\n");
    write("reference/b.csv", "id,a\n1,1\n");
    const auto error = refusal();
    EXPECT_EQ(error.code(), Code::seed_invalid);
    EXPECT_NE(error.message().find("a needs b needs a"), std::string::npos) << error.message();
    write("reference/b.csv", "id\n1\n");
    EXPECT_EQ(seed().total().inserted, 2U) << "without the column there is no circle";
}

TEST_F(ApplyTest, TheRowThatTheDatabaseRefusesIsNamedAndNothingIsLeft) {
    sql(shop);
    write("reference/users.csv", users_csv);
    struct Case {
        const char* rows;
        const char* place;
    };
    for (const auto& wrong : {
             Case{"1,00000000-0000-0000-0000-000000000001,1\n"
                  "2,00000000-0000-0000-0000-000000000009,1\n",
                  "seeds/sample/orders.csv:3:3"},
             Case{"1,00000000-0000-0000-0000-000000000001,1\n"
                  "2,00000000-0000-0000-0000-000000000001,1\n"
                  "3,00000000-0000-0000-0000-000000000001,-1\n"
                  "4,00000000-0000-0000-0000-000000000001,-1\n",
                  "seeds/sample/orders.csv:4:40"},
             Case{"1,,1\n", "seeds/sample/orders.csv:2:3"},
             Case{"1,00000000-0000-0000-0000-000000000001,1\n\n2,nonsense,1\n",
                  "seeds/sample/orders.csv:4:3"},
             Case{"1,00000000-0000-0000-0000-000000000001,1e99\n", "seeds/sample/orders.csv:2:40"},
         }) {
        write("sample/orders.csv", std::string("id,user_id,total\n") + wrong.rows);
        const auto error = refusal();
        EXPECT_EQ(error.code(), Code::seed_failed) << error.message();
        EXPECT_EQ(error.fact("place"), wrong.place) << error.message();
        EXPECT_EQ(one("select (select count(*) from users) + (select count(*) from orders) + "
                      "(select count(*) from caisson.seed_rows)"),
                  "0");
    }
}

TEST_F(ApplyTest, AUniqueConstraintBesideTheKeyNamesTheSecondRow) {
    sql(shop);
    write("reference/users.csv",
          "id,email\n00000000-0000-0000-0000-000000000001,a@x\n"
          "00000000-0000-0000-0000-000000000002,b@x\n"
          "00000000-0000-0000-0000-000000000003,a@x\n");
    EXPECT_EQ(refusal().fact("place"), "seeds/reference/users.csv:4:38");
}

TEST_F(ApplyTest, RowsWithoutAKeyOrWithTwoMeaningsAreRefusedAtTheirPlaces) {
    sql("create table t (id int primary key, n int)");
    write("reference/t.csv", "id,n\n1,1\n,2\n");
    EXPECT_EQ(refusal().fact("place"), "seeds/reference/t.csv:3:1");
    write("reference/t.csv", "n,id\n1,1\n2,01\n1,1\n");
    const auto error = refusal();
    EXPECT_EQ(error.code(), Code::seed_invalid);
    EXPECT_EQ(error.fact("place"), "seeds/reference/t.csv:3:3");
    EXPECT_NE(error.message().find("line 2"), std::string::npos);
}

TEST_F(ApplyTest, EverythingThatTheTablesLackIsListedAtOnce) {
    sql("create table people (id int primary key, name text, twice int generated always as (1) "
        "stored); create table nokey (a int); create view v as select 1 as a");
    write("reference/people.csv", "id,nmae,twice\n1,x,2\n");
    write("reference/poeple.csv", "id\n1\n");
    write("reference/nokey.csv", "a\n1\n");
    write("reference/v.csv", "a\n1\n");
    const auto error = refusal();
    EXPECT_EQ(error.code(), Code::seed_invalid);
    for (const auto* part : {"people.csv:1:4: people has no column nmae; did you mean name?",
                             "people.csv:1:9: the column twice is generated",
                             "there is no table poeple; did you mean people?",
                             "nokey has no primary key", "v is no table"}) {
        EXPECT_NE(error.message().find(part), std::string::npos) << part << "\n" << error.message();
    }
}

TEST_F(ApplyTest, SampleSeedsNeverGoIntoAProtectedEnvironment) {
    write("sample/t.csv", "id\n1\n");
    Options options;
    options.is_protected = true;
    try {
        seed(options);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::protected_environment);
    }
    const auto reference = load(manifest_, manifest_.databases[0], default_sets(true));
    EXPECT_TRUE(apply(connection_, reference, options).files.empty());
}

TEST_F(ApplyTest, AColumnAddedLaterDoesNotMakeRowsLookChanged) {
    sql(shop);
    write("reference/users.csv", users_csv);
    seed();
    sql("alter table users add country text default 'AE'");
    EXPECT_EQ(seed().total().unchanged, 2U);
    sql("alter table users drop updated_at");
    const auto report = seed();
    EXPECT_EQ(report.total().unchanged, 2U);
    EXPECT_EQ(report.total().kept, 0U);
    EXPECT_EQ(seed().total().unchanged, 2U);
}

TEST_F(ApplyTest, RowsThatWereThereBeforeAreFoundAndNotCountedAsOurs) {
    sql(shop);
    sql("insert into users values ('00000000-0000-0000-0000-000000000001', 'a@x.example', 'old')");
    write("reference/users.csv", users_csv);
    const auto report = seed();
    EXPECT_EQ(report.total().inserted, 1U);
    EXPECT_EQ(report.total().updated, 1U);
    EXPECT_EQ(one("select count(*) from caisson.seed_rows where not inserted"), "1");
}

TEST_F(ApplyTest, TwoRunsAtTheSameTimeSeedOnce) {
    sql(shop);
    write("reference/users.csv", users_csv);
    write("reference/orders.csv", orders_csv);
    const auto seeds = load_all();
    std::vector<Report> reports(4);
    std::vector<std::thread> threads;
    for (auto& report : reports) {
        threads.emplace_back([&] {
            pg::Connection own(database_.settings());
            report = apply(own, seeds);
        });
    }
    std::uint64_t inserted = 0;
    for (std::size_t i = 0; i < threads.size(); ++i) {
        threads[i].join();
        inserted += reports[i].total().inserted;
    }
    EXPECT_EQ(inserted, 5U);
}

TEST_F(ApplyTest, AnotherSessionInTheWayIsWaitedForAndTriedAgain) {
    sql(shop);
    write("reference/users.csv", users_csv);
    pg::Connection other(database_.settings());
    other.query("begin");
    other.query("insert into users values ('00000000-0000-0000-0000-000000000001', 'a@x.example')");
    std::thread committing([&] {
        // Once the seeding run waits for the other's row, the other commits.
        pg::Connection watching(database_.settings());
        while (watching
                   .query("select 1 from pg_stat_activity where wait_event_type = 'Lock' and pid = "
                          "$1",
                          {connection_.backend_process()})
                   .empty()) {
            std::this_thread::yield();
        }
        other.query("commit");
    });
    const auto report = seed();
    committing.join();
    EXPECT_EQ(report.total().inserted, 1U);
    EXPECT_EQ(report.total().updated, 1U);
}

TEST_F(ApplyTest, SearchPathAndSettingsOfTheSessionDoNotMatter) {
    sql("create schema other; create table public.t (id int primary key, at timestamptz, d date)");
    write("reference/t.csv", "id,at,d\n1,2026-01-02 03:04:05,2026-02-03\n");
    sql("set search_path = other; set timezone = 'Asia/Tokyo'; set datestyle = 'German'; "
        "set bytea_output = 'escape'; set extra_float_digits = 0");
    seed();
    EXPECT_EQ(one("select at = '2026-01-02 03:04:05+00' from public.t"), "t");
    EXPECT_EQ(one("show timezone"), "Asia/Tokyo");
    sql("reset all");
    EXPECT_EQ(seed().total().unchanged, 1U);
}

}  // namespace
}  // namespace caisson::seeds
