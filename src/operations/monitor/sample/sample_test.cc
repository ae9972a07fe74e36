// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/sample/sample.h"

#include <gtest/gtest.h>

namespace caisson::monitor {
namespace {

Sample sample() {
    Sample made;
    made.add("databases.deadlocks", 2, {{"datname", "b"}});
    made.add("activity.connections", 7);
    made.add("databases.deadlocks", 1, {{"datname", "a"}});
    made.finish();
    return made;
}

TEST(Sample, FindsWhatWasRead) {
    const auto made = sample();
    EXPECT_EQ(value_of(made, "activity.connections"), 7);
    EXPECT_EQ(value_of(made, "databases.deadlocks", {{"datname", "b"}}), 2);
    EXPECT_EQ(value_of(made, "databases.deadlocks", {{"datname", "c"}}), std::nullopt);
    EXPECT_EQ(value_of(made, "locks.blocked"), std::nullopt);
    const auto series = series_of(made, "databases.deadlocks");
    ASSERT_EQ(series.size(), 2U);
    EXPECT_EQ(label_of(series.front()->labels, "datname"), "a");
    EXPECT_EQ(text_of(series.front()->labels), "datname=a");
}

TEST(Sample, SaysWhyAMetricIsUnknownByItsOwnNameOrItsGroup) {
    auto made = sample();
    made.unknowns.push_back({"locks", {}, "permission denied"});
    made.unknowns.push_back({"tables", {{"datname", "a"}}, "took longer than 2 s"});
    ASSERT_NE(unknown_of(made, "locks.blocked"), nullptr);
    EXPECT_EQ(unknown_of(made, "locks.blocked")->why, "permission denied");
    EXPECT_EQ(unknown_of(made, "activity.connections"), nullptr);
    const Labels here = {{"datname", "a"}, {"schemaname", "public"}, {"relname", "t"}};
    const Labels there = {{"datname", "b"}, {"schemaname", "public"}, {"relname", "t"}};
    EXPECT_NE(unknown_of(made, "tables.size", here), nullptr);
    EXPECT_EQ(unknown_of(made, "tables.size", there), nullptr);
    EXPECT_NE(unknown_of(made, "tables.size"), nullptr);
}

}  // namespace
}  // namespace caisson::monitor
