// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/process.h"
#include "drivers/pg/connection.h"
#include "lifecycle/schema/difference.h"
#include "lifecycle/schema/snapshot.h"
#include "tests/support/postgres.h"

namespace caisson::schema {
namespace {

using namespace std::chrono_literals;

/// One of everything that a snapshot knows, with the forms that are hard to keep stable.
constexpr std::string_view everything = R"sql(
create schema sanctions;
create schema "Odd Name";
create extension pgcrypto;
create type check_status as enum ('pending', 'approved', 'it''s odd');
alter type check_status add value 'first' before 'pending';
create domain percent as numeric(5, 2) not null default 0 check (value between 0 and 100);
create type pair as (a integer, "B" text);
create function touch() returns trigger language plpgsql as
$$ begin new.updated_at := now(); return new; end $$;
create function area(w integer, h integer default 2) returns integer language sql immutable as
'select w * h';
create aggregate product(integer) (sfunc = int4mul, stype = integer, initcond = '1');
create table users (
    id          bigint generated always as identity primary key,
    email       varchar(200) not null unique,
    kind        varchar(20) not null check (kind in ('a', 'b', 'c')),
    kinds       text[] default '{}',
    status      check_status not null default 'pending',
    score       percent,
    name        text collate "C",
    both_names  text generated always as (name || email) stored,
    updated_at  timestamptz not null default now()
);
create table "Odd Name"."T.1" (id serial primary key, "a ""b" pair, valid daterange,
    exclude using gist (valid with &&));
create table sanctions.wallets (
    address text primary key,
    owner   bigint references users (id) on delete cascade deferrable initially deferred
);
create unlogged table scratch (i integer);
create index users_kind on users (lower(kind)) where status <> 'approved' and kind in ('a', 'b');
create table events (at timestamptz not null, id bigint not null, owner bigint references users,
    primary key (id, at)) partition by range (at);
create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01');
create index on events (owner);
create table child (extra integer) inherits (scratch);
create view approved with (security_barrier) as
    select u.id, u.email, w.address from users u left join sanctions.wallets w on w.owner = u.id
     where u.kind in ('a', 'b') and u.status = any ('{approved,pending}');
create materialized view totals as select kind, count(*) as n from users group by kind;
create unique index on totals (kind);
create sequence numbers start 5 increment 5 cycle maxvalue 50;
create trigger users_touch before update on users for each row
    when (old.kind is distinct from new.kind) execute function touch();
alter table users enable row level security;
alter table users force row level security;
create policy own on users for select to public using (email = current_user and kind in ('a', 'b'));
create policy others on users as restrictive for update with check (true);
)sql";

class SnapshotTest : public testing::Test {
 protected:
    static std::string definition(const Snapshot& snapshot, std::string_view kind,
                                  std::string_view name) {
        for (const auto& object : snapshot.objects) {
            if (object.kind == kind && object.name == name) {
                return object.definition;
            }
        }
        return "(none)";
    }
    test::Database database_;
    pg::Connection connection_{database_.settings()};
};

TEST_F(SnapshotTest, AnEmptyDatabaseHasNothingButItsExtension) {
    const auto empty = snapshot(connection_);
    ASSERT_EQ(empty.objects.size(), 1U);
    EXPECT_EQ(empty.objects[0], (Object{"extension", "plpgsql", "schema pg_catalog"}));
}

TEST_F(SnapshotTest, DescribesEveryKindOfObject) {
    connection_.script(everything);
    const auto all = snapshot(connection_);
    EXPECT_EQ(definition(all, "column", "public.users.email"), "character varying(200) not null");
    EXPECT_EQ(definition(all, "column", "public.users.id"),
              "bigint not null generated always as identity");
    EXPECT_EQ(definition(all, "column", "public.users.status"),
              "public.check_status not null default 'pending'::public.check_status");
    EXPECT_EQ(definition(all, "column", "public.users.name"), "text collate \"C\"");
    EXPECT_EQ(definition(all, "column", "public.users.both_names"),
              "text generated always as ((name || (email)::text)) stored");
    EXPECT_EQ(definition(all, "enum", "public.check_status"),
              "'first', 'pending', 'approved', 'it''s odd'");
    EXPECT_EQ(definition(all, "constraint", "sanctions.wallets.wallets_owner_fkey"),
              "FOREIGN KEY (owner) REFERENCES public.users(id) ON DELETE CASCADE DEFERRABLE "
              "INITIALLY DEFERRED");
    EXPECT_EQ(definition(all, "table", "public.events"), "table partition by RANGE (at)");
    EXPECT_EQ(definition(all, "table", "public.users"), "table row level security forced");
    EXPECT_EQ(definition(all, "table", "public.scratch"), "unlogged table");
    EXPECT_EQ(definition(all, "table", "public.child"), "table inherits public.scratch");
    EXPECT_EQ(definition(all, "index", "public.totals.totals_kind_idx"),
              "CREATE UNIQUE INDEX totals_kind_idx ON public.totals USING btree (kind)");
    EXPECT_EQ(definition(all, "type", "public.pair"), "a integer, \"B\" text");
    EXPECT_NE(definition(all, "column", "\"Odd Name\".\"T.1\".\"a \"\"b\""), "(none)");
    EXPECT_NE(definition(all, "function", "public.area(w integer, h integer)"), "(none)");
    EXPECT_NE(definition(all, "function", "public.product(integer)"), "(none)");
    EXPECT_NE(definition(all, "trigger", "public.users.users_touch"), "(none)");
    EXPECT_NE(definition(all, "policy", "public.users.own"), "(none)");
    EXPECT_NE(definition(all, "view", "public.approved"), "(none)");
    EXPECT_NE(definition(all, "materialized view", "public.totals"), "(none)");
    EXPECT_NE(definition(all, "domain", "public.percent"), "(none)");
    EXPECT_NE(definition(all, "sequence", "public.numbers"), "(none)");
    EXPECT_EQ(definition(all, "extension", "pgcrypto"), "schema public");
    for (const auto& object : all.objects) {
        EXPECT_THAT(object.name, testing::Not(testing::HasSubstr("digest("))) << "of pgcrypto";
    }
}

TEST_F(SnapshotTest, IsTheSameWhateverTheSearchPathAndLeavesItAsItWas) {
    connection_.script(everything);
    const auto first = snapshot(connection_);
    connection_.query("set search_path = sanctions, public");
    EXPECT_EQ(snapshot(connection_), first);
    EXPECT_EQ(connection_.query("show search_path").front().text("search_path"),
              "sanctions, public");
    EXPECT_FALSE(connection_.in_transaction());

    pg::Transaction transaction(connection_);
    connection_.query("create table public.fresh (i integer)");
    EXPECT_EQ(diff(first, snapshot(connection_)).size(), 1U);
    EXPECT_EQ(connection_.query("show search_path").front().text("search_path"),
              "sanctions, public");
    transaction.commit();
    EXPECT_EQ(definition(snapshot(connection_), "table", "public.fresh"), "table");
}

TEST_F(SnapshotTest, LeavesOutWhatCaissonItselfAdds) {
    connection_.script("create table t (i integer)");
    const auto before = snapshot(connection_);
    connection_.script(R"sql(
create schema caisson;
create table caisson.journal (i integer);
create function caisson.note() returns trigger language plpgsql as 'begin return new; end';
create trigger caisson_note after insert on t for each row execute function caisson.note();
)sql");
    EXPECT_EQ(snapshot(connection_), before);
}

TEST_F(SnapshotTest, SurvivesADumpAndARestore) {
    connection_.script(everything);
    const test::Database copy;
    const auto settings = database_.settings();
    const std::vector<fs::path> places = {"/usr/lib/postgresql/15/bin"};
    const std::map<std::string, std::string> environment = {
        {"PGPASSWORD", settings.password.reveal()}};
    const auto dump = run({{find_program("pg_dump", places).value(), "-h", settings.host, "-U",
                            settings.user, database_.name()},
                           environment,
                           {},
                           {},
                           {}},
                          60s);
    ASSERT_TRUE(dump.fine()) << dump.errors;
    const auto restore =
        run({{find_program("psql", places).value(), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h",
              settings.host, "-U", settings.user, copy.name()},
             environment,
             {},
             {},
             dump.output},
            60s);
    ASSERT_TRUE(restore.fine()) << restore.errors;
    pg::Connection other(copy.settings());
    const auto expected = snapshot(connection_);
    const auto found = snapshot(other);
    for (const auto& difference : diff(expected, found)) {
        ADD_FAILURE() << difference.kind << " " << difference.name << "\n"
                      << difference.expected << "\n"
                      << difference.found;
    }
    EXPECT_EQ(hash(expected), hash(found));
}

TEST_F(SnapshotTest, AThousandTablesTakeLessThanASecond) {
    // Few tables a transaction: the server has room for some thousand locks.
    connection_.query(R"sql(
do $$ begin
    for i in 1 .. 1000 loop
        execute format('create table t%s (id bigint generated always as identity primary key, '
            'parent bigint references t1, a text not null, b varchar(20) check (b in (''x'', ''y'')), '
            'c timestamptz default now(), d numeric(10, 2), e boolean default false, f jsonb)', i);
        execute format('create index on t%s (parent)', i);
        if i % 50 = 0 then commit; end if;
    end loop;
end $$
)sql");
    const auto start = std::chrono::steady_clock::now();
    const auto all = snapshot(connection_);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    EXPECT_GT(all.objects.size(), 12'000U);
    EXPECT_LT(taken.count(), 1.0);
    RecordProperty("milliseconds", static_cast<int>(taken.count() * 1000));
}

}  // namespace
}  // namespace caisson::schema
