// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/order.h"

#include <gmock/gmock.h>

namespace caisson::seeds {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Reference from(std::size_t child, std::size_t parent, bool deferrable = false) {
    return {child, parent, deferrable, child * 10 + parent, std::vector<bool>(8, true)};
}

TEST(OrderTest, ParentsGoBeforeChildrenAndTheRestAsGiven) {
    const std::vector<Node> nodes = {{false, {0}}, {false, {1}}, {false, {2}}, {false, {3}}};
    const auto sorted = order(nodes, {from(0, 2), from(2, 3)});
    EXPECT_THAT(sorted.nodes, ElementsAre(1, 3, 2, 0));
    EXPECT_THAT(sorted.deferred, IsEmpty());
}

TEST(OrderTest, ATableMayReferToItself) {
    EXPECT_THAT(order({{false, {0}}}, {from(0, 0)}).nodes, ElementsAre(0));
}

TEST(OrderTest, DeferrableConstraintsGiveWayOnlyWhereTheyMust) {
    const std::vector<Node> nodes = {{false, {0}}, {false, {1}}, {false, {2}}};
    const auto sorted = order(nodes, {from(0, 1), from(1, 0, true), from(1, 2, true)});
    EXPECT_THAT(sorted.nodes, ElementsAre(2, 1, 0));
    EXPECT_THAT(sorted.deferred, ElementsAre(10));
}

TEST(OrderTest, ACircleThatNothingBreaksIsFoundWithoutThoseBehindIt) {
    const std::vector<Node> nodes = {{false, {0}}, {false, {1}}, {false, {2}}, {false, {3}}};
    const auto sorted = order(nodes, {from(0, 1), from(1, 2), from(2, 1)});
    EXPECT_THAT(sorted.nodes, ElementsAre(3));
    EXPECT_THAT(sorted.circle, ElementsAre(1, 2));
}

TEST(OrderTest, ScriptsThatWriteTheSameTablesKeepTheirOrder) {
    const std::vector<Node> nodes = {{true, {0, 1}}, {true, {0, 1}}, {false, {1}}};
    const auto sorted = order(nodes, {from(0, 1)});
    EXPECT_THAT(sorted.circle, IsEmpty());
    EXPECT_THAT(sorted.nodes, ElementsAre(2, 0, 1));
}

TEST(OrderTest, AFileWithoutTheReferringColumnWaitsForNobody) {
    auto reference = from(0, 1);
    reference.applies[0] = false;
    EXPECT_THAT(order({{false, {0}}, {false, {1}}}, {reference}).nodes, ElementsAre(0, 1));
}

}  // namespace
}  // namespace caisson::seeds
