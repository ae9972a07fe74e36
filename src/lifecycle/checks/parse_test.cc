// SPDX-License-Identifier: Apache-2.0
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "lifecycle/checks/check.h"
#include "tests/support/postgres.h"

namespace caisson::checks {
namespace {

using testing::HasSubstr;

constexpr std::string_view two_checks = R"sql(-- SPDX-License-Identifier: Apache-2.0
-- Everything LUM-4 promises: see http://example.com

-- check: nine KYC checks
-- expect: value = 9
-- description: three for each
-- description: of AE, IN, US
-- remedy: caisson seed
-- a remark that is no header
select count(*) from kyc_checks;

  -- CHECK: no orphans; none at all
  -- expect: empty
  -- severity: Warning
  -- timeout: 500ms
  -- database: compliance
  -- feature: blockchain

/* a block -- check: not a header */
select id, ';', $$ -- check: inside a quote
$$ from aml_checks -- check: behind the code
where note <> '-- expect: 3'
-- the end: of it
)sql";

TEST(ParseTest, ReadsSeveralChecksOfAFile) {
    const auto parsed = parse(two_checks, "checks/a.sql");
    for (const auto& mistake : parsed.mistakes) {
        ADD_FAILURE() << mistake.place.text() << ": " << mistake.message;
    }
    ASSERT_EQ(parsed.checks.size(), 2U);
    const auto& first = parsed.checks[0];
    EXPECT_EQ(first.name, "nine KYC checks");
    EXPECT_EQ(first.expectation.written, "value = 9");
    EXPECT_EQ(first.severity, Severity::error);
    EXPECT_EQ(first.limit, std::chrono::seconds(30));
    EXPECT_EQ(first.description, "three for each of AE, IN, US");
    EXPECT_EQ(first.remedy, "caisson seed");
    EXPECT_EQ(first.sql, "select count(*) from kyc_checks");
    EXPECT_EQ(first.place.text(), "checks/a.sql:4:4");
    EXPECT_EQ(first.sql_place.text(), "checks/a.sql:10:1");
    const auto& second = parsed.checks[1];
    EXPECT_EQ(second.name, "no orphans; none at all");
    EXPECT_EQ(second.severity, Severity::warning);
    EXPECT_EQ(second.limit, std::chrono::milliseconds(500));
    EXPECT_EQ(second.database, "compliance");
    EXPECT_EQ(second.feature, "blockchain");
    EXPECT_THAT(second.sql, testing::StartsWith("select id, ';', $$"));
    EXPECT_THAT(second.sql, testing::EndsWith("where note <> '-- expect: 3'"));
}

/// "line:column message (remedy)" of each mistake.
std::vector<std::string> mistakes_of(std::string_view text) {
    std::vector<std::string> lines;
    for (const auto& mistake : parse(text, "c.sql").mistakes) {
        lines.push_back(fmt::format("{}:{} {} ({})", mistake.place.line, mistake.place.column,
                                    mistake.message, mistake.remedy));
    }
    return lines;
}

TEST(ParseTest, NamesEachMistakeWithItsPlace) {
    const auto one = [](std::string_view text) {
        const auto all = mistakes_of(text);
        return all.size() == 1 ? all[0]
                               : fmt::format("{} mistakes: {}", all.size(), join(all, "; "));
    };
    EXPECT_EQ(one("-- check: a\n-- expct: empty\n-- expect: empty\nselect 1"),
              "2:4 unknown header key \"expct\" (did you mean \"expect\"?)");
    EXPECT_THAT(one("-- check: a\nselect 1"), HasSubstr("1:4 check \"a\" has no expectation"));
    EXPECT_THAT(one("-- check: a\n-- expect: empty\n"), HasSubstr("1:4 check \"a\" has no SQL"));
    EXPECT_THAT(one("-- check: a\n-- expect: empty\n;;"), HasSubstr("has no SQL"));
    EXPECT_THAT(one("-- check: a\n-- expect: empty\nselect 1;\n select 2; select 3"),
                HasSubstr("4:2 check \"a\" has a second statement"));
    EXPECT_THAT(one("select 1; select 2;"), HasSubstr("1:1 SQL that belongs to no check"));
    EXPECT_THAT(one("-- check:\n-- expect: empty\nselect 1"),
                HasSubstr("1:4 the check has no name"));
    EXPECT_THAT(one("-- check: a\n-- expect: rows == 9\nselect 1"),
                HasSubstr("2:18 found \"= 9\""));
    EXPECT_THAT(one("-- check: ä\n-- expect:   value = ö\nselect 1"),
                HasSubstr("2:22 found \"ö\""));
    EXPECT_THAT(one("-- check: a\n-- expect: empty\n-- severity: eror\nselect 1"),
                HasSubstr("3:14 unknown severity \"eror\" (did you mean \"error\"?)"));
    EXPECT_THAT(one("-- check: a\n-- expect: empty\n-- expect: empty\nselect 1"),
                HasSubstr("3:4 \"expect\" stands here twice"));
    EXPECT_THAT(one("-- check: a\n-- expect: empty\nselect 1\n-- severity: info\n"),
                HasSubstr("4:4 \"severity\" stands below the query"));
    EXPECT_THAT(one("-- check: a\n-- expect: empty\nselect 'open"),
                HasSubstr("3:8 a quote that is never closed"));
    EXPECT_THAT(one("-- check: a\n-- expect: empty\n\\d users\n"),
                HasSubstr("3:1 a command of psql"));
    EXPECT_THAT(one("-- expect: empty\n-- check: a\n-- expect: empty\nselect 1"),
                HasSubstr("1:4 \"expect\" stands above any check"));
    EXPECT_THAT(one(std::string_view("-- check: a\n\0", 13)), HasSubstr("2:1 a zero byte"));
    for (const std::string limit : {"5", "s", "0s", "-1s", "5 weeks", "25h", "1e3s",
                                    "99999999999999999999s", "9223372036854775807h"}) {
        EXPECT_THAT(one("-- check: a\n-- expect: empty\n-- timeout: " + limit + "\nselect 1"),
                    HasSubstr("3:13 found"))
            << limit;
    }
}

TEST(ParseTest, AMisspeltCheckLineIsNotTakenForARemark) {
    const auto mistakes = mistakes_of("-- chekc: a\n-- expect: empty\nselect 1");
    ASSERT_EQ(mistakes.size(), 3U);
    EXPECT_EQ(mistakes[0], "1:4 unknown header key \"chekc\" (did you mean \"check\"?)");
}

TEST(ParseTest, OnlyQueriesAreChecks) {
    for (const std::string sql :
         {"copy t to '/tmp/x'", "delete from t", "commit", "set role x", "do $$ begin end $$",
          "call p()", "insert into t values (1)", "explain analyze select 1", "drop table t"}) {
        EXPECT_THAT(join(mistakes_of("-- check: a\n-- expect: empty\n" + sql), "\n"),
                    HasSubstr("3:1 a check begins with"))
            << sql;
    }
    for (const std::string sql : {"SELECT 1", "(select 1) union (select 2)", "values (1)",
                                  "table t", "with x as (select 1) select * from x"}) {
        EXPECT_TRUE(mistakes_of("-- check: a\n-- expect: empty\n" + sql).empty()) << sql;
    }
}

TEST(ParseTest, ListsAllMistakesOfAFile) {
    EXPECT_EQ(mistakes_of("-- check: a\n-- severity: loud\n-- timeout: soon\n-- colour: red\n"
                          "select 1; select 2\n-- check: b\n-- expect: nothing\n")
                  .size(),
              7U);
}

TEST(ParseTest, AnyTextIsReadWithoutHarm) {
    std::mt19937 random(42);
    const std::string_view pieces[] = {"-- check: ", "\n",   "-- expect: ", ";",  "'",
                                       "$$",         "/*",   "select 1",    "\\", "value",
                                       " between ",  "\xC3", "--",          ":"};
    for (int round = 0; round < 3000; ++round) {
        std::string text(two_checks);
        for (int change = 0; change < 6; ++change) {
            const auto at = random() % (text.size() + 1);
            if (random() % 3 == 0) {
                text.erase(at, random() % 20);
            } else if (random() % 2 == 0) {
                text.insert(at, pieces[random() % std::size(pieces)]);
            } else if (at < text.size()) {
                text[at] = static_cast<char>(random() % 256);
            }
        }
        const auto parsed = parse(text, "c.sql");
        const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
        for (const auto& mistake : parsed.mistakes) {
            EXPECT_GE(mistake.place.line, 1U);
            EXPECT_LE(mistake.place.line, lines);
            EXPECT_FALSE(mistake.message.empty());
        }
        for (const auto& check : parsed.checks) {
            EXPECT_TRUE(check.sql.empty() || text.find(check.sql) != std::string::npos);
            EXPECT_TRUE(!parsed.mistakes.empty() || !check.sql.empty());
        }
    }
}

TEST(LoadTest, ReadsTheFilesInTheOrderOfTheirNames) {
    const test::Directory directory;
    directory.write("checks/020.sql", "-- check: b\n-- expect: empty\nselect 1");
    directory.write("checks/010.sql",
                    "\xEF\xBB\xBF-- check: a\r\n-- expect: empty\r\nselect 1;\r\n");
    directory.write("checks/readme.txt", "no check");
    const auto checks = load(directory.path() / "checks");
    ASSERT_EQ(checks.size(), 2U);
    EXPECT_EQ(checks[0].name, "a");
    EXPECT_EQ(checks[0].place.text(), "checks/010.sql:1:4");
    EXPECT_EQ(checks[1].name, "b");
    EXPECT_TRUE(load(directory.path() / "nowhere").empty());
}

TEST(LoadTest, OneErrorListsTheMistakesOfAllFiles) {
    const test::Directory directory;
    directory.write("checks/a.sql", "-- check: x\n-- expect: empty\nselect 1");
    directory.write("checks/b.sql", "-- check: y\nselect 1\n-- check: x\n-- expect: 9\nselect 1");
    try {
        load(directory.path() / "checks");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::check_invalid);
        EXPECT_THAT(error.message(), HasSubstr("3 mistakes"));
        EXPECT_THAT(error.message(), HasSubstr("checks/b.sql:1:4: check \"y\" has no expectation"));
        EXPECT_THAT(error.message(), HasSubstr("checks/b.sql:3:4: a second check is named \"x\" "
                                               "(the first is at checks/a.sql:1:4)"));
        EXPECT_THAT(error.message(), HasSubstr("checks/b.sql:4:12: found \"9\""));
        EXPECT_EQ(error.fact("place"), "checks/b.sql:1:4");
    }
}

