// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/scaling_test.h"
#include "lifecycle/scale/tracking.h"

namespace caisson::scale {
namespace {

using ApplyTest = Scaling;

TEST_F(ApplyTest, RowsOfAllTablesAreThereAndFitTogether) {
    sql(shop_tables);
    const auto report = make(shop_file);
    EXPECT_EQ(one("select count(*) from customers"), "2000");
    EXPECT_EQ(one("select count(*) from orders"), "5000");
    EXPECT_EQ(one("select count(*) from lines"), std::to_string(report.tables[2].made));
    EXPECT_EQ(report.tables[0].table, "customers");
    EXPECT_EQ(report.made(), 7000 + report.tables[2].made);
    EXPECT_EQ(one("select count(*) from orders o join customers c on c.id = o.customer_id "
                  "where o.placed_at not between c.created_at and c.created_at + '90 days'"),
              "0");
    EXPECT_EQ(one("select count(*) from lines l where place <> (select count(*) from lines b "
                  "where b.order_id = l.order_id and b.place < l.place)"),
              "0");
    EXPECT_EQ(one("select string_agg(distinct details->>'channel', ' ') from orders"), "shop web");
    EXPECT_EQ(one("select count(*) from customers where level is null") > "900", true);
    EXPECT_EQ(one("select bool_and(address << '10.0.0.0/8')::text from lines"), "true");
}

constexpr const char* filtered_file = R"toml(
[tables.users]
rows = 2000
[tables.users.columns]
id = "sequence"
status = { make = "choice", of = ["active", "closed"] }
days = { make = "integer", from = 0, to = 700 }
weeks = { make = "compute", of = "floor(days / 7)" }
weekday = { make = "compute", of = "days % 7" }
tags = { make = "array", of = ["all", { make = "template", text = "{status}-{id}" }], count = 2 }
embedding = { make = "vector", dimensions = 4 }
[tables.posts]
rows = 3000
[tables.posts.columns]
id = "sequence"
author = { make = "reference", to = "users.id", where = { status = "active" } }
plan = { make = "reference", to = "plans.code", where = { is_sold = true } }
)toml";

TEST_F(ApplyTest, ReferencesAreFilteredAndListsMadeByTemplates) {
    sql(R"sql(
create table plans (code text primary key, is_sold boolean not null);
insert into plans values ('free', true), ('old', false), ('pro', true);
create table users (id int primary key, status text not null, days int not null, weeks int not null,
    weekday int not null, tags text[] not null, embedding text not null);
create table posts (id int primary key, author int not null references users,
    plan text not null references plans);
)sql");
    make(filtered_file);
    EXPECT_EQ(one("select count(*) from posts"), "3000");
    EXPECT_EQ(one("select count(*) from posts p join users u on u.id = p.author "
                  "where u.status <> 'active'"),
              "0");
    EXPECT_EQ(one("select string_agg(distinct plan, ' ' order by plan) from posts"), "free pro");
    // As the server computes it.
    EXPECT_EQ(one("select count(*) from users where weeks <> days / 7 or weekday <> days % 7 "
                  "or tags <> array['all', status || '-' || id]"),
              "0");
    EXPECT_EQ(one("select bool_and(json_array_length(embedding::json) = 4)::text from users"),
              "true");
    // What is left is made as before: what was there when it was first needed counts.
    const auto before = contents("posts");
    sql("update plans set is_sold = true");
    sql("delete from posts where id > 10");
    EXPECT_EQ(make(filtered_file).made(), 0U);
    EXPECT_EQ(take_back().kept_rows(), 0U);
    EXPECT_EQ(one("select count(*) from users"), "0");
    sql("update plans set is_sold = code <> 'old'");
    make(filtered_file);
    EXPECT_EQ(contents("posts"), before);
}

TEST_F(ApplyTest, ASecondRunMakesNothing) {
    sql(shop_tables);
    make(shop_file);
    const auto before = contents("orders");
    EXPECT_EQ(make(shop_file).made(), 0U);
    EXPECT_EQ(contents("orders"), before);
}

TEST_F(ApplyTest, TheSameSeedGivesTheSameRowsWithAnyNumberOfConnections) {
    sql(shop_tables);
    Options options;
    options.connections = 1;
    make(shop_file, options);
    const auto customers =
        contents("(select id, email, country, level, created_at from customers)");
    const auto lines = contents("lines");
    take_back();
    EXPECT_EQ(one("select count(*) from customers"), "0");
    options.connections = 4;
    make(shop_file, options);
    EXPECT_EQ(contents("(select id, email, country, level, created_at from customers)"), customers);
    EXPECT_EQ(contents("lines"), lines);
    take_back();
    std::string other = shop_file;
    other.replace(other.find("seed = 11"), 9, "seed = 12");
    make(other, options);
    EXPECT_NE(contents("lines"), lines);
}

TEST_F(ApplyTest, TablesAloneBringWhatTheyReferTo) {
    sql(shop_tables);
    Options options;
    options.tables = {"orders"};
    const auto report = make(shop_file, options);
    ASSERT_EQ(report.tables.size(), 2U);
    EXPECT_EQ(one("select count(*) from lines"), "0");
    EXPECT_EQ(make(shop_file).tables[0].made, 0U);
    EXPECT_NE(one("select count(*) from lines"), "0");
    options.tables = {"order"};
    EXPECT_NE(refusal(shop_file, options).message().find("did you mean orders?"),
              std::string::npos);
}

TEST_F(ApplyTest, AnotherFactorOrFileIsRefusedWhileRowsAreThere) {
    sql(shop_tables);
    Options options;
    options.factor = 0.1;
    make(shop_file, options);
    EXPECT_EQ(one("select count(*) from customers"), "200");
    const auto error = refusal(shop_file);
    EXPECT_EQ(error.code(), Code::database_rejected);
    EXPECT_NE(error.hint().find("--scale 0.1"), std::string::npos);
    std::string other = shop_file;
    other.replace(other.find("DE = 5"), 6, "DE = 6");
    EXPECT_NE(refusal(other, options).message().find("made with another seeds/scale.toml"),
              std::string::npos);
    take_back();
    EXPECT_EQ(make(shop_file).tables[0].made, 2000U);
}

TEST_F(ApplyTest, ATableThatWasAddedToTheFileIsMadeBesideTheOthers) {
    sql(shop_tables);
    sql("create table logins (id bigint primary key, customer_id uuid references customers)");
    make(shop_file);
    const auto report = make(std::string(shop_file) + R"(
[tables.logins]
rows = 100
[tables.logins.columns]
id = "sequence"
customer_id = { make = "reference", to = "customers.id" }
)");
    EXPECT_EQ(report.made(), 100U);
}

constexpr const char* coded_file = R"(
[tables.things]
rows = 1000
[tables.things.columns]
id = "sequence"
code = { make = "reference", to = "codes.code" }
title = { make = "copy", of = "code.title" }
)";

