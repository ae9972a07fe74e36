// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/advice/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operations/monitor/advice/candidates.h"
#include "operations/monitor/advice/sample_facts.h"

namespace caisson::advice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Scan in(std::string_view filter) {
    Scan scan;
    conditions_of(filter, "o", scan);
    return scan;
}

TEST(Conditions, OfOneComparison) {
    EXPECT_THAT(in("(o.customer = $1)").equal, ElementsAre("customer"));
    EXPECT_THAT(in("($1 = o.customer)").equal, ElementsAre("customer"));
    EXPECT_THAT(in("(o.at >= $1)").ranged, ElementsAre("at"));
    EXPECT_THAT(in("(o.id = ANY ($1))").equal, ElementsAre("id"));
}

TEST(Conditions, OfSeveralThatAllHold) {
    const auto scan =
        in("((o.customer = $1) AND (o.at > $2) AND ((o.status)::text = 'a AND (b'::text))");
    EXPECT_THAT(scan.equal, ElementsAre("customer", "status"));
    EXPECT_THAT(scan.ranged, ElementsAre("at"));
}

TEST(Conditions, BelowAnOrServeNoIndex) {
    EXPECT_THAT(in("((o.a = $1) OR (o.b = $2))").equal, IsEmpty());
    EXPECT_THAT(in("((o.c = $3) AND ((o.a = $1) OR (o.b = $2)))").equal, ElementsAre("c"));
}

TEST(Conditions, OfAnExpressionOrTwoColumnsServeNone) {
    EXPECT_THAT(in("(lower(o.mail) = $1)").equal, IsEmpty());
    EXPECT_THAT(in("(o.a = o.b)").equal, IsEmpty());
    EXPECT_THAT(in("(o.a <> $1)").equal, IsEmpty());
    EXPECT_THAT(in("((o.a)::numeric = $1)").equal, IsEmpty());
    EXPECT_THAT(in("(NOT o.open)").equal, IsEmpty());
}

TEST(Conditions, OfNamesInQuotes) {
    EXPECT_THAT(in(R"((o."Odd ""Name" = $1))").equal, ElementsAre("Odd \"Name"));
}

TEST(Plans, TellTheirScansAndIndexes) {
    const auto plan =
        parse_plan(R"json([{"Plan": {"Node Type": "Limit", "Total Cost": 42.5, "Plans": [
        {"Node Type": "Seq Scan", "Schema": "public", "Relation Name": "orders", "Alias": "o",
         "Plan Rows": 7, "Filter": "(o.customer = $1)"},
        {"Node Type": "Index Scan", "Index Name": "x", "Total Cost": 1}]}}])json");
    EXPECT_EQ(plan.cost, 42.5);
    ASSERT_EQ(plan.scans.size(), 1U);
    EXPECT_EQ(plan.scans[0].rows, 7);
    EXPECT_THAT(plan.indexes, ElementsAre("x"));
    EXPECT_ANY_THROW(parse_plan("[]"));
    EXPECT_ANY_THROW(parse_plan("nonsense"));
}

class Candidates : public testing::Test {
 protected:
    Candidates() {
        facts_.statements = {{1, "app", "a", 10, 10, 5'000, 0}, {2, "app", "b", 10, 10, 5'000, 0}};
    }
    void need(std::size_t statement, std::vector<std::string> equal,
              std::vector<std::string> ranged = {}, double rows = 100) {
        needs_.push_back({&facts_.statements[statement],
                          {"public", "orders", std::move(equal), std::move(ranged), rows},
                          1'000,
                          "plans"});
    }
    std::vector<std::vector<std::string>> columns() {
        std::vector<std::vector<std::string>> all;
        for (const auto& candidate : candidates_for(needs_, facts_, {})) {
            all.push_back(candidate.columns);
        }
        return all;
    }
    Facts facts_ = sound();
    std::vector<Need> needs_;
};

TEST_F(Candidates, HaveEqualColumnsBeforeOneThatIsOrdered) {
    need(0, {"customer"}, {"at", "total"});
    EXPECT_THAT(columns(), ElementsAre(ElementsAre("customer", "at")));
}

TEST_F(Candidates, BeginWithWhatMostStatementsShare) {
    need(0, {"at", "customer"});
    need(1, {"customer"});
    EXPECT_THAT(columns(), ElementsAre(ElementsAre("customer", "at")));
    EXPECT_EQ(candidates_for(needs_, facts_, {})[0].uses.size(), 2U);
}

TEST_F(Candidates, BeginWithTheColumnThatLeavesTheFewestRows) {
    facts_.columns = {{"public", "orders", "status", 0, 4, 4},
                      {"public", "orders", "customer", 0, -0.5, 8}};
    need(0, {"status", "customer"});
    EXPECT_THAT(columns(), ElementsAre(ElementsAre("customer", "status")));
}

TEST_F(Candidates, AreNoneForSmallTablesAndForMostOfATable) {
    need(0, {"status"}, {}, 100'001);
    EXPECT_THAT(columns(), IsEmpty());
    needs_.clear();
    need(0, {"status"}, {}, 100'000);
    EXPECT_THAT(columns(), ElementsAre(ElementsAre("status")));
    facts_.tables[0].rows = facts_.tables[0].live_rows = 9'999;
    EXPECT_THAT(columns(), IsEmpty());
}

}  // namespace
}  // namespace caisson::advice
