// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/pg/describe.h"
#include "drivers/pg/rows.h"
#include "drivers/pg/statement.h"
#include "lifecycle/queries/generate.h"
#include "lifecycle/queries/schema_version.h"
#include "tests/support/postgres.h"

namespace caisson::queries {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class GenerateTest : public testing::Test {
 protected:
    GenerateTest() {
        connection.script(R"(
create type state as enum ('open', 'in progress', 'class');
create table "Order Items" ("order" bigint, "class" int, "Größe" text not null, state state not null default 'open',
  sum numeric generated always as (1.0) stored, search tsvector, removed_at timestamptz, version int not null default 1,
  primary key ("order", "class"));
comment on table "Order Items" is 'What was ordered. \';
create table numbered (id int generated always as identity primary key, v text, updated_at timestamptz not null);
create table keyless (a int);
create table parts (id int, day date, primary key (id, day)) partition by range (day);
create table parts_1 partition of parts for values from ('2020-01-01') to ('2021-01-01');
create table empty ();
alter table numbered enable row level security;
)");
        settings.removed = "removed_at";
        manifest.name = "shop";
        manifest.title = "Shop";
        manifest.databases.emplace_back();
        manifest.databases.back().key = "main";
        manifest.databases.back().name = "main_db";
    }

    Facts facts(std::string_view text = {}) {
        types = std::make_unique<Types>(connection, "shop");
        auto relations =
            read_relations(connection, *types, settings, {"public.keyless"}, application, mistakes);
        auto parsed = parse(text, "queries/q.sql");
        auto all = describe(connection, parsed.queries, *types, relations);
        EXPECT_THAT(all.mistakes, IsEmpty()) << all.mistakes.front().message;
        return {manifest.databases.front(), std::move(all.queries), relations.tables,
                types->enums(), schema_version(connection)};
    }

    /// What stands in the namespace of a repository.
    static std::string section(const std::string& text, const std::string& repository) {
        const auto begin = text.find("\nnamespace " + repository + " {");
        const auto end = text.find("\n}  // namespace " + repository + "\n", begin);
        EXPECT_NE(begin, std::string::npos) << repository;
        return begin == std::string::npos ? "" : text.substr(begin, end - begin);
    }

    /// The constant statements of a repository by name, which generation prepares none of; each is
    /// prepared here.
    std::vector<std::string> prepared(const std::string& source, const std::string& repository) {
        const auto text = section(source, repository);
        const std::string before = "static const pg::Statement ";
        std::vector<std::string> found;
        for (auto at = text.find(before); at != std::string::npos; at = text.find(before, at + 1)) {
            const auto begin = text.find("R\"", at) + 2;
            const auto open = text.find('(', begin);
            const auto end = text.find(')' + text.substr(begin, open - begin) + '"', open);
            found.push_back(text.substr(open + 1, end - open - 1));
            EXPECT_NO_THROW(pg::describe(connection, found.back())) << found.back();
        }
        return found;
    }