TEST_F(ApplyTest, RowsThatWereThereAreFrozenWhenTheyAreFirstNeeded) {
    sql("create table codes (code text primary key, title text not null);"
        "insert into codes values ('b', 'B'), ('a', 'A');"
        "create table things (id bigint primary key, code text references codes, title text)");
    make(coded_file);
    const auto before = contents("things");
    EXPECT_EQ(
        one("select count(*) from things t join codes c using (code) where t.title = c.title"),
        "1000");
    sql("insert into codes values ('c', 'C'); delete from things where id > 500;"
        "delete from caisson.seed_scale_chunks");
    sql("delete from things");
    // What follows is a run that was cut off before its first chunk.
    make(coded_file);
    EXPECT_EQ(one("select count(distinct code) from things"), "3");
    EXPECT_NE(contents("things"), before);
}

TEST_F(ApplyTest, WhatDoesNotFitTheDatabaseIsToldBeforeAnythingIsMade) {
    sql("create table t (id bigint primary key, size point, must text not null,"
        "  twice bigint generated always as (id * 2) stored);"
        "create table keyless (a int)");
    const auto error = refusal(R"(
[tables.t]
rows = 1
[tables.t.columns]
idd = "sequence"
size = 1
twice = 2
[tables.keyless]
rows = 1
[tables.keyless.columns]
a = 1
[tables.nothing]
rows = 1
[tables.nothing.columns]
a = 1
)");
    EXPECT_EQ(error.code(), Code::seed_invalid);
    for (const auto* const expected :
         {"has no column idd; did you mean id?", "size has the type point, which cannot be made",
          "twice is generated by the database", "t.must must have a value", "gives no key of t",
          "gives no key of keyless", "has no table nothing", "seeds/scale.toml:5:1"}) {
        EXPECT_NE(error.message().find(expected), std::string::npos) << error.message();
    }
}

