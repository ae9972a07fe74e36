// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/advice/reading.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operations/monitor/advice/sample_facts.h"

namespace caisson::advice {
namespace {

using testing::HasSubstr;

class Widths : public testing::Test {
 protected:
    Widths() {
        facts_.tables[0].columns = {"id", "note"};
        facts_.indexes[0].bytes = 20'000'000;
        facts_.columns = {{"public", "orders", "id", 0, -1, 8},
                          {"public", "orders", "note", 0.5, -1, 100}};
    }
    Facts facts_ = sound();
};

TEST_F(Widths, AreThoseOfAllColumnsWithTheHeader) {
    add_widths(facts_);
    EXPECT_EQ(facts_.tables[0].row_bytes, 24 + 8 + 50);
    EXPECT_EQ(facts_.indexes[0].key_bytes, 8);
}

/// A column without statistics may hold most of the row: half of a row is no estimate.
TEST_F(Widths, AreUnknownWhereOneColumnIs) {
    facts_.tables[0].columns.push_back("document");
    facts_.tables[0].bytes = 1'000'000'000;
    add_widths(facts_);
    EXPECT_EQ(facts_.tables[0].row_bytes, 0);
    EXPECT_THAT(rules_of(facts_), testing::IsEmpty());
    facts_.columns.push_back({"public", "orders", "document", 0, -1, 10});
    add_widths(facts_);
    EXPECT_THAT(rules_of(facts_), testing::ElementsAre("bloat"));
}

TEST(Sessions, AreOursByTheirNameOrTheirRole) {
    const std::vector<std::string> roles = {"shop_db_backup"};
    EXPECT_TRUE(is_ours({.user = "postgres", .application = "caisson backup"}, roles));
    EXPECT_FALSE(is_ours({.user = "app", .application = "caisson"}, roles));
    EXPECT_TRUE(is_ours({.user = "shop_db_backup", .application = "pg_dump"}, roles));
    EXPECT_FALSE(is_ours({.user = "app", .application = "caissonnier"}, roles));
    EXPECT_FALSE(is_ours({.user = "app", .application = "psql"}, roles));
}

TEST(Replicas, CountOnceAndOnlyThoseOfThisCluster) {
    const Identity primary{"7", "1.5", false};
    EXPECT_EQ(reason_against({"7", "2.5", true}, primary, {}), "");
    EXPECT_THAT(reason_against({"7", "2.5", true}, primary, {"2.5"}), HasSubstr("already"));
    EXPECT_THAT(reason_against({"7", "2.5", false}, primary, {}), HasSubstr("no replica"));
    EXPECT_THAT(reason_against(primary, primary, {}), HasSubstr("itself"));
    EXPECT_THAT(reason_against({"8", "2.5", true}, primary, {}), HasSubstr("another cluster"));
}

}  // namespace
}  // namespace caisson::advice
