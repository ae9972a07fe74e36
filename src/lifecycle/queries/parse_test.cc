// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/queries/query.h"

namespace caisson::queries {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Query one(std::string_view text) {
    auto parsed = parse(text, "q.sql");
    EXPECT_THAT(parsed.mistakes, IsEmpty()) << parsed.mistakes.front().message;
    EXPECT_EQ(parsed.queries.size(), 1U);
    return parsed.queries.empty() ? Query{} : parsed.queries.front();
}

std::string sql(std::string_view body) {
    const auto query = one("-- name: q :many\n" + std::string(body));
    return query.pieces.empty() ? std::string() : variants_of(query).front().sql;
}

std::vector<std::string> names(const Query& query) {
    std::vector<std::string> all;
    for (const auto& parameter : query.parameters) {
        all.push_back(parameter.name);
    }
    return all;
}

/// `line:column: message` of each.
std::vector<std::string> mistakes(std::string_view text) {
    std::vector<std::string> all;
    for (const auto& mistake : parse(text, "q.sql").mistakes) {
        all.push_back(std::to_string(mistake.place.line) + ":" +
                      std::to_string(mistake.place.column) + ": " + mistake.message + " | " +
                      mistake.remedy);
    }
    return all;
}

TEST(Parse, ReadsAHeaderAndItsSql) {
    const auto query = one(
        "-- Businesses.\n\n-- name: find_business :optional\n-- A business.\n--\n-- Its owner's "
        "pages: all of it.\n-- cache: business:{id} ttl 5m\n-- timeout: 1.5s\n-- nullable: "
        "@city, region\n-- database: main\n-- feature: x\n-- deprecated: use another\nselect * "
        "from b where id = @id and city = @city and region = @region;\n");
    EXPECT_EQ(query.name, "find_business");
    EXPECT_EQ(query.kind, Kind::optional);
    EXPECT_EQ(query.doc, "A business.\n\nIts owner's pages: all of it.");
    EXPECT_EQ(query.cache->pattern, "business:{id}");
    EXPECT_EQ(query.cache->ttl, std::chrono::minutes(5));
    EXPECT_EQ(query.timeout, std::chrono::milliseconds(1500));
    EXPECT_EQ(query.database, "main");
    EXPECT_EQ(query.feature, "x");
    EXPECT_EQ(query.deprecated, "use another");
    EXPECT_THAT(names(query), ElementsAre("id", "city", "region"));
    EXPECT_FALSE(query.parameters[0].nullable);
    EXPECT_TRUE(query.parameters[2].nullable);
    EXPECT_EQ(query.place.line, 3U);
    EXPECT_EQ(variants_of(query).front().sql,
              "select * from b where id = $1 and city = $2 and region = $3");
}

TEST(Parse, TheFileMaySayForAllItsQueriesWhichDatabase) {
    const auto parsed = parse(
        "-- database: auth\n-- feature: sso\n-- name: a :many\nselect 1;\n-- name: b :many\n-- "
        "database: main\nselect 2",
        "q.sql");
    ASSERT_EQ(parsed.queries.size(), 2U);
    EXPECT_EQ(parsed.queries[0].database, "auth");
    EXPECT_EQ(parsed.queries[1].database, "main");
    EXPECT_EQ(parsed.queries[1].feature, "sso");
}

TEST(Parse, ParametersAreToldFromEverythingElse) {
    EXPECT_EQ(sql("select @a::text, @b, @a"), "select $1::text, $2, $1");
    EXPECT_EQ(sql("select '@a', \"@a\", $$@a$$, $x$ @a $x$, E'\\'@a' -- @a\n/* @a */, @b"),
              "select '@a', \"@a\", $$@a$$, $x$ @a $x$, E'\\'@a' , $1");
    EXPECT_EQ(sql("select a @> @x, a <@ @x, a@>@x, a=@x, a || @x, a->@x"),
              "select a @> $1, a <@ $1, a@>$1, a=$1, a || $1, a->$1");
    EXPECT_EQ(sql("select a @@ b, a @@b, @ -5, @ a, a @? 'x', a @@@ b"),
              "select a @@ b, a @@b, @ -5, @ a, a @? 'x', a @@@ b");
    EXPECT_EQ(sql("select a[@i:@j], a[i:j], (@x), f(@x,@y)"),
              "select a[$1:$2], a[i:j], ($3), f($3,$4)");
    EXPECT_EQ(sql("select @a\n  from t"), "select $1\n  from t");
    EXPECT_EQ(sql("select f(a => @a, b := @b)"), "select f(a => $1, b := $2)");
    EXPECT_EQ(sql("select @at @"), "select $1 @");
}

TEST(Parse, CommentsAreLeftOutAndHintsStay) {
    EXPECT_EQ(sql("select 1 -- one\n-- own line\n  from t /* b */ where/**/true"),
              "select 1\n  from t where true");
    EXPECT_EQ(sql("/*+ SeqScan(t) */ select 1 from t"), "/*+ SeqScan(t) */ select 1 from t");
}

TEST(Parse, FiltersAndOrdersMakeVariants) {
    const auto query = one(
        "-- name: q :many\nselect id from t\nwhere a = @a\n-- filter: by_b Of this b.\nand b = "
        "@b\n-- end\n-- filter: c\nand c > @c and d < @a\n-- end\norder by\n-- order: newest\nid "
        "desc\n-- order: near\nd <-> @point, id\n-- end\nlimit @n");
    EXPECT_THAT(names(query), ElementsAre("a", "b", "c", "point", "n"));
    EXPECT_EQ(query.parameters[0].only_filter(), -1);
    EXPECT_EQ(query.parameters[1].only_filter(), 0);
    EXPECT_EQ(query.parameters[2].only_filter(), 1);
    EXPECT_EQ(query.parameters[3].only_filter(), -1);
    EXPECT_EQ(query.filters[0].doc, "Of this b.");
    const auto variants = variants_of(query);
    ASSERT_EQ(variants.size(), 8U);
    EXPECT_EQ(variants[0].sql, "select id from t\nwhere a = $1\norder by\nid desc\nlimit $2");
    EXPECT_THAT(variants[0].parameters, ElementsAre(0U, 4U));
    EXPECT_EQ(variants[7].sql,
              "select id from t\nwhere a = $1\nand b = $2\nand c > $3 and d < $1\norder by\nd <-> "
              "$4, id\nlimit $5");
    EXPECT_EQ(name_of(query, variants[0]), "without a filter, in order newest");
    EXPECT_EQ(name_of(query, variants[7]), "with the filters by_b, c, in order near");
}

TEST(Parse, APlaceInAVariantIsAPlaceInTheFile) {
    const auto query = one(
        "-- name: q :many\nselect id -- é\n  from t\n where a = @a\n -- filter: x\n   and bb = 1\n "
        "-- end\n limit 1");
    const auto variants = variants_of(query);
    const auto& all = variants[1];
    for (const auto& [word, line, column] :
         std::vector<std::tuple<std::string, std::size_t, std::size_t>>{{"select", 2, 1},
                                                                        {"id", 2, 8},
                                                                        {"from", 3, 3},
                                                                        {"$1", 4, 12},
                                                                        {"bb", 6, 8},
                                                                        {"limit", 8, 2}}) {
        const auto place = place_in(query, all, all.sql.find(word));
        EXPECT_EQ(place.line, line) << word;
        EXPECT_EQ(place.column, column) << word;
    }
    EXPECT_EQ(place_in(query, all, 10'000).line, 8U);
}

TEST(Parse, TellsEveryMistakeWithItsPlaceAndRemedy) {
    const auto all = mistakes(
        "select 1;\n-- name: find :single\nselect 1;\n-- name: FindIt :one\nselect 1;\n-- name: a "
        ":many\n-- name: b\nselect 1;\n-- name: c :many\n-- timout: 5s\n-- timeout: soon\nselect "
        "1; "
        "select 2;\n-- name: d :many\nselect $1, :x");
    ASSERT_EQ(all.size(), 9U) << testing::PrintToString(all);
    EXPECT_THAT(all[0], HasSubstr("1:1: SQL that belongs to no query"));
    EXPECT_THAT(all[1], HasSubstr("2:10: unknown kind \":single\""));
    EXPECT_THAT(all[2],
                HasSubstr("4:10: the query is called \"FindIt\" | functions are written so: "
                          "find_it"));
    EXPECT_THAT(all[3], HasSubstr("6:4: query \"a\" has no SQL"));
    EXPECT_THAT(all[4], HasSubstr("7:10: query \"b\" has no kind"));
    EXPECT_THAT(all[5], HasSubstr("10:4: unknown header key \"timout\" | did you mean timeout?"));
    EXPECT_THAT(all[6], HasSubstr("11:13: found \"soon\""));
    EXPECT_THAT(all[7], HasSubstr("12:11: query \"c\" has a second statement"));
    EXPECT_THAT(all[8], HasSubstr("14:8: the parameter $1 | parameters have names"));
}

TEST(Parse, TellsMistakesInTheSql) {
    const auto only = [](std::string_view body) {
        const auto all = mistakes("-- name: q :many\n" + std::string(body));
        return all.size() == 1 ? all.front() : testing::PrintToString(all);
    };
    EXPECT_THAT(only("select 'a"), HasSubstr("2:8: a quote that is never closed"));
    EXPECT_THAT(only("\\d t"), HasSubstr("a command of psql"));
    EXPECT_THAT(only("select a <@b"), HasSubstr("2:10: \"<@\" followed by a name"));
    EXPECT_THAT(only("select :id"), HasSubstr("the parameter :id | write @id"));
    EXPECT_THAT(only("select @Id"), HasSubstr("the parameter @Id"));
    EXPECT_THAT(only("select 1\n-- end"), HasSubstr("3:4: \"end\" closes nothing"));
    EXPECT_THAT(only("select 1\n-- filter: a\nwhere x"),
                HasSubstr("3:4: the filter is never closed"));
    EXPECT_THAT(only("select 1\n-- filter: a\n-- end"), HasSubstr("nothing stands in it"));
    EXPECT_THAT(only("select 1\n-- filter: a\nx\n-- filter: b\ny\n-- end"),
                HasSubstr("a filter inside of a filter"));
    EXPECT_THAT(only("select 1\n-- filter: a\nx\n-- end\n-- filter: a\ny\n-- end"),
                HasSubstr("a second \"a\""));
    EXPECT_THAT(only("select 1 order by\n-- order: a\nx\n-- end\n-- order: b\ny\n-- end"),
                HasSubstr("orders in two places"));
    EXPECT_THAT(only("-- filter: a\nselect 1"), HasSubstr("\"filter\" stands above the SQL"));
    EXPECT_THAT(only("select 1\n-- timeout: 5s"), HasSubstr("\"timeout\" stands below the SQL"));
    EXPECT_THAT(only("-- nullable: b\nselect @a"), HasSubstr("the query has no parameter @b"));
    EXPECT_THAT(only("-- nullable: a\nselect 1\n-- filter: x\nwhere @a\n-- end"),
                HasSubstr("@a belongs to a filter"));
    EXPECT_THAT(only("-- cache: k ttl\nselect 1"), HasSubstr("behind the key"));
    std::string many = "select 1";
    for (int i = 0; i < 9; ++i) {
        many += "\n-- filter: f" + std::to_string(i) + "\nx\n-- end";
    }
    EXPECT_THAT(only(many), HasSubstr("make more than 256 statements"));
}

TEST(Parse, WhatRunsForManyRowsHasNoChoices) {
    for (const std::string kind : {":batch", ":copy"}) {
        const auto all =
            mistakes("-- name: q " + kind + "\nupdate t set a = @a\n-- filter: x\nwhere b\n-- end");
        ASSERT_EQ(all.size(), 1U);
        EXPECT_THAT(all[0], HasSubstr("query \"q\" is " + kind + ", and has a filter or an order"));
    }
}

TEST(Parse, NamesThatAreOneInCppAreTold) {
    const auto parsed = parse(
        "-- name: a1 :many\nselect 1;\n-- name: a_1 :many\nselect 1;\n-- name: find :one\n"
        "-- cache: k:{x}\nselect @x::int;\n-- name: find_cache_key :one\nselect 1;\n-- name: other "
        ":one\nselect 1;",
        "q.sql");
    std::vector<const Query*> queries;
    for (const auto& query : parsed.queries) {
        queries.push_back(&query);
    }
    std::vector<platform::Mistake> found;
    check_mangled_names(queries, found);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].message, "queries \"a1\" and \"a_1\" would both be A1 in C++");
    EXPECT_THAT(found[1].message, HasSubstr("would both be find_cache_key in C++"));
}

TEST(Parse, ProseWithColonsIsNoHeader) {
    const auto query =
        one("-- name: q :many\n-- Note: this is prose.\n-- see also: another one\n-- "
            "http://x.y\nselect "
            "1");
    EXPECT_EQ(query.doc, "Note: this is prose.\nsee also: another one\nhttp://x.y");
}

TEST(Parse, NothingIsNoQueries) {
    EXPECT_THAT(parse("", "q.sql").queries, IsEmpty());
    EXPECT_THAT(parse("-- only a comment\n;", "q.sql").mistakes, IsEmpty());
    EXPECT_THAT(mistakes(std::string_view("-- name: q :one\nselect '\0'", 27)).front(),
                HasSubstr("a zero byte"));
}

}  // namespace
}  // namespace caisson::queries