TEST_F(ApplyTest, ARefusedRowIsNamedAndWhatWasMadeBeforeStays) {
    sql("create table a (id bigint primary key); create table b (id bigint primary key, "
        "a_id bigint references a, size int check (size <> 7))");
    const auto error = refusal(R"(
[tables.a]
rows = 100
[tables.a.columns]
id = "sequence"
[tables.b]
rows = 100
[tables.b.columns]
id = "sequence"
a_id = { make = "reference", to = "a.id" }
size = { make = "sequence", from = -40 }
)");
    EXPECT_EQ(error.code(), Code::seed_failed);
    EXPECT_NE(error.message().find("b, row 48: new row for relation"), std::string::npos)
        << error.message();
    EXPECT_EQ(error.fact("place"), "seeds/scale.toml:6:9");
    EXPECT_EQ(one("select (select count(*) from a) || ' ' || (select count(*) from b)"), "100 0");
}

TEST_F(ApplyTest, AValueThatItsTypeDoesNotHoldIsNamedWithItsRow) {
    sql("create table a (id bigint primary key, small smallint)");
    const auto error = refusal(
        "[tables.a]\nrows = 10\n[tables.a.columns]\nid = 'sequence'\n"
        "small = { make = 'sequence', from = 32765 }\n");
    EXPECT_EQ(error.code(), Code::seed_failed);
    EXPECT_NE(error.message().find("small in row 4 of a: an integer \"32768\" does not go into a "
                                   "column of the type smallint"),
              std::string::npos)
        << error.message();
    EXPECT_EQ(error.fact("place"), "seeds/scale.toml:5:1");
}

TEST_F(ApplyTest, TriggersOfTheTableRun) {
    sql("create table t (id bigint primary key, seen bool not null default false);"
        "create table log (n bigint);"
        "create function note() returns trigger language plpgsql as "
        "  $$ begin insert into log select count(*) from added; return null; end $$;"
        "create trigger noted after insert on t referencing new table as added "
        "  for each statement execute function note()");
    make("[tables.t]\nrows = 50000\n[tables.t.columns]\nid = 'sequence'\n");
    EXPECT_EQ(one("select sum(n) from log"), "50000");
    EXPECT_GT(std::stoi(one("select count(*) from log")), 1);
}

TEST_F(ApplyTest, EveryTypeThatIsKnownArrivesAsItWasMade) {
    sql("create type mood as enum ('calm', 'wild'); create domain grade as smallint check (value > "
        "0);"
        "create table kinds (id bigint primary key, a smallint, b int, c real, d double precision,"
        "  e numeric, f varchar(5), g char(3), h json, i jsonb, j uuid, k bytea, l date,"
        "  m timestamp, n timestamptz, o cidr, p mood, q mood[], r grade, s text[], t bool)");
    make(R"(
[tables.kinds]
rows = 1
[tables.kinds.columns]
id = "sequence"
a = -7
b = 70000
c = 1.5
d = -0.125
e = { make = "value", of = "-12345678901234567890.0012" }
f = { make = "value", of = "abc" }
g = { make = "value", of = "xyz" }
h = { make = "json", of = { a = 1 } }
i = { make = "json", of = ["b", 2.50] }
j = { make = "value", of = "8eb8522b-cb1f-5aa3-8216-1b97ae5f7cf1" }
k = { make = "value", of = "\\x00ff" }
l = 1999-12-31
m = { make = "value", of = "2026-01-05 08:00:00.5" }
n = 2026-01-05T08:00:00+02:00
o = { make = "value", of = "10.1.0.0/16" }
p = { make = "value", of = "wild" }
q = { make = "array", of = ["calm"], count = 1 }
r = 3
s = { make = "array", of = ["x"], count = 0 }
t = true
)");
    connection_.query("set timezone = 'UTC'");
    EXPECT_EQ(one("select kinds::text from kinds"),
              "(1,-7,70000,1.5,-0.125,-12345678901234567890.0012,abc,xyz,\"{\"\"a\"\": "
              "1}\",\"[\"\"b\"\", "
              "2.5]\",8eb8522b-cb1f-5aa3-8216-1b97ae5f7cf1,\"\\\\x00ff\",1999-12-31,\"2026-01-05 "
              "08:00:00.5\",\"2026-01-05 06:00:00+00\",10.1.0.0/16,wild,{calm},3,{},t)");
}

