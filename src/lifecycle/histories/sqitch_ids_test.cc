// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/histories/sqitch_ids.h"

#include <gtest/gtest.h>

namespace caisson::histories {
namespace {

sources::sqitch::Plan plan() {
    std::vector<sources::Mistake> mistakes;
    auto shop = sources::sqitch::parse_plan(R"(%syntax-version=1.0.0
%project=shop
%uri=https://example.com/shop

users 2024-01-01T10:00:00Z Ada Lovelace <ada@example.com> # who uses it
orders [users !nothing_such] 2024-01-02T10:00:00Z Grace Hopper <grace@example.com> # line one\nline two
@v1 2024-01-03T10:00:00Z Ada Lovelace <ada@example.com> # first release
users [users@v1] 2024-01-04T10:00:00Z Ada Lovelace <ada@example.com>
)",
                                            "sqitch.plan", mistakes);
    EXPECT_TRUE(mistakes.empty());
    return shop;
}

// The figures are those of sqitch 1.3.1 for this very plan.
TEST(SqitchIds, are_those_that_sqitch_computes) {
    const auto ids = sqitch_ids(plan());
    ASSERT_EQ(ids.changes.size(), 3U);
    EXPECT_EQ(ids.changes[0], "6c0549d5da086f2b361b1e292a1b9dd51c9935f4");
    EXPECT_EQ(ids.changes[1], "e5b381a30c1eb47e46b9de7534b9b582a9d5cb30");
    EXPECT_EQ(ids.changes[2], "406fd95af59708b6c49f48001f32a997e336e3e6");
    EXPECT_EQ(ids.tags[1], std::vector<std::string>{"541765bc99a03a981e0266b0f0631c4e6db74a6b"});
}

TEST(SqitchIds, a_dependency_leads_to_the_change_that_it_names) {
    const auto shop = plan();
    const auto ids = sqitch_ids(shop);
    EXPECT_EQ(sqitch_resolve(shop, ids, "users", 1), ids.changes[0]);
    EXPECT_EQ(sqitch_resolve(shop, ids, "users@v1", 2), ids.changes[0]);
    EXPECT_EQ(sqitch_resolve(shop, ids, "@v1", 2), ids.changes[1]);
    EXPECT_EQ(sqitch_dependencies(shop, 1, true), std::vector<std::string>{"nothing_such"});
}

}  // namespace
}  // namespace caisson::histories
