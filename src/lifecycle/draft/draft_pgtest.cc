// SPDX-License-Identifier: Apache-2.0
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/text.h"
#include "lifecycle/draft/draft.h"
#include "lifecycle/schema/difference.h"
#include "tests/support/everything.h"
#include "tests/support/postgres.h"

namespace caisson::draft {
namespace {

using schema::Snapshot;

Snapshot take(pg::Connection& connection) {
    return schema::snapshot(connection, {.rights = true, .column_order = true});
}

/// The order of columns stays out: one that comes back stands last.
Snapshot comparable(Snapshot snapshot) {
    std::erase_if(snapshot.objects,
                  [](const auto& object) { return object.kind == "column order"; });
    return snapshot;
}

void run(pg::Connection& connection, const Draft& draft) {
    const auto sql = "set check_function_bodies = off;\n" + to_sql(draft);
    try {
        connection.script(sql);
    } catch (const Error& error) {
        FAIL() << error.message() << "\n" << sql;
    }
}

void expect_equal(const Snapshot& expected, const Snapshot& found, const std::string& how) {
    for (const auto& difference : schema::diff(comparable(expected), comparable(found))) {
        ADD_FAILURE() << schema::to_text(difference.change) << " " << difference.kind << " "
                      << difference.name << "\n  expected " << difference.expected
                      << "\n  found    " << difference.found << "\n"
                      << how;
    }
}

/// A draft from one to the other and back, each run on a real database.
void prove(const std::string& before, const std::string& after) {
    const test::Database from;
    const test::Database to;
    pg::Connection a(from.settings());
    pg::Connection b(to.settings());
    a.script(before);
    b.script(after);
    const auto start = take(a);
    const auto target = take(b);
    const auto up = draft(start, target);
    run(a, up);
    const auto reached = take(a);
    expect_equal(target, reached, to_sql(up));
    const auto down = draft(reached, start);
    run(a, down);
    expect_equal(start, take(a), to_sql(down));
}

TEST(CreationTest, TheSqlOfASnapshotMakesTheSchemaAgain) {
    const test::Database original;
    const test::Database copy;
    pg::Connection a(original.settings());
    pg::Connection b(copy.settings());
    a.script(std::string(test::everything));
    a.script(std::string(test::roles));
    a.script(std::string(test::rights));
    const auto expected = take(a);
    const auto sql = creation(expected);
    try {
        b.script(sql);
    } catch (const Error& error) {
        FAIL() << error.message() << "\n" << sql;
    }
    expect_equal(expected, take(b), sql);
}

TEST(CreationTest, RolesAndSecretsThatAreNotThereDoNotStopIt) {
    const test::Database original;
    const test::Database copy;
    pg::Connection a(original.settings());
    pg::Connection b(copy.settings());
    a.script(R"sql(
create role creation_reader; create role "creation's Owner";
create foreign data wrapper remote;
create server far foreign data wrapper remote options (host 'h', token 'very secret');
create user mapping for creation_reader server far options (password 'very secret');
create foreign table late (i integer options (passphrase 'very secret')) server far
    options (url 'https://u:very secret@h/');
create table t (i integer);
create policy p on t to creation_reader, "creation's Owner" using (true);
alter table t owner to "creation's Owner";
)sql");
    const auto expected = take(a);
    const auto sql = missing_roles(expected) + creation(expected);
    EXPECT_EQ(sql.find("very secret"), std::string::npos);
    a.script(
        "drop table t; drop foreign data wrapper remote cascade; drop role creation_reader; drop "
        "role \"creation's Owner\"");
    try {
        b.script(sql);
    } catch (const Error& error) {
        FAIL() << error.message() << "\n" << sql;
    }
    expect_equal(expected, take(b), sql);
    b.script(
        "drop table t; drop foreign data wrapper remote cascade; drop role creation_reader; drop "
        "role \"creation's Owner\"");
}

TEST(DraftPgTest, EverythingComesAndGoes) {
    prove("", std::string(test::everything));
    prove(std::string(test::everything), "create table other (i integer)");
}

constexpr const char* base = R"sql(
create type state as enum ('new', 'done', 'gone');
create domain percent as integer check (value <= 100);
create table owners (id bigint primary key, name text not null);
create table items (
    id bigint generated always as identity primary key,
    owner bigint references owners,
    state state not null default 'new',
    price numeric(10, 2),
    share percent,
    note varchar(50) default 'x',
    twice numeric generated always as (price * 2) stored,
    check (price > 0)
);
create index items_state on items (state) where state <> 'gone';
create view open as select id, owner, state, note from items where state = 'new';
create view open_owners as select o.name, count(*) from open join owners o on o.id = open.owner group by 1;
create materialized view sums as select owner, sum(price) as total from items group by owner;
create unique index sums_owner on sums (owner);
create function touch() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger touched before update on items for each row execute function touch();
create function default_note() returns text language sql as 'select ''n''::text';
alter table items enable row level security;
create policy mine on items using (note = current_user);
comment on view open is 'what is open';
)sql";

const std::vector<const char*> changes = {
    "alter table owners add column mail text not null default ''",
    "drop view open_owners",
    "alter table items drop constraint items_price_check",
    "alter table items add constraint items_share check (share > 0)",
    "create index items_owner on items (owner)",
    "alter type state add value 'held' before 'done'",
    "create table lines (item bigint references items on delete cascade, n integer, "
    "primary key (item, n))",
    "alter table owners add constraint owners_name unique (name)",
    "create or replace function touch() returns trigger language plpgsql as "
    "$$ begin new.note := ''; return new; end $$",
    "alter table items alter column note set default default_note()",
    "alter table items alter column owner set not null",
    "drop materialized view sums",
    "alter domain percent set default 5",
    "comment on table items is 'things'",
    "alter table items disable trigger touched",
    "create view late as select * from open where note is null",
    "create table parts (a integer, b text) partition by list (a); "
    "create table parts_1 partition of parts for values in (1)",
    "alter table items alter column id set generated by default",
    "alter table items no force row level security; create policy more on items for select using "
    "(true)",
    "alter table items set (fillfactor = 50)",
    "create function of_items(i items) returns text language sql as 'select i.note'",
    "alter table items drop column twice",
    "create sequence counter increment 5; alter table owners add n bigint default "
    "nextval('counter'); "
    "alter sequence counter owned by owners.n",
};

TEST(DraftPgTest, EachChangeGoesUpAndDown) {
    for (const auto* change : changes) {
        SCOPED_TRACE(change);
        prove(base, std::string(base) + change);
    }
}

TEST(DraftPgTest, ManyChangesAtOnceGoUpAndDown) {
    std::mt19937 random(20260303);
    for (int round = 0; round < 12; ++round) {
        std::string left = base;
        std::string right = base;
        for (const auto* change : changes) {
            const auto where = random() % 3;
            (where == 0 ? left : right) += where == 2 ? "" : std::string(change) + ";\n";
        }
        SCOPED_TRACE(fmt::format("round {}", round));
        prove(left, right);
    }
}

TEST(DraftPgTest, AnEnumLosesAValueAndItsColumnsKeepTheirs) {
    const std::string wide =
        "create type s as enum ('a', 'b', 'c'); create table t (i integer, s s not null default "
        "'a', l s[]); create index on t (s) where s <> 'b'; create view v as select s from t;";
    const auto narrow = replace_all(wide, ", 'c')", ")");
    prove(wide, narrow);

    const test::Database database;
    const test::Database other;
    pg::Connection a(database.settings());
    pg::Connection b(other.settings());
    a.script(wide);
    b.script(narrow);
    a.script("insert into t values (1, 'b', '{a,b}')");
    const auto up = draft(take(a), take(b));
    EXPECT_TRUE(up.loses_data());
    run(a, up);
    EXPECT_EQ(a.query("select s::text || l::text as x from t").front().text("x"), "b{a,b}");
}

TEST(DraftPgTest, WhatStandsOnAColumnGivesWayToItsNewType) {
    prove(base, replace_all(base, "varchar(50)", "text"));
    prove(base, replace_all(base, "numeric(10, 2)", "double precision"));
    prove(base, replace_all(base, "select ''n''", "select ''m''"));
    prove(base, replace_all(base, "select owner, sum(price)", "select owner, max(price)"));
}

TEST(DraftPgTest, RowsOfChangedTablesStay) {
    const test::Database database;
    const test::Database other;
    pg::Connection a(database.settings());
    pg::Connection b(other.settings());
    a.script(base);
    b.script(replace_all(base, "varchar(50)", "text") + changes[0]);
    a.script(
        "insert into owners values (1, 'o'); insert into items (owner, price, note) values "
        "(1, 3, 'kept')");
    run(a, draft(take(a), take(b)));
    EXPECT_EQ(a.query("select note from items").front().text("note"), "kept");
    EXPECT_EQ(a.query("select mail from owners").front().text("mail"), "");
}

}  // namespace
}  // namespace caisson::draft