TEST_F(ApplyTest, AProtectedEnvironmentAndAStrangeFactorAreRefused) {
    sql(shop_tables);
    Options options;
    options.is_protected = true;
    EXPECT_EQ(refusal(shop_file, options).code(), Code::protected_environment);
    options.is_protected = false;
    for (const double factor : {0.001, 11.0, -1.0}) {
        options.factor = factor;
        EXPECT_EQ(refusal(shop_file, options).code(), Code::usage);
    }
    EXPECT_EQ(one("select count(*) from customers"), "0");
}

TEST_F(ApplyTest, ThePlanSaysWhatWouldBeMadeAndHowLarge) {
    sql(shop_tables);
    const auto said = plan(connection_, file(shop_file), {});
    ASSERT_EQ(said.tables.size(), 3U);
    EXPECT_EQ(said.tables[0].table, "customers");
    EXPECT_EQ(said.tables[1].after, std::vector<std::string>{"customers"});
    EXPECT_EQ(said.tables[0].rows, 2000U);
    const auto report = make(shop_file);
    EXPECT_EQ(said.missing(), report.made());
    for (std::size_t i = 0; i < 3; ++i) {
        const auto sent = static_cast<double>(report.tables[i].bytes);
        EXPECT_NEAR(static_cast<double>(said.tables[i].bytes_sent), sent, sent * 0.05);
    }
    const auto stored = std::stod(one("select pg_relation_size('orders')"));
    EXPECT_NEAR(static_cast<double>(said.tables[1].bytes_stored), stored, stored * 0.15);
    EXPECT_EQ(plan(connection_, file(shop_file), {}).missing(), 0U);
}

TEST_F(ApplyTest, WhoWatchesIsToldOfEveryRowOnce) {
    sql(shop_tables);
    Options options;
    std::uint64_t told = 0;
    options.made = [&](const std::string&, std::uint64_t rows) { told += rows; };
    EXPECT_EQ(make(shop_file, options).made(), told);
}

TEST_F(ApplyTest, TablesAreAnalysedAndSequencesAdvanced) {
    sql(shop_tables);
    const auto report = make(shop_file);
    EXPECT_TRUE(report.tables[1].notes.empty());
    EXPECT_EQ(one("select count(*) from pg_class where relname in ('customers', 'orders') and "
                  "reltuples in (2000, 5000)"),
              "2");
    EXPECT_EQ(one("select nextval('orders_id_seq')"), "6000");
    const auto alone = apply(connect(), file(shop_file), {});
    EXPECT_TRUE(alone.tables[1].notes.empty()) << "nothing was missing";
}

TEST_F(ApplyTest, PartitionsAreFilledOverTheirTable) {
    sql("create table t (id bigint, at date, primary key (id, at)) partition by range (at);"
        "create table t_1 partition of t for values from ('2026-01-01') to ('2026-02-01');"
        "create table t_2 partition of t for values from ('2026-02-01') to ('2026-03-01')");
    make(
        "[tables.t]\nrows = 1000\n[tables.t.columns]\nid = 'sequence'\n"
        "at = { make = 'date', from = '2026-01-01', to = '2026-02-28' }\n");
    EXPECT_NE(one("select count(*) from t_1"), "0");
    EXPECT_EQ(one("select count(*) from t"), "1000");
    EXPECT_EQ(take_back().tables[0].removed, 1000U);
}

}  // namespace
}  // namespace caisson::scale
