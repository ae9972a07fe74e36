// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/checks/run.h"
#include "tests/support/postgres.h"

namespace caisson::checks {
namespace {

using testing::HasSubstr;

class RunTest : public testing::Test {
 protected:
    RunTest() {
        options_.database.key = "main";
        options_.database.name = database_.name();
        options_.manifest.databases = {options_.database};
        options_.manifest.features["off"] = false;
        connection_.script(
            "create table t (i integer, note text); insert into t select n, 'note ' || n from "
            "generate_series(1, 9) n");
    }
    /// The verdicts of these checks alone.
    std::vector<Verdict> verdicts(std::string_view text) {
        auto parsed = parse(text, "checks/a.sql");
        EXPECT_TRUE(parsed.mistakes.empty());
        auto options = options_;
        for (const auto& check : parsed.checks) {
            options.only.push_back(check.name);
        }
        options.checks = std::move(parsed.checks);
        auto report = run(connection_, options);
        EXPECT_FALSE(connection_.in_transaction());
        return std::move(report.verdicts);
    }
    Verdict verdict(std::string_view text) { return verdicts(text).at(0); }

    test::Database database_;
    pg::Connection connection_{database_.settings()};
    Options options_;
};

TEST_F(RunTest, JudgesValuesAndRows) {
    const auto all = verdicts(R"sql(
-- check: nine
-- expect: value = 9
select count(*) from t;
-- check: rows
-- expect: rows between 3 and 9
table t;
-- check: true
-- expect: value = true
select max(i) = 9 from t
-- check: null
-- expect: value is null
select null::text
-- check: two columns are no value
-- expect: value = 1
select 1, 2
-- check: ordered
-- expect: value = 'note 9'
with x as (select * from t) select note from x order by i desc limit 1
)sql");
    ASSERT_EQ(all.size(), 6U);
    for (const std::size_t i : {0U, 1U, 2U, 3U, 5U}) {
        EXPECT_EQ(all[i].outcome, Outcome::holds) << all[i].name << ": " << all[i].found;
    }
    EXPECT_EQ(all[0].found, "9");
    EXPECT_EQ(all[1].found, "9 rows");
    EXPECT_EQ(all[4].outcome, Outcome::fails);
    EXPECT_EQ(all[4].found, "2 columns instead of one value");
}

TEST_F(RunTest, AFailedEmptyCheckShowsTheFirstFiveRows) {
    const auto found = verdict(
        "-- check: a\n-- expect: empty\n-- remedy: delete them\nselect i, note, null as n from t "
        "order by i");
    EXPECT_EQ(found.outcome, Outcome::fails);
    EXPECT_EQ(found.found, "9 rows");
    EXPECT_EQ(found.columns, (std::vector<std::string>{"i", "note", "n"}));
    ASSERT_EQ(found.rows.size(), 5U);
    EXPECT_EQ(found.rows[4], (std::vector<std::string>{"5", "note 5", "null"}));
    EXPECT_EQ(found.place.text(), "checks/a.sql:1:4");
    EXPECT_EQ(found.remedy, "delete them");
}

TEST_F(RunTest, CountsMillionsOfRowsWithoutFetchingThem) {
    EXPECT_EQ(verdict("-- check: a\n-- expect: rows = 3000000\nselect repeat('x', 100) from "
                      "generate_series(1, 3000000)")
                  .outcome,
              Outcome::holds);
}

TEST_F(RunTest, AMistakeInItsSqlFailsTheCheckWithItsPlaceAndTheRunGoesOn) {
    const auto all = verdicts(R"sql(-- check: bad
-- expect: empty
select i,
       nöte, wrong_column
  from t;
-- check: worse
-- expect: value = 1
select 1 / (i - 1) from t where i = 1;
-- check: good
-- expect: value = 1
select 1
)sql");
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].outcome, Outcome::fails);
    EXPECT_THAT(all[0].found, HasSubstr("column \"nöte\" does not exist (SQLSTATE 42703)"));
    EXPECT_EQ(all[0].place.text(), "checks/a.sql:4:8");
    EXPECT_EQ(all[1].outcome, Outcome::fails);
    EXPECT_THAT(all[1].found, HasSubstr("division by zero"));
    EXPECT_EQ(all[1].place.text(), "checks/a.sql:8:1");
    EXPECT_EQ(all[2].outcome, Outcome::holds);
}

TEST_F(RunTest, ACheckCannotChangeAnything) {
    connection_.script(
        "create function sneak() returns integer language sql as 'delete from t returning 1'; "
        "create sequence s");
    const auto all = verdicts(R"sql(
-- check: function
-- expect: empty
select sneak()
-- check: cte
-- expect: empty
with gone as (delete from t returning i) select * from gone
-- check: sequence
-- expect: value = 1
select nextval('s')
-- check: lock
-- expect: not empty
select * from t for update
-- check: mode
-- expect: value = 'off'
select set_config('transaction_read_only', 'off', true)
-- check: into
-- expect: not empty
select i into copied from t
)sql");
    ASSERT_EQ(all.size(), 6U);
    for (const auto& found : all) {
        EXPECT_EQ(found.outcome, Outcome::fails) << found.name << ": " << found.found;
    }
    EXPECT_EQ(connection_.query("select count(*) as n from t").front().integer("n"), 9);
    EXPECT_EQ(connection_.query("select nextval('s') as n").front().integer("n"), 1);
}

