// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/process.h"
#include "drivers/pg/connection.h"
#include "lifecycle/schema/difference.h"
#include "lifecycle/schema/snapshot.h"
#include "tests/support/everything.h"
#include "tests/support/postgres.h"

namespace caisson::schema {
namespace {

using namespace std::chrono_literals;

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
    connection_.script(test::everything);
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
    EXPECT_EQ(definition(all, "row security", "public.users"), "enabled, forced");
    EXPECT_EQ(definition(all, "table", "public.scratch"), "unlogged table");
    EXPECT_EQ(definition(all, "inheritance", "public.child"), "of public.scratch");
    EXPECT_EQ(definition(all, "index", "public.totals.totals_kind_idx"),
              "CREATE UNIQUE INDEX totals_kind_idx ON public.totals USING btree (kind)");
    EXPECT_EQ(definition(all, "type", "public.pair"), "a integer, \"B\" text");
    EXPECT_NE(definition(all, "column", "\"Odd Name\".\"T.1\".\"a \"\"b\""), "(none)");
    EXPECT_NE(definition(all, "function", "public.area(w integer, h integer)"), "(none)");
    EXPECT_NE(definition(all, "aggregate", "public.product(integer)"), "(none)");
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
    connection_.script(test::everything);
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

TEST_F(SnapshotTest, ColumnsOfViewsAreToldInTheirOrderAndOnlyWhenAskedFor) {
    connection_.script(
        "create table t (z numeric(5, 2), a text);"
        "create view v as select z, a as \"A, b\" from t;"
        "create materialized view m as select a from t");
    const auto all = snapshot(connection_, {.view_columns = true});
    EXPECT_EQ(definition(all, "view columns", "public.v"), "z numeric(5,2), \"A, b\" text");
    EXPECT_EQ(definition(all, "view columns", "public.m"), "a text");
    EXPECT_EQ(definition(snapshot(connection_), "view columns", "public.v"), "(none)");
}

TEST_F(SnapshotTest, RightsAreObjectsOfTheirOwnAndOnlyWhenAskedFor) {
    connection_.script(test::everything);
    connection_.script(test::roles);
    const auto before = snapshot(connection_);
    connection_.script(test::rights);
    for (const auto& difference : diff(before, snapshot(connection_))) {
        EXPECT_EQ(difference.name, "public.users.readers");
    }
    const auto all = snapshot(connection_, {.rights = true});
    EXPECT_EQ(definition(all, "owner", "table public.users"), "schema_owner");
    EXPECT_EQ(definition(all, "grant", "table public.users to schema_app"), "insert, select");
    EXPECT_EQ(definition(all, "grant", "table public.users to \"Schema Reader\""),
              "select with grant option");
    EXPECT_EQ(definition(all, "grant", "column public.users.email to schema_app"),
              "select, update");
    EXPECT_EQ(definition(all, "grant", "function public.area(w integer, h integer) to public"),
              "none");
    EXPECT_EQ(definition(all, "grant", "table sanctions.wallets to schema_app"), "(none)");
    EXPECT_EQ(definition(all, "grant", "table public.users to schema_owner"), "(none)");
    EXPECT_EQ(definition(all, "default privilege",
                         "of postgres in schema sanctions on tables to schema_app"),
              "select");

    const auto without =
        snapshot(connection_, {.rights = true, .provisioned_roles = {"schema_app"}});
    EXPECT_EQ(definition(without, "grant", "table public.users to schema_app"), "(none)");
    EXPECT_EQ(definition(without, "grant", "table public.users to \"Schema Reader\""),
              "select with grant option");
}

TEST_F(SnapshotTest, TellsWhatNeedsWhat) {
    connection_.script(test::everything);
    const auto all = snapshot(connection_);
    const auto needs = [&](std::string_view key) {
        for (const auto& object : all.objects) {
            if (object.key() == key) {
                return object.needs;
            }
        }
        return std::vector<std::string>{"(no such object)"};
    };
    EXPECT_THAT(needs("view public.users_again"), testing::ElementsAre("view public.approved"));
    EXPECT_THAT(needs("column public.users.status"),
                testing::ElementsAre("enum public.check_status"));
    EXPECT_THAT(needs("column public.users.both_names"),
                testing::IsSupersetOf({"column public.users.email", "column public.users.name"}));
    EXPECT_THAT(needs("constraint sanctions.wallets.wallets_owner_fkey"),
                testing::Contains("constraint public.users.users_pkey"));
    EXPECT_THAT(needs("function public.latest(kind_ text)"),
                testing::Contains("table public.users"));
    EXPECT_THAT(needs("trigger public.users.late"), testing::Contains("function public.touch()"));
}

TEST_F(SnapshotTest, SecretsOfForeignServersStayOut) {
    connection_.script(test::everything);
    connection_.script(R"sql(
create foreign data wrapper vault options (api_secret 'very secret 1', level '3');
create server vault foreign data wrapper vault
    options (passfile 'very secret 2', "Access Token" 'very secret 3', host 'h');
create user mapping for current_user server vault options (anything 'very secret 4');
create foreign table kept (id integer options (key 'true', password 'very secret 5')) server vault
    options (dsn 'host=h password = very secret 6', url 'ftp://u:very secret 7@h', path '/a:b@c');
)sql");
    const auto text = to_text(snapshot(connection_));
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("very secret")));
    EXPECT_THAT(text, testing::HasSubstr("options (api_secret '***', level '3')"));
    EXPECT_THAT(text, testing::HasSubstr("(\"Access Token\" '***', host 'h', passfile '***')"));
    EXPECT_THAT(text, testing::HasSubstr("foreign options (key 'true', password '***')"));
    EXPECT_THAT(text, testing::HasSubstr("options (dsn '***', path '/a:b@c', url '***')"));
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
    connection_.script(test::everything);
    connection_.script(test::roles);
    connection_.script(test::rights);
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
    const Scope all{.rights = true, .column_order = true};
    const auto expected = snapshot(connection_, all);
    const auto found = snapshot(other, all);
    for (const auto& difference : diff(expected, found)) {
        ADD_FAILURE() << difference.kind << " " << difference.name << "\n"
                      << difference.expected << "\n"
                      << difference.found;
    }
    EXPECT_EQ(hash(expected), hash(found));
}

TEST_F(SnapshotTest, AThousandTablesAreReadWhole) {
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
    // How long it takes, bench/snapshot measures.
    const auto all = snapshot(connection_);
    EXPECT_GT(all.objects.size(), 12'000U);
    EXPECT_EQ(hash(all), hash(snapshot(connection_)));
}

}  // namespace
}  // namespace caisson::schema
