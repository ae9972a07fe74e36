// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <set>

#include <gtest/gtest.h>

namespace caisson {
namespace {

TEST(Error, EveryKindHasAUniqueNameAMeaningAndARemedy) {
    std::set<std::string_view> names;
    for (const auto& kind : error_kinds()) {
        EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
        EXPECT_FALSE(kind.meaning.empty()) << kind.name;
        EXPECT_FALSE(kind.remedy.empty()) << kind.name;
        EXPECT_GE(kind.http_status, 400) << kind.name;
    }
}

TEST(Error, FallsBackToTheRemedyOfItsKind) {
    EXPECT_EQ(Error(Code::locked, "x").hint(), kind_of(Code::locked).remedy);
    EXPECT_EQ(Error(Code::locked, "x", "do this").hint(), "do this");
}

TEST(Error, KeepsTheFactOfTheLayerNearestToTheFault) {
    Error error(Code::migration_failed, "x");
    error.at({"001.sql", 3, 7}).with("place", "elsewhere").with("database", "d");
    EXPECT_EQ(error.fact("place"), "001.sql:3:7");
    EXPECT_EQ(error.fact("database"), "d");
    EXPECT_EQ(error.fact("absent"), "");
}

TEST(Place, LeavesOutWhatIsNotKnown) {
    EXPECT_EQ((Place{"f", 0, 0}).text(), "f");
    EXPECT_EQ((Place{"f", 2, 0}).text(), "f:2");
}

}  // namespace
}  // namespace caisson