TEST_F(RunTest, ACheckThatTakesTooLongCannotRun) {
    const auto found =
        verdict("-- check: slow\n-- expect: empty\n-- timeout: 50ms\nselect pg_sleep(60)");
    EXPECT_EQ(found.outcome, Outcome::cannot_run);
    EXPECT_EQ(found.found, "not done within 50 ms");
    EXPECT_LT(found.duration, std::chrono::seconds(20));
}

TEST_F(RunTest, RowsHiddenByPoliciesAreNotTakenForNone) {
    connection_.script(
        "alter table t enable row level security; create role sees_nothing; grant select on t to "
        "sees_nothing; set role sees_nothing");
    const auto found = verdict("-- check: a\n-- expect: empty\nselect * from t");
    EXPECT_EQ(found.outcome, Outcome::fails);
    EXPECT_THAT(found.found, HasSubstr("row-level security"));
    connection_.script("reset role; drop owned by sees_nothing; drop role sees_nothing");
}

TEST_F(RunTest, GatedChecksAreSkippedAndOthersDatabasesLeftOut) {
    platform::Database other;
    other.key = "other";
    options_.manifest.databases.push_back(other);
    options_.checks = parse(
                          "-- check: gated\n-- expect: empty\n-- feature: off\nselect 1\n"
                          "-- check: elsewhere\n-- expect: empty\n-- database: other\nselect 1",
                          "a.sql")
                          .checks;
    options_.only = {"gated"};
    const auto report = run(connection_, options_);
    ASSERT_EQ(report.verdicts.size(), 1U);
    EXPECT_EQ(report.verdicts[0].outcome, Outcome::skipped);
    EXPECT_TRUE(report.holds());
    EXPECT_EQ(report.counts().run, 0U);
    options_.only = {"elsewhere"};
    EXPECT_TRUE(run(connection_, options_).verdicts.empty());
}

TEST_F(RunTest, AnUnknownNameIsRefusedWithANearOne) {
    options_.only = {"tabels"};
    try {
        run(connection_, options_);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::usage);
        EXPECT_EQ(error.hint(), "did you mean \"tables\"?");
    }
}

TEST_F(RunTest, TellsItsProgressAndFillsTheReport) {
    std::vector<std::string> names;
    options_.only = {"orphans", "views"};
    options_.progress = [&](const Verdict& verdict) { names.push_back(verdict.name); };
    const auto report = run(connection_, options_);
    EXPECT_EQ(names, (std::vector<std::string>{"orphans", "views"}));
    EXPECT_EQ(report.database, database_.name());
    EXPECT_GT(report.duration.count(), 0);
    EXPECT_FALSE(report.started_at.empty());
}

TEST_F(RunTest, ALostConnectionEndsTheRun) {
    pg::Connection other(database_.settings());
    options_.progress = [&](const Verdict&) {
        other.query("select pg_terminate_backend($1)", {connection_.backend_process()});
    };
    try {
        run(connection_, options_);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::cannot_connect);
    }
}

TEST_F(RunTest, OfferedChecksAreAskedOnceWithTheFirstDatabase) {
    options_.only = {"memory", "disk"};
    options_.offered = {
        {"memory", "there is enough",
         [](Verdict& verdict) {
             verdict.found = "too little";
             verdict.findings.push_back({Severity::warning, "1 MB", "buy more"});
         }},
        {"disk", "there is enough", [](Verdict& verdict) { verdict.found = "1 TB"; }}};
    auto report = run(connection_, options_);
    ASSERT_EQ(report.verdicts.size(), 2U);
    EXPECT_EQ(report.verdicts[0].outcome, Outcome::fails);
    EXPECT_EQ(report.verdicts[0].severity, Severity::warning);
    EXPECT_EQ(report.verdicts[1].outcome, Outcome::holds);
    EXPECT_TRUE(report.verdicts[1].built_in);
    EXPECT_TRUE(report.holds());

    options_.database.key = "second";
    options_.manifest.databases.push_back(options_.database);
    EXPECT_TRUE(run(connection_, options_).verdicts.empty());
}

TEST_F(RunTest, AnOfferedCheckThatCannotLookIsNotFine) {
    options_.only = {"cache"};
    options_.offered = {{"cache", "it is there", [](Verdict&) {
                             throw Error(Code::cannot_connect, "nobody listens", "start it");
                         }}};
    const auto report = run(connection_, options_);
    ASSERT_EQ(report.verdicts.size(), 1U);
    EXPECT_EQ(report.verdicts[0].outcome, Outcome::cannot_run);
    ASSERT_EQ(report.verdicts[0].findings.size(), 1U);
    EXPECT_EQ(report.verdicts[0].findings[0].message, "nobody listens");
    EXPECT_EQ(report.verdicts[0].findings[0].remedy, "start it");
    EXPECT_FALSE(report.holds());
}

}  // namespace
}  // namespace caisson::checks
