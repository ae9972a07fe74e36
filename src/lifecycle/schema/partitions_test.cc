// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/schema/partitions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::schema {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Snapshot of(std::vector<Object> objects) { return {std::move(objects)}; }

Object partition(const std::string& name, const std::string& parent) {
    return {"partition", name, "of " + parent + " FOR VALUES IN (1)"};
}
Object table(const std::string& name) { return {"table", name, "table"}; }

TEST(Partitions, OnesOfAnExpectedTableComeAndGo) {
    const auto expected = of({table("p.old"), table("s.t"), partition("p.old", "s.t")});
    const auto found = of({table("p.\"a b\""), table("p.deep"), table("s.t"),
                           partition("p.\"a b\"", "s.t"), partition("p.deep", "p.\"a b\"")});
    const auto between = partitions_between(expected, found);
    EXPECT_THAT(between.come, ElementsAre("p.\"a b\"", "p.deep"));
    EXPECT_THAT(between.gone, ElementsAre("p.old"));
}

TEST(Partitions, OnesOfAnUnexpectedTableAreNoneOfThem) {
    const auto found = of({table("s.p"), table("s.t"), partition("s.p", "s.t")});
    EXPECT_THAT(partitions_between(of({}), found).come, IsEmpty());
    EXPECT_THAT(partitions_between(found, of({})).gone, IsEmpty());
}

TEST(Partitions, WhatIsTheirsGoesWithThemAndNothingElse) {
    const auto rest = without_tables(of({{"column", "s.p.id", "int"},
                                         {"column", "s.p2.id", "int"},
                                         {"comment", "column s.p.id", "x"},
                                         {"grant", "table s.p to app", "select"},
                                         {"grant", "table s.p2 to app", "select"},
                                         table("s.p"),
                                         table("s.p2")}),
                                     {"s.p"});
    std::vector<std::string> keys;
    for (const auto& object : rest.objects) {
        keys.push_back(object.key());
    }
    EXPECT_THAT(keys, ElementsAre("column s.p2.id", "grant table s.p2 to app", "table s.p2"));
}

}  // namespace
}  // namespace caisson::schema
