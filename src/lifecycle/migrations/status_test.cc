// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/migrations/plan.h"

namespace caisson::migrations {
namespace {

using sources::Kind;
using testing::ElementsAre;
using testing::HasSubstr;

/// Files and rows of one source, whose order is that of the lists.
struct StatusTest : testing::Test {
    Migration& file(const std::string& version, Kind kind = Kind::versioned) {
        Migration migration;
        migration.source = "migrations";
        migration.format = "flyway";
        migration.version = version;
        migration.kind = kind;
        migration.up.file = version + ".sql";
        migration.up.text = "select 1";
        migration.up.checksum = "sum " + version;
        return files.emplace_back(migration);
    }
    void row(const std::string& version, const std::string& checksum = "") {
        Record record;
        record.source = "migrations";
        record.version = version;
        record.checksum = checksum.empty() ? "sum " + version : checksum;
        record.sequence = static_cast<std::int64_t>(history.size() + 1);
        history.push_back(record);
    }
    std::vector<std::string> states() const {
        std::vector<std::string> all;
        for (const auto& one : status(files, history, {})) {
            all.push_back(one.version() + ":" + std::string(name_of(one.state)));
        }
        return all;
    }
    std::vector<std::string> planned(const UpRequest& request = {}) {
        std::vector<std::string> all;
        plan = plan_up(files, history, {}, request, {});
        for (const auto& step : plan.steps) {
            all.push_back(step.migration->version);
        }
        return all;
    }
    std::vector<Migration> files;
    History history;
    Plan plan;
};

TEST_F(StatusTest, TheOrderIsThatOfTheFilesAndMissingRowsStandWhereTheyWereApplied) {
    file("init");
    file("z_second");
    file("a_third");
    row("init");
    row("gone");
    row("z_second");
    EXPECT_THAT(states(),
                ElementsAre("init:applied", "gone:missing", "z_second:applied", "a_third:pending"));
    history = {};
    row("other");
    row("init");
    EXPECT_THAT(states(), ElementsAre("other:missing", "init:applied", "z_second:pending",
                                      "a_third:pending"));
}

TEST_F(StatusTest, RepeatableOnesRunAgainWhenTheyChangedAndAreNeverLate) {
    file("1");
    file("2");
    file("views", Kind::repeatable);
    file("rights", Kind::repeatable);
    row("1");
    row("views", "older");
    EXPECT_THAT(states(), ElementsAre("1:applied", "2:pending", "views:changed", "rights:pending"));
    EXPECT_THAT(planned(), ElementsAre("2", "views", "rights"));
}

TEST_F(StatusTest, OnAnEmptyHistoryTheNewestBaselineStandsForAllBeforeIt) {
    file("1");
    file("2");
    file("2", Kind::baseline).up.checksum = "sum of the baseline";
    file("3");
    EXPECT_THAT(states(), ElementsAre("1:skipped", "2:skipped", "2:pending", "3:pending"));
    row("2", "sum of the baseline");
    EXPECT_THAT(states(), ElementsAre("1:skipped", "2:skipped", "2:applied", "3:pending"));
    history = {};
    row("1");
    EXPECT_THAT(states(), ElementsAre("1:applied", "2:pending", "2:skipped", "3:pending"));
}

TEST_F(StatusTest, AProgramEndsThePlanBeforeIt) {
    file("1");
    file("2", Kind::program).format = "node-pg-migrate";
    file("3");
    EXPECT_THAT(planned(), ElementsAre("1"));
    try {
        refuse_program(plan);
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.message(), HasSubstr("2.sql is next, and it is a program of "
                                               "node-pg-migrate"));
    }
    row("1");
    row("2");
    EXPECT_THAT(planned(), ElementsAre("3"));
}

TEST_F(StatusTest, InAGraphAFileIsLateOnlyWhenOneThatBuildsOnItIsApplied) {
    file("a");
    file("b1").parents = {"a"};
    file("b2").parents = {"a"};
    file("m").parents = {"b1", "b2"};
    row("a");
    row("b2");
    EXPECT_THAT(states(), ElementsAre("a:applied", "b1:pending", "b2:applied", "m:pending"));
    row("m");
    EXPECT_THAT(states(), ElementsAre("a:applied", "b1:late", "b2:applied", "m:applied"));
}

TEST_F(StatusTest, TwoHeadsAreRefusedByNameUnlessTheyAreAllowed) {
    file("a");
    file("b1").parents = {"a"};
    file("b2").parents = {"a"};
    try {
        planned();
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::migration_order);
        EXPECT_EQ(error.message(), "migrations ends in 2 heads: b1, b2");
        EXPECT_THAT(error.hint(), HasSubstr("--merge"));
    }
    UpRequest request;
    request.heads = platform::Policy::warn;
    EXPECT_THAT(planned(request), ElementsAre("a", "b1", "b2"));
    EXPECT_THAT(plan.warnings, ElementsAre("migrations ends in 2 heads: b1, b2"));
    file("m").parents = {"b1", "b2"};
    EXPECT_THAT(planned(), ElementsAre("a", "b1", "b2", "m"));
}

TEST_F(StatusTest, WhatPoliciesAllowIsAppliedLateTakenOverOrLeftAlone) {
    file("1");
    file("2");
    file("3");
    row("1", "older");
    row("gone");
    row("3");
    UpRequest request;
    request.rules.late = request.rules.missing = platform::Policy::warn;
    request.rules.edited = platform::Policy::allow;
    EXPECT_THAT(planned(request), ElementsAre("2"));
    EXPECT_THAT(plan.warnings, ElementsAre(HasSubstr("newer ones are: migrations/2"),
                                           HasSubstr("files are gone: migrations/gone")));
    ASSERT_EQ(plan.taken_over.size(), 1U);
    EXPECT_EQ(plan.taken_over[0].version(), "1");
}

TEST_F(StatusTest, ARunInOneTransactionIsCutWhereItMustBe) {
    file("1");
    file("2").up.text = "alter type mood add value 'calm' before 'sad'";
    file("3");
    file("4").up.text = "create index concurrently i on t(a)";
    file("5");
    UpRequest request;
    request.rules.transaction = platform::TransactionScope::run;
    planned(request);
    std::vector<std::size_t> numbers;
    for (const auto& step : plan.steps) {
        numbers.push_back(step.transaction);
    }
    EXPECT_THAT(numbers, ElementsAre(1, 1, 2, 3, 4));
    EXPECT_THAT(plan.cuts,
                ElementsAre("2.sql adds a value to an enum, which can be used only after a commit",
                            "4.sql cannot be in a transaction with others",
                            "4.sql cannot be in a transaction with others"));
}

}  // namespace
}  // namespace caisson::migrations
