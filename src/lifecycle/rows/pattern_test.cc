// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/rows/pattern.h"

#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::rows {
namespace {

TEST(TextForPattern, MeetsThePatternsThatPlatformsCheck) {
    for (const std::string pattern :
         {"^[a-z][a-z0-9_]*$", "^[A-Z]{2}(-[A-Z0-9]{1,3})?$", "^https?://[^ ]+$", "^[0-9]{2,6}$",
          "^[a-z_]+(\\.[a-z_]+)+$", "^(AE|IN|US)-[A-Z0-9]+(-[A-Z0-9]+)*$", "^0x[0-9a-f]{40}$",
          "^\\+?[1-9]\\d{6,14}$", "^[A-U]([0-9]{2}(\\.[0-9]{1,2})?)?$", "^a{3}$"}) {
        for (const std::uint64_t number : {0U, 1U, 17U, 4711U, 990017U}) {
            const auto text = text_for_pattern(pattern, number);
            ASSERT_TRUE(text) << pattern;
            EXPECT_TRUE(std::regex_search(*text, std::regex(pattern))) << pattern << ": " << *text;
        }
    }
}

TEST(TextForPattern, KnowsTheClassesOfPosix) {
    EXPECT_EQ(text_for_pattern("^[^@[:space:]]+@[^@[:space:]]+$", 27), "1@a");
    EXPECT_EQ(text_for_pattern("^[[:upper:]][[:digit:]]{3}$", 0), "A000");
    EXPECT_EQ(text_for_pattern("^[[:alnum:]_.]+$", 5), "f");
}

TEST(TextForPattern, GivesAnotherTextForEachNumber) {
    std::set<std::string> texts;
    for (std::uint64_t number = 0; number < 1000; ++number) {
        texts.insert(text_for_pattern("^[A-Z]{2}-[0-9]{4}$", number).value());
    }
    EXPECT_EQ(texts.size(), 1000U);
}

TEST(TextForPattern, RefusesWhatItDoesNotKnow) {
    for (const std::string pattern :
         {"^(?=a)b$", "^(a)\\1$", "[a", "(a", "a{x}", "a)b", "[^!-~]"}) {
        EXPECT_EQ(text_for_pattern(pattern, 1), std::nullopt) << pattern;
    }
}

TEST(TextForLike, FillsTheWildcards) {
    EXPECT_EQ(text_for_like("x\\_%.csv", 1), "x_b.csv");
    EXPECT_EQ(text_for_like("a_c", 0), "aac");
}

}  // namespace
}  // namespace caisson::rows
