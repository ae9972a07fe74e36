// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::docs {
namespace {

using testing::ElementsAre;

/// All lines that are shown.
std::vector<std::string> lines(std::string_view found, std::string_view expected) {
    std::vector<std::string> all;
    for (const auto& hunk : compare(found, expected).hunks) {
        all.insert(all.end(), hunk.lines.begin(), hunk.lines.end());
    }
    return all;
}

TEST(Comparison, SaysWhereDifferencesAreAndHowManyThereAre) {
    const auto change = compare("# A\n\n## B\none\ntwo\nthree\n# C\nend\n",
                                "# A\n\n## B\none\n2\nthree\n# C\nfour\nend\n");
    EXPECT_EQ(change.added, 2U);
    EXPECT_EQ(change.removed, 1U);
    ASSERT_EQ(change.hunks.size(), 2U);
    EXPECT_EQ(change.hunks[0].line, 5U);
    EXPECT_EQ(change.hunks[0].section, "B");
    EXPECT_THAT(change.hunks[0].lines, ElementsAre("- two", "+ 2"));
    EXPECT_EQ(change.hunks[1].line, 8U);
    EXPECT_EQ(change.hunks[1].section, "C");
    EXPECT_THAT(change.hunks[1].lines, ElementsAre("+ four"));
}

TEST(Comparison, ShowsWhatCameAndWhatWent) {
    EXPECT_THAT(lines("a\nc\n", "a\nb\nc\n"), ElementsAre("+ b"));
    EXPECT_THAT(lines("a\nb\nc\n", "a\nc\n"), ElementsAre("- b"));
    EXPECT_THAT(lines("a\n", "a\nb\n"), ElementsAre("+ b"));
    EXPECT_THAT(lines("", "a\n"), ElementsAre("+ a"));
    EXPECT_THAT(lines("a\n\nc\n", "a\nb\n\nc\n"), ElementsAre("+ b"));
    EXPECT_THAT(lines("a\n", "a\n"), ElementsAre());
}

TEST(Comparison, ShowsOnlyTheBeginningOfALongDifference) {
    std::string found;
    std::string expected;
    for (int i = 0; i < 500; ++i) {
        found += "old " + std::to_string(i) + "\n";
        expected += "new " + std::to_string(i) + std::string(200, 'x') + "\n";
    }
    const auto change = compare(found, expected, 6);
    ASSERT_EQ(change.hunks.size(), 1U);
    EXPECT_EQ(change.hunks[0].lines.size(), 6U);
    EXPECT_EQ(change.hunks[0].lines[0], "- old 0");
    EXPECT_LT(change.hunks[0].lines[5].size(), 180U);
    EXPECT_EQ(change.removed, 500U);
}

TEST(Comparison, CountsLinesThatOnlyOccurMoreOften) {
    const auto change = compare("a\na\nb\n", "a\nb\n");
    EXPECT_EQ(change.removed, 1U);
    EXPECT_EQ(change.added, 0U);
}

}  // namespace
}  // namespace caisson::docs
