// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/queries/describe.h"
#include "tests/support/postgres.h"

namespace caisson::queries {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DescribeTest : public testing::Test {
 protected:
    DescribeTest() {
        connection.script(R"(
create type state as enum ('open', 'shut');
create type pair as (a int, b int);
create domain score as int check (value >= 0);
create table owners (id bigint primary key, name text not null, old_name text);
comment on column owners.old_name is 'Deprecated: use name.';
create table things (id bigint generated always as identity primary key, owner bigint not null references owners,
  state state not null, score score not null, tags text[] not null, spot point, both_ends pair, made timestamptz not null);
create table secrets (id int primary key, what text not null);
alter table secrets enable row level security;
create table mother (id int not null);
create table child (id int) inherits (mother);
alter table child alter id drop not null;
create view open_things as select * from things where state = 'open';
)");
    }

    Descriptions described(std::string_view text) {
        auto parsed = parse(text, "queries/q.sql");
        EXPECT_THAT(parsed.mistakes, IsEmpty()) << parsed.mistakes.front().message;
        types_ = std::make_unique<Types>(connection, "shop");
        std::vector<platform::Mistake> none;
        relations_ = read_relations(connection, *types_, {}, {}, {}, none);
        return describe(connection, parsed.queries, *types_, relations_);
    }

    /// `name:type` of each column, `?` behind what may be NULL.
    std::vector<std::string> columns(std::string_view body) {
        auto all = described("-- name: q :many\n" + std::string(body));
        EXPECT_THAT(all.mistakes, IsEmpty()) << all.mistakes.front().message;
        std::vector<std::string> found;
        for (const auto& query : all.queries) {
            for (const auto& column : query.columns) {
                found.push_back(column.name + ':' + column.type->cpp +
                                (column.nullable ? "?" : ""));
            }
        }
        return found;
    }

    std::vector<std::string> mistakes(std::string_view text) {
        std::vector<std::string> found;
        for (const auto& mistake : described(text).mistakes) {
            found.push_back(mistake.place.text() + ": " + mistake.message + " | " + mistake.remedy);
        }
        return found;
    }

