// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/migrations/difference.h"

#include <gtest/gtest.h>

namespace caisson::migrations {
namespace {

std::string difference(std::string_view before, std::string_view after, std::size_t limit = 60) {
    return unified_difference(before, after, "old", "new", limit);
}

TEST(DifferenceTest, ShowsWhatChangedWithThreeLinesAround) {
    EXPECT_EQ(difference("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
              "--- old\n+++ new\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(DifferenceTest, ChangesFarApartAreHunksOfTheirOwn) {
    EXPECT_EQ(difference("a\n1\n2\n3\n4\n5\n6\n7\n8\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\n8\nB\n"),
              "--- old\n+++ new\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -7,4 +7,4 @@\n 6\n 7\n "
              "8\n-b\n+B\n");
}

TEST(DifferenceTest, LinesThatComeOrGoAreFound) {
    EXPECT_EQ(difference("", "1\n"), "--- old\n+++ new\n@@ -0,0 +1,1 @@\n+1\n");
    EXPECT_EQ(difference("1\n2\n", "2\n"), "--- old\n+++ new\n@@ -1,2 +1,1 @@\n-1\n 2\n");
    EXPECT_EQ(difference("1\n3\n", "1\n2\n3\n4\n"),
              "--- old\n+++ new\n@@ -1,2 +1,4 @@\n 1\n+2\n 3\n+4\n");
}

TEST(DifferenceTest, LineEndsAreNoDifference) {
    EXPECT_EQ(difference("a\r\nb\r\n",
                         "\xEF\xBB\xBF"
                         "a\nb\n"),
              "");
    EXPECT_NE(difference("a", "a\n"), "");
}

TEST(DifferenceTest, LongDifferencesAreCutAndSaySo) {
    std::string before;
    std::string after;
    for (int i = 0; i < 5000; ++i) {
        before += "b" + std::to_string(i) + "\n";
        after += "a" + std::to_string(i) + "\n";
    }
    const auto text = difference(before, after, 10);
    EXPECT_NE(text.find("… 9993 lines more"), std::string::npos) << text;
}

}  // namespace
}  // namespace caisson::migrations
