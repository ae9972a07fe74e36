// SPDX-License-Identifier: Apache-2.0
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "operations/monitor/advice/sample_facts.h"

namespace caisson::advice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Rules, AreSeventeenAndOneMoreWithNamesOfTheirOwn) {
    std::set<std::string_view> ids;
    for (const auto& rule : rules()) {
        ids.insert(rule.id);
    }
    EXPECT_EQ(ids.size(), 18U);
}

TEST(Rules, StandInTheReference) {
    const auto page = read_file(fs::path(CAISSON_SOURCE_DIR) / "docs/reference/advice.md");
    for (const auto& rule : rules()) {
        EXPECT_THAT(page, HasSubstr("| `" + std::string(rule.id) + "` |"));
    }
}

/// As under a lock: what could not be read is not missing.
TEST(Rules, AreUnknownWithoutWhatTheyNeed) {
    for (const auto& rule : rules()) {
        EXPECT_FALSE(rule.needs.empty()) << rule.id;
        for (const auto group : rule.needs) {
            Facts facts;
            facts.unread[group] = "lock timeout";
            facts.unreadable = {"lock timeout"};
            const auto unknown = judge(facts).unknown;
            EXPECT_TRUE(std::ranges::any_of(unknown, [&](const Unknown& each) {
                return each.rule == rule.id && each.why == "lock timeout";
            })) << rule.id;
            EXPECT_TRUE(std::ranges::none_of(unknown, [](const Unknown& each) {
                return each.rule.empty();
            })) << "the rules have said it";
        }
    }
}

TEST(Rules, AdviseNothingAboutIndexesThatCouldNotBeRead) {
    auto facts = sound();
    facts.foreign_keys = {
        {"public", "orders", "orders_customer", {"customer"}, "public.customers", false}};
    facts.tables[0].sequential_scans = 1'000'000;
    facts.indexes.clear();
    facts.unread[Group::indexes] = "indexes: lock timeout";
    EXPECT_THAT(rules_of(facts), IsEmpty());
}

TEST(Rules, AdviseNothingAboutIndexesOfATableThatIsLocked) {
    auto facts = sound();
    facts.foreign_keys = {
        {"public", "orders", "orders_customer", {"customer"}, "public.customers", false}};
    facts.locked = {"public.orders"};
    facts.tables[0].dead_rows = 1'000'000;
    EXPECT_THAT(rules_of(facts), ElementsAre("dead_rows")) << "which needs no index";
    EXPECT_THAT(judge(facts).unknown.at(0).about, ElementsAre("public.orders"));
    facts.locked = {"public.others"};
    EXPECT_THAT(rules_of(facts), testing::UnorderedElementsAre("dead_rows", "foreign_key_index"));
}

class Bloat : public testing::Test {
 protected:
    /// A page takes 8168 / (104 + 4) = 75 rows of 100 bytes: a million rows need 109.2 MB.
    Bloat() { facts_.tables[0].row_bytes = 100; }
    Facts facts_ = sound();
};

TEST_F(Bloat, IsMoreThanHalfOfALargeTable) {
    facts_.tables[0].bytes = 218'000'000;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
    facts_.tables[0].bytes = 219'000'000;
    EXPECT_THAT(rules_of(facts_), ElementsAre("bloat"));
}