    test::Database database;
    pg::Connection connection{database.settings()};
    platform::Generate settings;
    std::string application;
    platform::Manifest manifest;
    std::unique_ptr<Types> types;
    std::vector<platform::Mistake> mistakes;
};

TEST_F(GenerateTest, ReadsWhatARepositoryNeeds) {
    const auto tables = facts().tables;
    std::vector<std::string> names;
    for (const auto& table : tables) {
        names.push_back(table.cpp);
    }
    EXPECT_THAT(names, ElementsAre("order_items", "empty", "numbered", "parts"));
    const auto& items = tables[0];
    EXPECT_THAT(items.key, ElementsAre(0U, 1U));
    EXPECT_EQ(items.columns[0].cpp, "order");
    EXPECT_EQ(items.columns[1].cpp, "class_");
    EXPECT_EQ(items.columns[2].cpp, "gr_e");
    EXPECT_EQ(items.removed, 6U);
    EXPECT_EQ(items.version, 7U);
    EXPECT_TRUE(tables[2].columns[0].is_always);
    EXPECT_TRUE(tables[2].has_row_security);
    EXPECT_TRUE(tables[3].is_partitioned);
}

TEST_F(GenerateTest, UpdatesMakeAnotherVersionWhateverTriggersDo) {
    // It may or may not run, and may only read: the column is written all the same.
    connection.script(R"(
create function guard() returns trigger language plpgsql as
    'begin if new.updated_at < old.updated_at then raise exception $$older$$; end if; return new; end';
create trigger guard before update of id on numbered for each row execute function guard();
)");
    const auto written = generate(manifest, facts())[1].text;
    EXPECT_THAT(written, HasSubstr("columns.update(table, \"\\\"updated_at\\\" = "));
}

TEST_F(GenerateTest, TheSamePlatformGivesTheSameBytes) {
    const auto text = "-- name: q :many\nselect * from numbered;";
    const auto first = generate(manifest, facts(text));
    const auto second = generate(manifest, facts(text));
    ASSERT_EQ(first.size(), 2U);
    EXPECT_EQ(first[0].name, "main.h");
    EXPECT_EQ(first[1].name, "main.cc");
    EXPECT_EQ(first[0].text, second[0].text);
    EXPECT_EQ(first[1].text, second[1].text);
    EXPECT_TRUE(is_marked(first[0].text));
}

TEST_F(GenerateTest, WritesWhatItFound) {
    const auto files =
        generate(manifest,
                 facts("-- name: all_of_them :many\n-- Every one.\nselect * from numbered;\n"
                       "-- name: old :one\n-- deprecated: use another\n-- timeout: 5s\nselect 1;"));
    const auto& header = files[0].text;
    const auto& source = files[1].text;
    EXPECT_THAT(header, HasSubstr("enum class State { open, in_progress, class_ };"));
    EXPECT_THAT(source, HasSubstr("return \"in progress\";"));
    EXPECT_THAT(header, HasSubstr("/// What was ordered. \\ ."));
    EXPECT_THAT(header, HasSubstr("pg::Call<std::optional<Row>> get(const Key& key);"));
    EXPECT_THAT(header, HasSubstr("pg::Call<bool> restore(const Key& key);"));
    EXPECT_THAT(header, HasSubstr("update(const Key& key, std::int32_t version, const Changes& "
                                  "changes);"));
    EXPECT_THAT(source, HasSubstr("\"search\"::text as \"search\""));
    EXPECT_THAT(source, HasSubstr("(\"order\", \"class\") in (select * from unnest($1::bigint[], "
                                  "$2::integer[]))"));
    EXPECT_THAT(source, HasSubstr("overriding system value"));
    EXPECT_THAT(source, HasSubstr("pg_partition_tree"));
    // A whole row of a table is that of its repository.
    EXPECT_THAT(header, HasSubstr("/// Every one."));
    EXPECT_THAT(header, HasSubstr("pg::Call<std::vector<::shop::numbered::Row>> all_of_them();"));
    EXPECT_THAT(header, HasSubstr("[[deprecated(\"use another\")]] pg::Call<std::int32_t> old();"));
    EXPECT_THAT(source, HasSubstr("std::chrono::milliseconds(5000)"));
    EXPECT_THAT(header, Not(HasSubstr("namespace keyless")));
}

TEST_F(GenerateTest, AListIsInTheOrderOfItsColumnsAndNotOfTheirTexts) {
    connection.script(
        "create table logs (at pg_lsn primary key); insert into logs values ('0/10'), ('0/9')");
    const auto source = generate(manifest, facts())[1].text;
    const auto all = prepared(source, "logs");
    const auto found =
        std::ranges::find_if(all, [](const auto& one) { return one.ends_with("limit $1"); });
    ASSERT_NE(found, all.end());
    const auto& sql = *found;
    EXPECT_THAT(sql, HasSubstr("\"at\"::text as \"at\""));
    const auto rows = connection.fetch(pg::Statement(sql), pg::Arguments(10));
    ASSERT_EQ(rows.size(), 2U) << sql;
    EXPECT_EQ(rows.front().get<std::string>(0), "0/9");
}

TEST_F(GenerateTest, StatementsOfRepositoriesAreWhatTheServerTakes) {
    connection.script(
        "create domain mood as state; create domain mood2 as mood; create domain five as int;"
        "create table moods (k mood primary key, v int not null, removed_at timestamptz);"
        "create table both_moods (a mood2, b int, c five, primary key (a, b, c));"
        "insert into moods values ('open', 1), ('in progress', 2);"
        "insert into both_moods values ('open', 1, 2), ('class', 3, 4)");
    settings.orders["both_moods"] = {"a desc", "b"};
    settings.order_places["both_moods"] = {};
    const auto source = generate(manifest, facts())[1].text;
    for (const auto* const table : {"order_items", "numbered", "parts", "moods", "both_moods"}) {
        EXPECT_GE(prepared(source, table).size(), 8U) << table;
    }
    const auto moods = prepared(source, "moods");
    EXPECT_EQ(connection.query(moods[0], {"in progress"}).size(), 1U) << moods[0];
    EXPECT_EQ(connection.query(moods[1], {"{class,open}"}).size(), 1U) << moods[1];
    const auto both = prepared(source, "both_moods");
    EXPECT_EQ(connection.query(both[0], {"class", "3", "4"}).size(), 1U) << both[0];
    EXPECT_EQ(connection.query(both[1], {"{open,class}", "{1,3}", "{2,5}"}).size(), 1U) << both[1];
}

TEST_F(GenerateTest, KeysWithAnArrayAreAskedForOneByOne) {
    connection.script(
        "create domain listed as int[];"
        "create table by_array (k int[] primary key, v text);"
        "create table by_domain (k listed primary key, v text);"
        "create table by_both (k text[], n int, primary key (k, n));"
        "create table by_points (k state[] primary key, v text)");
    const auto files = generate(manifest, facts());
    for (const auto* const table : {"by_array", "by_domain", "by_both", "by_points"}) {
        const auto header = section(files[0].text, table);
        EXPECT_THAT(header, HasSubstr("get(const Key& key);")) << table;
        EXPECT_THAT(header, Not(HasSubstr("get_many(const"))) << table;
        EXPECT_THAT(section(files[1].text, table), Not(HasSubstr("get_many"))) << table;
        EXPECT_GE(prepared(files[1].text, table).size(), 6U);
    }
    EXPECT_THAT(files[0].text, HasSubstr("/// Its key has an array, so there is no get_many()"));
    EXPECT_THAT(section(files[0].text, "numbered"), HasSubstr("get_many(const"));
}

TEST_F(GenerateTest, DocumentationIsNoTrigraph) {
    const auto files = generate(
        manifest,
        facts("-- name: q :one\n-- deprecated: why??\?/\n-- Really ?\?/\nselect '?\?/' as a;"));
    EXPECT_THAT(files[0].text, HasSubstr("/// Really ? ?/\n"));
    EXPECT_THAT(files[0].text, HasSubstr("[[deprecated(\"why\\?\\?\\?/\")]]"));
    EXPECT_THAT(files[0].text, Not(HasSubstr("?\?/")));
}

TEST_F(GenerateTest, AnOrderIsAskedForByANumberThatIsChecked) {
    const auto source = generate(manifest, facts("-- name: q :many\nselect id from numbered order "
                                                 "by\n-- order: up\nid\n-- order: down\nid desc\n"
                                                 "-- end\n;"))[1]
                            .text;
    EXPECT_THAT(source,
                HasSubstr("std::size_t variant = pg::choice(static_cast<std::size_t>(order), 2);"));
}

TEST_F(GenerateTest, AnUpsertMakesAVersionAndLeavesRemovedRowsAlone) {
    const auto source = generate(manifest, facts())[1].text;
    EXPECT_THAT(source, HasSubstr(R"("\"version\" = \"public\".\"Order Items\".\"version\" + 1")"));
    EXPECT_THAT(source, HasSubstr(R"("\"public\".\"Order Items\".\"removed_at\" is null")"));
}

TEST_F(GenerateTest, AnUpsertLeavesWhatTheApplicationMayNotChange) {
    application = "caisson_kept_app";
    connection.script(
        "create table claims (id uuid primary key, owner int not null, note text, risk int); "
        "create role caisson_kept_app; grant insert on claims to caisson_kept_app; "
        "grant update (note) on claims to caisson_kept_app");
    const auto files = generate(manifest, facts());
    connection.script("drop owned by caisson_kept_app; drop role caisson_kept_app");
    EXPECT_THAT(files[1].text, HasSubstr(R"({"\"id\""}, {"\"owner\"", "\"risk\""},)"));
    EXPECT_THAT(files[0].text, HasSubstr("never changed: owner, risk"));
    EXPECT_THAT(files[1].text, HasSubstr(R"({"\"order\"", "\"class\""}, {},)"));
}

TEST_F(GenerateTest, NamesOfTheDatabaseDoNotMeetThoseOfTheFile) {
    connection.script(
        "create type row as enum ('a'); create type ab as enum ('a'); create type a_b as enum "
        "('a');"
        "create table to_text (id int primary key, state state not null);"
        "create table state_from (id int primary key); create table schema_version (id int primary "
        "key)");
    const auto files =
        generate(manifest, facts("-- name: states :many\nselect state from to_text;"));
    const auto& header = files[0].text;
    EXPECT_THAT(header, HasSubstr("enum class Row_2 { a };"));
    EXPECT_THAT(header, HasSubstr("namespace to_text_2 {"));
    EXPECT_THAT(header, HasSubstr("namespace state_from_2 {"));
    EXPECT_THAT(header, HasSubstr("namespace schema_version_2 {"));
    EXPECT_THAT(header, HasSubstr("AB ab_from(std::string_view label);"));
    EXPECT_THAT(header, HasSubstr("Ab ab_from_2(std::string_view label);"));
    EXPECT_THAT(header, HasSubstr("    ::shop::State state;"));
    EXPECT_THAT(header, HasSubstr("pg::Call<std::vector<::shop::State>> states();"));
    EXPECT_THAT(header, HasSubstr("struct caisson::pg::EnumText<::shop::State> {"));
}

TEST_F(GenerateTest, WhatGrandchildrenMayLackIsNullable) {
    connection.script(
        "create table mother (id int primary key, v int not null);"
        "create table child () inherits (mother); create table grandchild () inherits (child);"
        "alter table grandchild alter v drop not null");
    const auto all = facts("-- name: q :many\nselect v from mother;");
    const auto mother = std::ranges::find(all.tables, "mother", &Table::name);
    ASSERT_NE(mother, all.tables.end());
    EXPECT_TRUE(mother->columns[0].not_null);
    EXPECT_FALSE(mother->columns[1].not_null);
    EXPECT_TRUE(all.queries.front().columns.front().nullable);
}

TEST_F(GenerateTest, AFileSaysForWhichPlatformItWasMade) {
    const auto text = generate(manifest, facts())[0].text;
    EXPECT_TRUE(is_marked_for(text, "shop"));
    EXPECT_FALSE(is_marked_for(text, "sho"));
    EXPECT_FALSE(is_marked_for(text, "shop2"));
    manifest.name = "other";
    EXPECT_FALSE(is_marked_for(generate(manifest, facts())[0].text, "shop"));
}

TEST_F(GenerateTest, ALimitOfACopyIsWritten) {
    const auto source =
        generate(manifest,
                 facts("-- name: q :copy\n-- timeout: 2s\ninsert into parts (id, day) values "
                       "(@id, @day)"))[1]
            .text;
    EXPECT_THAT(source, HasSubstr("copy.limit = std::chrono::milliseconds(2000);"));
}

TEST_F(GenerateTest, ACacheKeyStandsForOneAnswer) {
    const test::Directory directory;
    manifest.directory = directory.path();
    manifest.cache_keys.emplace_back();
    manifest.cache_keys.back().pattern = "part:{tenant}:{role}:{id}";
    const auto loaded = [&](const std::string& sql) {
        directory.write("queries/q.sql", sql);
        return load(manifest);
    };
    const std::string head = "-- name: part :many\n-- cache: part:{tenant}:{role}:{number}\n";
    const auto good = loaded(head + "select day from parts where id = @number;");
    ASSERT_THAT(good.mistakes, IsEmpty()) << good.mistakes.front().message;
    auto all = facts();
    const auto relations = read_relations(connection, *types, settings, {}, {}, mistakes);
    all.queries = describe(connection, good.queries, *types, relations).queries;
    const auto files = generate(manifest, all);
    EXPECT_THAT(files[0].text, HasSubstr("pg::CacheKey part_cache_key(std::int32_t number);"));
    EXPECT_THAT(files[1].text, HasSubstr("return {\"part:{tenant}:{role}:{id}\", "
                                         "{pg::text_of(pg::Arguments(number))}, "
                                         "part_cache_version};"));
    EXPECT_THAT(files[0].text, HasSubstr("std::uint64_t part_cache_version = 0x"));

    const auto left_out =
        loaded(head + "select day from parts where id = @number and day > @since;");
    ASSERT_EQ(left_out.mistakes.size(), 1U);
    EXPECT_THAT(left_out.mistakes[0].message, HasSubstr("leaves out @since"));
    const auto filtered = loaded(
        head +
        "select day from parts where id = @number\n-- filter: x\nand day > now()\n-- end\n;");
    ASSERT_EQ(filtered.mistakes.size(), 1U);
    EXPECT_THAT(filtered.mistakes[0].message, HasSubstr("other filters"));
    const auto as_parameter = loaded(
        "-- name: part :many\n-- cache: part:{a}:{role}:{number}\nselect day from parts where "
        "id = @number and id > @a;");
    ASSERT_FALSE(as_parameter.mistakes.empty());
    EXPECT_THAT(as_parameter.mistakes[0].message,
                HasSubstr("has {a} where [cache.keys] has {tenant}"));
}

TEST_F(GenerateTest, AnswersHaveAnotherVersionOnceTheyMayBeOthers) {
    const auto version = [&](const std::string& sql = "select id from numbered") {
        const auto all = facts("-- name: q :many\n" + sql + ";");
        return answers_version(all.queries.front(), all.schema_version);
    };
    const auto first = version();
    EXPECT_EQ(version(), first);
    EXPECT_NE(version("select id from numbered where v is null"), first);
    connection.script(
        "create index on numbered (v); comment on table numbered is 'x';"
        "create function noted() returns trigger language plpgsql as 'begin return null; end';"
        "create table parts_2 partition of parts for values from ('2021-01-01') to "
        "('2022-01-01')");
    EXPECT_EQ(version(), first) << "what changes no answer";
    std::vector<std::uint64_t> seen{first};
    for (const auto* const change :
         {"alter table numbered alter v type varchar(10)", "alter table keyless add b int",
          "alter type state add value 'new'", "create view seen as select id from numbered",
          "create or replace view seen as select id from numbered where v is null",
          "create function f() returns int language sql as 'select 1'",
          "create or replace function f() returns int language sql as 'select 2'",
          "alter function f() security definer", "alter function f() set search_path = pg_temp",
          "alter view seen set (security_invoker = true)",
          "create policy own on numbered using (v = current_user)",
          "alter policy own on numbered using (v = current_user and id > 0)",
          "create policy less on numbered as restrictive for select to pg_monitor using (true)",
          "alter policy less on numbered to pg_monitor, pg_read_all_data",
          "alter table numbered force row level security",
          "alter table parts enable row level security",
          "create aggregate most(int) (sfunc = int4larger, stype = int)",
          "create or replace aggregate most(int) (sfunc = int4smaller, stype = int)"}) {
        connection.script(change);
        seen.push_back(version());
        EXPECT_EQ(std::ranges::count(seen, seen.back()), 1) << change;
    }
}

TEST_F(GenerateTest, AnOrderIsCheckedAgainstItsTable) {
    settings.orders["numbered"] = {"updated_at desc", "nothing", "v", "id sideways"};
    settings.order_places["numbered"] = {"caisson.toml", 7, 1};
    const auto tables = facts().tables;
    ASSERT_EQ(mistakes.size(), 3U);
    EXPECT_THAT(mistakes[0].message, HasSubstr("no column \"nothing\""));
    EXPECT_THAT(mistakes[1].message, HasSubstr("may be NULL"));
    EXPECT_THAT(mistakes[2].message, HasSubstr("the order \"id sideways\""));
    EXPECT_EQ(tables[2].order.back().column, 0U);
}

TEST_F(GenerateTest, AnOrderOfATableThatIsNotThereIsAMistake) {
    settings.orders["public.parts"] = {"day"};
    settings.orders["numberd"] = {"id"};
    settings.orders["no_such_table"] = {"x"};
    settings.order_places["public.parts"] = {"caisson.toml", 6, 1};
    settings.order_places["numberd"] = {"caisson.toml", 7, 1};
    settings.order_places["no_such_table"] = {"caisson.toml", 8, 1};
    types = std::make_unique<Types>(connection, "shop");
    const auto relations = read_relations(connection, *types, settings, {}, {}, mistakes);
    ASSERT_THAT(mistakes, IsEmpty());
    check_orders(settings, relations.orders, {"numbered", "parts"}, mistakes);
    ASSERT_EQ(mistakes.size(), 2U);
    EXPECT_EQ(mistakes[0].place.line, 8U);
    EXPECT_THAT(mistakes[0].message, HasSubstr("the table no_such_table, which is not there"));
    EXPECT_EQ(mistakes[1].place.line, 7U);
    EXPECT_EQ(mistakes[1].remedy, "did you mean \"numbered\"?");
}

}  // namespace
}  // namespace caisson::queries
