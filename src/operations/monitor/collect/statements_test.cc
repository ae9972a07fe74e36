// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/statements.h"

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::monitor {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

StatementFigures figures(double calls, double seconds) {
    StatementFigures made;
    made.calls = calls;
    made.seconds = seconds;
    made.rows = calls;
    return made;
}

StatementSnapshot snapshot(std::initializer_list<std::pair<std::int64_t, StatementFigures>> given,
                           double since = 1, double evicted = 0) {
    StatementSnapshot made;
    made.since = since;
    made.evicted = evicted;
    for (const auto& [query, each] : given) {
        made.entries[{query, 10, 5, true}] = each;
    }
    return made;
}

/// What the server would have counted of these calls.
StatementFigures counted(const std::vector<double>& times) {
    StatementFigures made;
    made.calls = static_cast<double>(times.size());
    made.seconds = std::accumulate(times.begin(), times.end(), 0.0);
    for (const double time : times) {
        made.squares += (time - made.mean()) * (time - made.mean());
    }
    return made;
}

TEST(Statements, TheFirstReadingTellsNothing) {
    StatementHistory history;
    const auto first = history.add(snapshot({{1, figures(100, 5)}}));
    EXPECT_THAT(first.uses, IsEmpty());
    EXPECT_EQ(first.gap, "the first reading of statements");
}

TEST(Statements, AreDifferencesTheCostliestFirst) {
    StatementHistory history;
    history.add(snapshot({{1, figures(100, 5)}, {2, figures(10, 1)}, {3, figures(7, 7)}}));
    const auto now = history.add(snapshot(
        {{1, figures(110, 5.5)}, {2, figures(20, 9)}, {3, figures(7, 7)}, {4, figures(1, 2)}}));
    ASSERT_EQ(now.uses.size(), 3U);
    EXPECT_EQ(now.uses[0].key.query, 2);
    EXPECT_DOUBLE_EQ(now.uses[0].figures.seconds, 8);
    EXPECT_DOUBLE_EQ(now.uses[0].figures.mean(), 0.8);
    EXPECT_EQ(now.uses[1].key.query, 4);
    EXPECT_EQ(now.uses[2].key.query, 1);
    EXPECT_EQ(now.gap, "");
}

TEST(Statements, AResetGivesNoneAndGoesOnFromThere) {
    StatementHistory history;
    history.add(snapshot({{1, figures(100, 5)}}));
    // More than before, so that only the moment of the reset tells.
    const auto reset = history.add(snapshot({{1, figures(150, 9)}}, 2));
    EXPECT_THAT(reset.uses, IsEmpty());
    EXPECT_THAT(reset.gap, HasSubstr("reset"));
    const auto after = history.add(snapshot({{1, figures(151, 10)}}, 2));
    ASSERT_EQ(after.uses.size(), 1U);
    EXPECT_DOUBLE_EQ(after.uses[0].figures.calls, 1);
}

TEST(Statements, OneThatWasThrownOutAndCameBackCountsFromNothing) {
    StatementHistory history;
    history.add(snapshot({{1, figures(100, 5)}}));
    const auto now = history.add(snapshot({{1, figures(3, 0.5)}}, 1, 1));
    ASSERT_EQ(now.uses.size(), 1U);
    EXPECT_DOUBLE_EQ(now.uses[0].figures.calls, 3);
    EXPECT_TRUE(now.uses[0].is_at_least);
    EXPECT_THAT(now.gap, HasSubstr("thrown out"));
}

TEST(Statements, NothingIsNegativeWhateverFell) {
    StatementHistory history;
    history.add(snapshot({{1, figures(100, 5)}}));
    // More calls in less time: another entry of the same id.
    const auto now = history.add(snapshot({{1, figures(120, 0.1)}}, 1, 1));
    ASSERT_EQ(now.uses.size(), 1U);
    EXPECT_DOUBLE_EQ(now.uses[0].figures.calls, 120);
    EXPECT_DOUBLE_EQ(now.uses[0].figures.seconds, 0.1);
}

TEST(Statements, DeviationsAreThoseOfTheCallsInBetween) {
    const std::vector<double> first = {1, 2, 3, 4};
    const std::vector<double> second = {10, 12, 17};
    auto all = first;
    all.insert(all.end(), second.begin(), second.end());
    const auto between = difference(counted(first), counted(all));
    ASSERT_TRUE(between);
    EXPECT_NEAR(between->mean(), 13, 1e-9);
    EXPECT_NEAR(between->deviation(), counted(second).deviation(), 1e-9);
}

TEST(Statements, OneThatHasGrownAcrossEvictionsCountsAtLeast) {
    StatementHistory history;
    history.add(snapshot({{1, figures(5, 1)}}));
    // Thrown out after three more, and back with seven: the two that are left are not all.
    const auto now = history.add(snapshot({{1, figures(7, 2)}}, 1, 1));
    ASSERT_EQ(now.uses.size(), 1U);
    EXPECT_TRUE(now.uses[0].is_at_least);
    const auto quiet = history.add(snapshot({{1, figures(8, 3)}}, 1, 1));
    ASSERT_EQ(quiet.uses.size(), 1U);
    EXPECT_FALSE(quiet.uses[0].is_at_least);
}

}  // namespace
}  // namespace caisson::monitor
