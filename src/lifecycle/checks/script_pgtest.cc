// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/process.h"
#include "base/text.h"
#include "lifecycle/checks/run.h"
#include "lifecycle/checks/script.h"
#include "tests/support/postgres.h"

namespace caisson::checks {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Checks whose verdicts differ in every way that a verdict can.
constexpr std::string_view all_kinds = R"sql(
-- check: nine
-- expect: value = 9
select count(*) from t
-- check: exact
-- expect: value = 0.1
select 0.10
-- check: more than a double holds
-- expect: value = 9007199254740993
select 9007199254740992
-- check: not a number
-- expect: value != 3
select 'NaN'::float8
-- check: text
-- expect: value = 'it''s $check$ :name \ done'
select 'it''s $check$ :name \ done'
-- check: boolean as it is sent
-- expect: value = 't'
select true
-- check: boolean
-- expect: value = true
select 1 = 1
-- check: bytes, not the locale
-- expect: value < 'a'
select 'B'
-- check: null
-- expect: value is null
select null::integer
-- check: nothing is not null
-- expect: value is null
select 1 where false
-- check: two rows
-- expect: value = 1
select 1 from t
-- check: two columns
-- expect: value = 1
select 1 as a, 2 as a
-- check: no columns
-- expect: rows = 9
select from t
-- check: empty
-- expect: empty
select * from t where i > 100
-- check: not empty
-- expect: not empty
values (1), (2)
-- check: between
-- expect: rows between 3 and 8
table t
-- check: broken
-- expect: value = 1
select nothing from t -- a remark
where true
-- check: syntax
-- expect: value = 1
select from where
-- check: late
-- expect: empty
-- timeout: 50ms
select pg_sleep(30)
-- check: writes
-- expect: not empty
with gone as (delete from t returning i) select * from gone
-- check: only a warning
-- expect: value = 0
-- severity: warning
select 1
)sql";

class ScriptTest : public testing::Test {
 protected:
    ScriptTest() { connection_.query("create table t as select generate_series(1, 9) as i"); }
    Finished psql(const std::string& text) {
        const auto settings = database_.settings();
        return caisson::run({{find_program("psql", {"/usr/lib/postgresql/15/bin"}).value(), "-X",
                              "-h", settings.host, "-U", settings.user, database_.name()},
                             {{"PGPASSWORD", settings.password.reveal()}},
                             {},
                             {},
                             text},
                            60s);
    }
    test::Database database_;
    pg::Connection connection_{database_.settings()};
};

TEST_F(ScriptTest, ComesToTheSameVerdictsAsARun) {
    const auto parsed = parse(all_kinds, "a.sql");
    ASSERT_TRUE(parsed.mistakes.empty());
    Options options;
    options.database.key = "main";
    options.manifest.databases = {options.database};
    options.checks = parsed.checks;
    for (const auto& check : parsed.checks) {
        options.only.push_back(check.name);
    }
    const auto report = run(connection_, options);
    const auto finished = psql(script(parsed.checks, "Lumina: verification"));
    EXPECT_EQ(finished.status, 3) << finished.errors;

    std::vector<std::string> ours;
    for (const auto& verdict : report.verdicts) {
        ours.push_back(verdict.name + "=" + (verdict.outcome == Outcome::holds ? "yes" : "NO"));
    }
    std::vector<std::string> theirs;
    for (const auto& line : split(finished.output, '\n')) {
        const auto cells = split(line, '|');
        if (cells.size() == 5 && trim(cells[0]) != "n") {
            theirs.push_back(std::string(trim(cells[1])) + "=" + std::string(trim(cells[4])));
        }
    }
    EXPECT_EQ(ours, theirs) << finished.output << finished.errors;
    EXPECT_THAT(finished.output, HasSubstr("\n10/21\n"));
    EXPECT_THAT(finished.errors, HasSubstr("these checks do not hold: more than a double holds"));
    EXPECT_THAT(finished.errors, testing::Not(HasSubstr("only a warning")));
    EXPECT_EQ(connection_.query("select count(*) as n from t").front().integer("n"), 9);
}

TEST_F(ScriptTest, EndsWellWhenOnlyWarningsAreLeft) {
    const auto checks = parse(
                            "-- check: a\n-- expect: value = 9\nselect count(*) from t\n"
                            "-- check: b\n-- expect: empty\n-- severity: warning\nselect * from t",
                            "a.sql")
                            .checks;
    const auto finished = psql(script(checks, "two\nlines"));
    EXPECT_EQ(finished.status, 0) << finished.errors;
    EXPECT_THAT(finished.output, HasSubstr("\n1/2\n"));
    EXPECT_EQ(finished.errors, "");
}

TEST_F(ScriptTest, RunsWithoutChecksAndTwiceInOneSession) {
    EXPECT_TRUE(psql(script({}, "none")).fine());
    const auto once =
        script(parse("-- check: a\n-- expect: empty\nselect 1 where false", "a").checks, "one");
    const auto twice = psql(once + once);
    EXPECT_TRUE(twice.fine()) << twice.errors;
}

}  // namespace
}  // namespace caisson::checks