TEST_F(Bloat, OfLessThanAHundredMegabytesIsNone) {
    facts_.tables[0].rows = facts_.tables[0].live_rows = 10;
    facts_.tables[0].bytes = 100'000'000;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST_F(Bloat, IsNotEstimatedBeforeRowsWereCounted) {
    facts_.tables[0].bytes = 900'000'000;
    facts_.tables[0].rows = -1;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
    facts_.tables[0].rows = 1'000'000;
    facts_.tables[0].analysed.reset();
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST_F(Bloat, HonoursTheFillfactor) {
    facts_.tables[0].bytes = 400'000'000;
    facts_.tables[0].fillfactor = 0.5;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST_F(Bloat, OfAnIndexIsRebuiltBesideIt) {
    facts_.indexes[0].key_bytes = 8;
    facts_.indexes[0].bytes = 400'000'000;
    const auto judgement = judge(facts_);
    ASSERT_THAT(rules_of(judgement), ElementsAre("bloat"));
    EXPECT_THAT(judgement.advice[0].apply,
                ElementsAre(R"(reindex index concurrently "public"."orders_pkey")"));
}

TEST(DeadRows, AreTooManyAtTwiceWhatAutovacuumComesFor) {
    auto facts = sound();
    facts.tables[0].dead_rows = 400'100;
    EXPECT_THAT(rules_of(facts), IsEmpty());
    facts.tables[0].dead_rows = 400'101;
    EXPECT_THAT(rules_of(facts), ElementsAre("dead_rows"));
}

TEST(DeadRows, WhereAutovacuumIsOffItIsSwitchedOn) {
    auto facts = sound();
    facts.tables[0].autovacuum = false;
    facts.tables[0].dead_rows = 200'051;
    const auto judgement = judge(facts);
    ASSERT_THAT(rules_of(judgement), ElementsAre("dead_rows"));
    EXPECT_THAT(judgement.advice[0].apply[0], HasSubstr("autovacuum_enabled = true"));
}

TEST(DeadRows, OfASmallTableAreNoMatter) {
    auto facts = sound();
    facts.tables[0].vacuum_limit = 50;
    facts.tables[0].dead_rows = 10'000;
    EXPECT_THAT(rules_of(facts), IsEmpty());
}

class SequentialScans : public testing::Test {
 protected:
    SequentialScans() {
        facts_.tables[0].sequential_scans = 1'000;
        facts_.tables[0].index_scans = 1'000;
    }
    Facts facts_ = sound();
};

TEST_F(SequentialScans, AreTooManyBelowNinetyFivePercent) {
    EXPECT_THAT(rules_of(facts_), ElementsAre("sequential_scans"));
    facts_.tables[0].index_scans = 19'000;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST_F(SequentialScans, OfASmallTableAreRight) {
    facts_.tables[0].rows = facts_.tables[0].live_rows = 9'999;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST_F(SequentialScans, AFewTellNothing) {
    facts_.tables[0].sequential_scans = 99;
    facts_.tables[0].index_scans = 0;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST_F(SequentialScans, AreExplainedByAKeyWithoutAnIndex) {
    facts_.foreign_keys = {
        {"public", "orders", "orders_customer", {"customer"}, "public.customers", false}};
    EXPECT_THAT(rules_of(facts_), ElementsAre("foreign_key_index"));
}

class MissingIndex : public testing::Test {
 protected:
    MissingIndex() {
        Candidate candidate{.schema = "public", .table = "orders", .columns = {"customer"}};
        candidate.uses = {{.statement = 1,
                           .text = "select",
                           .calls = 1'000,
                           .milliseconds = 100'000,
                           .before = 1'000,
                           .after = 10}};
        candidate.is_proven = true;
        facts_.candidates = {candidate};
    }
    Facts facts_ = sound();
};

TEST_F(MissingIndex, IsAdvisedWithCostsBeforeAndAfter) {
    const auto judgement = judge(facts_);
    ASSERT_THAT(rules_of(judgement), ElementsAre("missing_index"));
    EXPECT_THAT(judgement.advice[0].evidence[0].value,
                HasSubstr("cost 1000 before, 10 with the index"));
}

TEST_F(MissingIndex, IsOfMediumRiskWhereWritesWaitOrItWasNotTried) {
    EXPECT_EQ(judge(facts_).advice.at(0).risk, Risk::low);
    facts_.tables[0].is_partitioned = true;
    EXPECT_EQ(judge(facts_).advice.at(0).risk, Risk::medium);
    EXPECT_THAT(judge(facts_).advice[0].caution, HasSubstr("while nothing is written"));
    facts_.tables[0].is_partitioned = false;
    facts_.candidates[0].is_proven = false;
    facts_.candidates[0].selectivity = 0.01;
    EXPECT_EQ(judge(facts_).advice.at(0).risk, Risk::medium);
}

TEST_F(MissingIndex, ShowsItsStatementsWithoutConstants) {
    facts_.candidates[0].uses[0].text = "select * from orders where mail = 'a@example.org'";
    EXPECT_THAT(judge(facts_).advice.at(0).evidence[0].value,
                testing::Not(HasSubstr("example.org")));
}

TEST_F(MissingIndex, IsNotAdvisedWhereWritesPayMore) {
    // 99 s are saved in 30 days; so many rows cost as much.
    facts_.tables[0].inserts = 99'000 * 50 - 1;
    EXPECT_THAT(rules_of(facts_), ElementsAre("missing_index"));
    facts_.tables[0].inserts = 99'000 * 50;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
    // What is updated in place pays nothing.
    facts_.tables[0].inserts = 0;
    facts_.tables[0].updates = facts_.tables[0].hot_updates = 99'000'000;
    EXPECT_THAT(rules_of(facts_), ElementsAre("missing_index"));
}

TEST_F(MissingIndex, IsNotAdvisedForHalfOfTheCost) {
    facts_.candidates[0].uses[0].after = 501;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST_F(MissingIndex, IsThereAlreadyAsTheBeginningOfAnother) {
    facts_.indexes.push_back(index_of("there", {"customer", "at"}));
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST_F(MissingIndex, IsNotThereAsOneThatFindsOtherwise) {
    facts_.indexes.push_back(index_of("there", {"customer"}));
    auto& there = facts_.indexes.back();
    for (const auto* const method : {"brin", "gin", "gist", "spgist"}) {
        there.method = method;
        EXPECT_THAT(rules_of(facts_), ElementsAre("missing_index")) << method;
    }
    there.method = "hash";
    EXPECT_THAT(rules_of(facts_), IsEmpty());
    facts_.candidates[0].is_ranged = true;
    EXPECT_THAT(rules_of(facts_), ElementsAre("missing_index")) << "by order";
    there.method = "btree";
    EXPECT_THAT(rules_of(facts_), IsEmpty());
    there.keys[0].is_natural = false;
    EXPECT_THAT(rules_of(facts_), ElementsAre("missing_index")) << "another collation";
}

TEST_F(MissingIndex, AndThatOfAForeignKeyAreOneAdvice) {
    facts_.foreign_keys = {
        {"public", "orders", "orders_customer", {"customer"}, "public.customers", false}};
    EXPECT_EQ(rules_of(facts_).size(), 1U);
}

TEST_F(MissingIndex, ExplainsTheSequentialScans) {
    facts_.tables[0].sequential_scans = 1'000;
    facts_.tables[0].index_scans = 0;
    EXPECT_THAT(rules_of(facts_), ElementsAre("missing_index"));
}

TEST_F(MissingIndex, IsUnknownWithoutStatements) {
    facts_.statements_age.reset();
    const auto judgement = judge(facts_);
    EXPECT_THAT(rules_of(judgement), IsEmpty());
    EXPECT_EQ(judgement.unknown.at(0).rule, "missing_index");
}

TEST_F(MissingIndex, SaysWhichStatementsCouldNotBePlanned) {
    facts_.statements = {{1, "app", "select 1", 10, 10, 9'000, 0},
                         {2, "app", "select 2", 10, 10, 1'000, 0}};
    facts_.unplanned = {{1, "syntax error at or near \"$1\""}};
    facts_.looked_at = 2;
    const auto judgement = judge(facts_);
    EXPECT_THAT(rules_of(judgement), ElementsAre("missing_index")) << "of those that were";
    ASSERT_EQ(judgement.unknown.size(), 1U);
    EXPECT_EQ(judgement.unknown[0].rule, "missing_index");
    EXPECT_THAT(judgement.unknown[0].why,
                HasSubstr("1 of 2 statements could not be planned, with 90 % of the time of all"));
    EXPECT_THAT(judgement.unknown[0].about, ElementsAre("statement 1"));
}

class RepeatedStatement : public testing::Test {
 protected:
    RepeatedStatement() {
        facts_.statements = {
            {1, "app", "select * from orders where open", 100, 5'000, 900, 0},
            {2, "app", "select * from customers where id = $1", 5'000, 5'000, 300, 0}};
    }
    Facts facts_ = sound();
};

TEST_F(RepeatedStatement, IsAskedOnceForEachRowOfAnother) {
    const auto judgement = judge(facts_);
    ASSERT_THAT(rules_of(judgement), ElementsAre("repeated_statement"));
    EXPECT_THAT(judgement.advice[0].summary, HasSubstr("50 times"));
}

TEST_F(RepeatedStatement, IsNoneWhereCallsAndRowsAreNotTheSameNumber) {
    facts_.statements[1].calls = 5'300;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST_F(RepeatedStatement, OfAnotherRoleOrSeldomIsNone) {
    facts_.statements[1].user = "other";
    EXPECT_THAT(rules_of(facts_), IsEmpty());
    facts_.statements[1].user = "app";
    facts_.statements[0].calls = 20;
    facts_.statements[0].rows = 999;
    facts_.statements[1].calls = 999;
    EXPECT_THAT(rules_of(facts_), IsEmpty());
}

TEST(Ranking, PutsWhatStopsTheDatabaseBeforeTimeAndSpace) {
    auto facts = sound();
    facts.ages = {{"shop_db", 2'000'000'000, 0}};
    facts.foreign_keys = {
        {"public", "orders", "orders_customer", {"customer"}, "public.customers", false}};
    facts.indexes.push_back(index_of("first", {"at"}));
    facts.indexes.push_back(index_of("second", {"at"}));
    EXPECT_THAT(rules_of(facts), ElementsAre("wraparound", "foreign_key_index", "duplicate_index"));
}

}  // namespace
}  // namespace caisson::advice