    test::Database database;
    pg::Connection connection{database.settings()};
    std::unique_ptr<Types> types_;
    Relations relations_;
};

TEST_F(DescribeTest, KnowsTypesAndWhatMayBeNull) {
    EXPECT_THAT(
        columns("select id, owner, state, score, tags, made from things"),
        ElementsAre("id:std::int64_t", "owner:std::int64_t", "state:::shop::State",
                    "score:std::int32_t", "tags:std::vector<std::string>", "made:pg::Timestamp"));
    EXPECT_THAT(columns("select o.id, t.id as thing, count(*) as n, max(t.made) as latest from "
                        "owners o left join things t on t.owner = o.id group by o.id, t.id"),
                ElementsAre("id:std::int64_t", "thing:std::int64_t?", "n:std::int64_t",
                            "latest:pg::Timestamp?"));
    EXPECT_THAT(columns("select id from open_things"), ElementsAre("id:std::int64_t?"));
    EXPECT_THAT(columns("select id from mother"), ElementsAre("id:std::int32_t?"));
    EXPECT_THAT(columns("select id from only child"), ElementsAre("id:std::int32_t?"));
}

TEST_F(DescribeTest, AnAliasSaysItBetter) {
    EXPECT_THAT(columns("select sum(score) as \"total!\", id as \"id?\" from things group by id"),
                ElementsAre("total:std::int64_t", "id:std::int64_t?"));
}

TEST_F(DescribeTest, KnowsWhatParametersAre) {
    const auto all = described(
        "-- name: q :exec\nupdate things set state = @state, tags = @tags, score = @score where "
        "id = @id and made > @since");
    ASSERT_THAT(all.mistakes, IsEmpty());
    std::vector<std::string> found;
    for (const auto* type : all.queries.front().parameters) {
        found.push_back(type->cpp);
    }
    EXPECT_THAT(found, ElementsAre("::shop::State", "std::vector<std::string>", "std::int32_t",
                                   "std::int64_t", "pg::Timestamp"));
}

TEST_F(DescribeTest, EveryVariantIsChecked) {
    EXPECT_THAT(
        mistakes(
            "-- name: q :many\nselect id from things where true\n-- filter: a\nand owner = "
            "@owner\n-- end\n-- filter: b\nand nothing = 1\n-- end\norder by\n-- order: x\nid\n"
            "-- order: y\nelsewhere\n-- end"),
        ElementsAre(HasSubstr("queries/q.sql:13:1: column \"elsewhere\" does not exist, without a "
                              "filter, in order y"),
                    HasSubstr("queries/q.sql:7:5: column \"nothing\" does not exist, with the "
                              "filter b, in order x")));
}

TEST_F(DescribeTest, AllMistakesAreToldAtOnceWithTheirPlaces) {
    const auto all = mistakes(
        "-- name: a :many\nselect id,\n  naem from owners;\n-- name: b :one\ndelete from owners;\n"
        "-- name: c :many\nselect both_ends, id from things;\n-- name: d :many\nselect 1 + 1, 2;\n"
        "-- name: e :many\nselect spot, tags from things;\n-- name: f :many\nselect @x;\n"
        "-- name: g :stream\ndelete from owners returning id;\n-- name: h :many\nselect from "
        "where;\n-- name: i :batch\nselect 1;\n-- name: j :many\nselect @a::int where @a::text = "
        "''");
    // That of e is none: what comes as text is read as well.
    ASSERT_EQ(all.size(), 8U) << testing::PrintToString(all);
    EXPECT_THAT(all[0], HasSubstr("q.sql:3:3: column \"naem\" does not exist"));
    EXPECT_THAT(all[0], HasSubstr("name"));
    EXPECT_THAT(all[1], HasSubstr("4:4: query \"b\" gives no rows"));
    EXPECT_THAT(all[2], HasSubstr("composite type public.pair | select its fields"));
    EXPECT_THAT(all[3], HasSubstr("column 1 has no name"));
    EXPECT_THAT(all[5], HasSubstr("changes rows, and is :stream"));
    EXPECT_THAT(all[6], HasSubstr("17:13: syntax error"));
}

TEST_F(DescribeTest, WhatChangesTheSchemaIsNoQuery) {
    EXPECT_THAT(
        mistakes("-- name: gone :exec\n\n  drop table things"),
        ElementsAre(HasSubstr("queries/q.sql:3:3: query \"gone\" changes the schema | write "
                              "a migration")));
    for (const std::string statement :
         {"create table more (id int)", "alter table things add column more int",
          "create index on things (id)", "create view v as select 1",
          "grant select on things to public", "comment on table things is 'x'",
          "select * into other from things", "create table copy as select * from things",
          "alter table things rename to others", "drop index things_pkey",
          "create function f() returns int language sql as 'select 1'"}) {
        EXPECT_THAT(mistakes("-- name: q :exec\n" + statement),
                    ElementsAre(HasSubstr("changes the schema")))
            << statement;
    }
    for (const std::string statement :
         {"delete from things", "truncate things", "refresh materialized view nothing",
          "notify somebody", "with a as (select 1) insert into owners select 1 where false"}) {
        for (const auto& mistake : mistakes("-- name: q :exec\n" + statement)) {
            EXPECT_THAT(mistake, testing::Not(HasSubstr("changes the schema"))) << statement;
        }
    }
}

TEST_F(DescribeTest, WhatConcernsTheConnectionIsNoQuery) {
    for (const std::string statement :
         {"copy things from stdin", "copy (select 1) to stdout", "begin", "set work_mem = '1MB'",
          "listen somebody", "-- why\ncommit"}) {
        EXPECT_THAT(mistakes("-- name: q :exec\n" + statement),
                    ElementsAre(HasSubstr("leaves something behind in a connection")))
            << statement;
    }
}

TEST_F(DescribeTest, ASettingEndsWithItsTransaction) {
    EXPECT_THAT(
        mistakes("-- name: q :exec\nselect set_config('a.b', 'x', false)"),
        ElementsAre(AllOf(HasSubstr("queries/q.sql:2:8: query \"q\" makes a setting that may stay"),
                          HasSubstr("set_config(…, …, true)"))));
    for (const std::string statement :
         {"select pg_catalog.set_config('a.b', 'x', @local)",
          "with a as (select \"set_config\"('a.b', 'x', not true) as b) select b from a",
          "update owners set name = set_config('a.b', name, (select false))"}) {
        EXPECT_THAT(mistakes("-- name: q :exec\n" + statement),
                    ElementsAre(HasSubstr("makes a setting that may stay behind")))
            << statement;
    }
    EXPECT_THAT(mistakes("-- name: q :exec\nselect set_config('a.b', @x, true)"), IsEmpty());
}

TEST_F(DescribeTest, WhatRunsInNoTransactionIsNoQuery) {
    for (const std::string statement : {"vacuum", "VACUUM (analyze) things", "cluster"}) {
        EXPECT_THAT(mistakes("-- name: q :exec\n" + statement),
                    ElementsAre(HasSubstr("q.sql:2:1: query \"q\" runs in no transaction")))
            << statement;
    }
    EXPECT_THAT(mistakes("-- name: q :exec\nanalyze things"), IsEmpty());
}

TEST_F(DescribeTest, ACacheKeepsAnswersOfWhatChangesNothing) {
    const auto cached = [&](const std::string& kind, const std::string& body) {
        return mistakes("-- name: q :" + kind + "\n-- cache: thing:{id}\n" + body);
    };
    const std::string reads = "select name from owners where id = @id";
    const std::string deletes = "delete from owners where id = @id returning name";
    for (const std::string kind : {"one", "optional", "many"}) {
        EXPECT_THAT(cached(kind, reads), IsEmpty()) << kind;
        EXPECT_THAT(cached(kind, "with a as (" + deletes + ") select name from a"),
                    ElementsAre(HasSubstr("is no SELECT that changes nothing")))
            << kind;
        EXPECT_THAT(cached(kind, deletes),
                    ElementsAre(AllOf(HasSubstr("queries/q.sql:2:11: query \"q\""),
                                      HasSubstr("is no SELECT that changes nothing"))))
            << kind;
    }
    for (const std::string kind : {"exec", "stream", "batch"}) {
        EXPECT_THAT(cached(kind, reads),
                    ElementsAre(HasSubstr("q.sql:2:11: query \"q\" is :" + kind)))
            << kind;
    }
    EXPECT_THAT(cached("copy", "insert into owners (id, name) values (@id, @name)"),
                ElementsAre(HasSubstr("is :copy, and a cache keeps answers")));
}

TEST_F(DescribeTest, ACopyIsACopyOrAnInsertFromArrays) {
    const auto all = described(
        "-- name: a :copy\ninsert into owners (id, name) values (@id, @name);\n"
        "-- name: b :copy\ninsert into secrets (id, what) values (@id, @what);\n"
        "-- name: c :copy\ninsert into owners (id, name) values (@id, upper(@name)) on conflict "
        "(id) do nothing;\n"
        "-- name: d :copy\ninsert into things (owner, state, score, tags, made) values (@owner, "
        "@state, @score, @tags, @made)");
    ASSERT_THAT(all.mistakes, IsEmpty()) << all.mistakes.front().message;
    EXPECT_EQ(all.queries[0].copy->copy, "copy owners (id, name) from stdin");
    EXPECT_EQ(all.queries[1].copy->copy, "");
    EXPECT_THAT(all.queries[1].copy->insert,
                HasSubstr("select given.c1::integer, given.c2::text\nfrom unnest($1::text[], "
                          "$2::text[]) as given (c1, c2)"));
    EXPECT_EQ(all.queries[2].copy->copy, "");
    EXPECT_THAT(all.queries[2].copy->insert, HasSubstr("on conflict (id) do nothing"));
    EXPECT_THAT(all.queries[3].copy->copy, HasSubstr("copy things"));
    EXPECT_THAT(all.queries[3].copy->insert, HasSubstr("given.c2::public.state"));
}

TEST_F(DescribeTest, WhatIsNoCopyIsAMistake) {
    const auto all = mistakes(
        "-- name: a :copy\nselect @a::int;\n-- name: b :copy\ninsert into owners (id, name) values "
        "(@a, @b), (1, 'x');\n-- name: c :copy\ninsert into owners (id, name) values (@a, @b) "
        "returning id;\n-- name: d :copy\ninsert into owners (id, name) values (@a, default)");
    ASSERT_EQ(all.size(), 4U) << testing::PrintToString(all);
    EXPECT_THAT(all[0], HasSubstr("a copy is INSERT INTO"));
    EXPECT_THAT(all[2], HasSubstr("returns rows"));
    EXPECT_THAT(all[3], HasSubstr("what gets its default is left out"));
}

TEST_F(DescribeTest, DeprecatedNamesAreWarnedOf) {
    const auto all = described(
        "-- name: a :many\nselect o.old_name from owners o;\n-- name: b :many\nselect name from "
        "owners;\n-- name: c :exec\nupdate owners set old_name = 'x'");
    ASSERT_EQ(all.warnings.size(), 2U);
    EXPECT_EQ(all.warnings[0].message, "query \"a\" uses owners.old_name");
    EXPECT_EQ(all.warnings[0].remedy, "Deprecated: use name.");
    EXPECT_EQ(all.warnings[1].message, "query \"c\" uses owners.old_name");
}

}  // namespace
}  // namespace caisson::queries
