// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/directives.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::sources {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

struct DirectivesTest : testing::Test {
    Directives read(std::string_view text) { return read_directives(text, "a.sql", mistakes); }
    std::vector<Mistake> mistakes;
};

TEST_F(DirectivesTest, AFileSaysWhatItNeeds) {
    const auto found = read(
        "-- caisson: require exists (select from users);\n"
        "--caisson: ensure select count(*) = 0 from users where email is null\n"
        "  -- caisson: lock-timeout 2s\r\n"
        "-- caisson: irreversible what was encrypted\n-- caisson: irreversible stays so\n"
        "-- caisson: revision ced8f3f148bb\n-- caisson: parent 27c6a30d7c24, 8d2f5b1e9a10\n");
    EXPECT_THAT(mistakes, SizeIs(0));
    ASSERT_THAT(found.require, SizeIs(1));
    EXPECT_EQ(found.require[0].sql, "exists (select from users)");
    ASSERT_THAT(found.ensure, SizeIs(1));
    EXPECT_EQ(found.ensure[0].place.text(), "a.sql:2:1");
    EXPECT_EQ(found.lock_timeout, std::chrono::seconds(2));
    EXPECT_EQ(found.irreversible, "what was encrypted stays so");
    EXPECT_EQ(found.revision, "ced8f3f148bb");
    EXPECT_THAT(found.parents, ElementsAre("27c6a30d7c24", "8d2f5b1e9a10"));
}

TEST_F(DirectivesTest, AConditionIsOneExpressionThatClosesWhatItOpens) {
    for (const auto* const text :
         {"", "1) = 1 or (true", "true; drop table users", "(true", "'open", "true -- why"}) {
        mistakes.clear();
        const auto found = read(std::string("-- caisson: require ") + text);
        EXPECT_THAT(found.require, SizeIs(0)) << text;
        ASSERT_THAT(mistakes, SizeIs(1)) << text;
        EXPECT_THAT(mistakes[0].message, HasSubstr("require takes one condition")) << text;
    }
}

TEST_F(DirectivesTest, EveryMistakeIsToldWithItsPlace) {
    read(
        "-- caisson: irreversible\n-- caisson: lock-timeout soon\n-- caisson: revision a b\n"
        "-- caisson: parent\n-- caisson: requires true\n-- caisson: xyzzy\n");
    ASSERT_THAT(mistakes, SizeIs(6));
    EXPECT_EQ(mistakes[1].place.text(), "a.sql:2:1");
    EXPECT_THAT(mistakes[4].message, HasSubstr("did you mean require?"));
    EXPECT_THAT(mistakes[5].message, HasSubstr("known are no-transaction, feature NAME"));
}

TEST_F(DirectivesTest, LinesInsideQuotesAreNone) {
    const auto found = read(
        "select '\n-- caisson: no-transaction\n';\n/*\n-- caisson: feature x\n*/ select 1; -- "
        "caisson: nothing\n");
    EXPECT_FALSE(found.no_transaction);
    EXPECT_EQ(found.feature, "");
    EXPECT_THAT(mistakes, SizeIs(0));
}

}  // namespace
}  // namespace caisson::sources
