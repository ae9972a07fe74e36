// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/blocking.h"

#include <gtest/gtest.h>

namespace caisson::monitor {
namespace {

LockSession session(int process, std::vector<int> blocked_by = {}) {
    LockSession made;
    made.process = process;
    made.blocked_by = std::move(blocked_by);
    return made;
}

TEST(Blocking, TheOneThatHoldsUpTheMostComesFirst) {
    const auto trees = trees_of({session(1), session(2, {1}), session(10), session(11, {10}),
                                 session(12, {11}), session(13, {10})});
    ASSERT_EQ(trees.size(), 2U);
    EXPECT_EQ(trees[0].session.process, 10);
    EXPECT_EQ(waiting_below(trees[0]), 3U);
    ASSERT_EQ(trees[0].waiting.size(), 2U);
    EXPECT_EQ(trees[0].waiting[0].waiting.front().session.process, 12);
    EXPECT_EQ(trees[1].session.process, 1);
}

TEST(Blocking, ACircleIsShownOnceAndEnds) {
    const auto trees = trees_of({session(1, {2}), session(2, {1})});
    ASSERT_EQ(trees.size(), 1U);
    ASSERT_EQ(trees[0].waiting.size(), 1U);
    ASSERT_EQ(trees[0].waiting[0].waiting.size(), 1U);
    EXPECT_TRUE(trees[0].waiting[0].waiting[0].is_circle);
}

TEST(Blocking, NobodyWaitsForNobody) { EXPECT_TRUE(trees_of({}).empty()); }

}  // namespace
}  // namespace caisson::monitor