TEST(LoadTest, DatabasesAndFeaturesMustBeDeclared) {
    const test::Directory directory;
    directory.write("checks/a.sql",
                    "-- check: x\n-- expect: empty\n-- database: complience\nselect 1\n"
                    "-- check: y\n-- expect: empty\n-- feature: blockchains\nselect 1");
    platform::Manifest manifest;
    manifest.directory = directory.path();
    manifest.databases.resize(2);
    manifest.databases[0].key = "main";
    manifest.databases[1].key = "compliance";
    manifest.features["blockchain"] = false;
    try {
        load(manifest);
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.message(),
                    HasSubstr("no database \"complience\" (did you mean \"compliance\"?)"));
        EXPECT_THAT(error.message(),
                    HasSubstr("no feature \"blockchains\" (did you mean \"blockchain\"?)"));
    }
    directory.write("checks/a.sql",
                    "-- check: x\n-- expect: empty\n-- database: compliance\nselect 1\n"
                    "-- check: y\n-- expect: empty\n-- feature: blockchain\nselect 1");
    const auto checks = load(manifest);
    EXPECT_EQ(of_database(checks, manifest, manifest.databases[0], false).size(), 1U);
    EXPECT_EQ(of_database(checks, manifest, manifest.databases[0], true).size(), 0U);
    EXPECT_EQ(of_database(checks, manifest, manifest.databases[1], true).size(), 1U);
}

}  // namespace
}  // namespace caisson::checks
