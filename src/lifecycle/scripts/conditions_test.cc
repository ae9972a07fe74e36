// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scripts/conditions.h"

#include <gtest/gtest.h>

namespace caisson::scripts {
namespace {

TEST(ConditionsTest, TruthValuesAreThoseOfPsql) {
    for (const auto* text : {"true", "TRUE", "t", "tr", "yes", "y", "on", "ON", "1"}) {
        EXPECT_EQ(boolean_of(text), true) << text;
    }
    for (const auto* text : {"false", "F", "no", "n", "of", "off", "0"}) {
        EXPECT_EQ(boolean_of(text), false) << text;
    }
    for (const auto* text : {"", "o", "2", "truer", "true false", "10", ":x"}) {
        EXPECT_FALSE(boolean_of(text)) << text;
    }
}

TEST(ConditionsTest, OneBranchIsTaken) {
    Conditions conditions;
    const sql::Query query;
    std::optional<sql::Query> restored;
    conditions.begin(false, query);
    EXPECT_FALSE(conditions.is_active());
    EXPECT_TRUE(conditions.evaluates_elif());
    conditions.turn(true, query, restored);
    EXPECT_TRUE(conditions.is_active());
    conditions.turn(true, query, restored);
    EXPECT_FALSE(conditions.is_active());
    EXPECT_FALSE(conditions.evaluates_elif());
    conditions.otherwise(query, restored);
    EXPECT_FALSE(conditions.is_active());
    EXPECT_EQ(conditions.otherwise(query, restored), Conditions::Fault::after_else);
    EXPECT_EQ(conditions.end(restored), Conditions::Fault::none);
    EXPECT_TRUE(conditions.is_active());
    EXPECT_EQ(conditions.end(restored), Conditions::Fault::no_if);
}

TEST(ConditionsTest, NothingIsTakenInsideABranchThatIsNot) {
    Conditions conditions;
    const sql::Query query;
    std::optional<sql::Query> restored;
    conditions.begin(false, query);
    conditions.begin(true, query);
    EXPECT_FALSE(conditions.is_active());
    conditions.otherwise(query, restored);
    EXPECT_FALSE(conditions.is_active());
    conditions.end(restored);
    conditions.otherwise(query, restored);
    EXPECT_TRUE(conditions.is_active());
}

}  // namespace
}  // namespace caisson::scripts
