// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/matcher.h"

#include <random>
#include <regex>

#include <gtest/gtest.h>

#include "base/error.h"

namespace caisson::cache {
namespace {

constexpr std::optional<std::size_t> none;

TEST(Matcher, TellsPatternsApart) {
    Matcher matcher({"session:{id}", "checkpoint:{session_id}:{step}",
                     "ratelimit:{user_id}:{action}", "cache:{key}"});
    EXPECT_EQ(matcher.match("session:a7"), 0U);
    EXPECT_EQ(matcher.match("checkpoint:a7:12"), 1U);
    EXPECT_EQ(matcher.match("ratelimit:7:login"), 2U);
    EXPECT_EQ(matcher.match("cache:x"), 3U);
    EXPECT_EQ(matcher.match("sessions:a7"), none);
    EXPECT_EQ(matcher.match("session"), none);
    EXPECT_EQ(matcher.match(""), none);
}

TEST(Matcher, APlaceholderIsOneOrMoreCharactersWithoutAColon) {
    Matcher matcher({"session:{id}", "checkpoint:{session_id}:{step}"});
    EXPECT_EQ(matcher.match("session:"), none);
    EXPECT_EQ(matcher.match("session:a:b"), none);
    EXPECT_EQ(matcher.match("session:a b.c-d/e\n{}*"), 0U);
    EXPECT_EQ(matcher.match(std::string("session:\0\xFF", 10)), 0U);
    EXPECT_EQ(matcher.match("checkpoint:a"), none);
    EXPECT_EQ(matcher.match("checkpoint::b"), none);
    EXPECT_EQ(matcher.match("checkpoint:a:"), none);
    EXPECT_EQ(matcher.match("checkpoint:a:b:c"), none);
}

TEST(Matcher, APlaceholderWithAStarTakesColonsToo) {
    Matcher matcher({"bull:{queue*}", "{tenant*}:settings"});
    EXPECT_EQ(matcher.match("bull:mails:waiting:1"), 0U);
    EXPECT_EQ(matcher.match("bull:"), none);
    EXPECT_EQ(matcher.match("a:b:settings"), 1U);
    EXPECT_EQ(matcher.match("a:settings:settings"), 1U);
    EXPECT_EQ(matcher.match(":settings"), none);
}

TEST(Matcher, TheMostSpecificPatternWinsWhereverItStands) {
    Matcher matcher({"{kind}:{id}", "session:{id}", "session:admin", "{kind}:admin"});
    EXPECT_EQ(matcher.match("session:admin"), 2U);
    EXPECT_EQ(matcher.match("session:7"), 1U);
    EXPECT_EQ(matcher.match("user:admin"), 3U);
    EXPECT_EQ(matcher.match("user:7"), 0U);
    Matcher equals({"a{x}", "{x}b"});
    EXPECT_EQ(equals.match("a-b"), 0U);
}

TEST(Matcher, KnowsNothingWithoutPatterns) {
    Matcher matcher({});
    EXPECT_EQ(matcher.match("session:7"), none);
    EXPECT_EQ(matcher.match(""), none);
}

TEST(Matcher, ManyPatternsOfMoreThanOneWordOfBitsDoNotRunIntoEachOther) {
    std::vector<std::string> patterns;
    for (int i = 0; i < 300; ++i) {
        patterns.push_back("namespace-" + std::to_string(i) + ":{id}:tail");
    }
    Matcher matcher(patterns);
    for (int i = 0; i < 300; ++i) {
        const auto key = "namespace-" + std::to_string(i) + ":x:tail";
        EXPECT_EQ(matcher.match(key), static_cast<std::size_t>(i)) << key;
        EXPECT_EQ(matcher.match(key + "n"), none);
        EXPECT_EQ(matcher.match(key.substr(0, key.size() - 1)), none);
    }
}

TEST(Matcher, RefusesAPatternThatNobodyChecked) { EXPECT_THROW(Matcher({"a{b"}), Error); }

/// The same patterns as regular expressions, on keys made of a few characters so that many match.
TEST(Matcher, AgreesWithRegularExpressions) {
    const std::vector<std::string> patterns = {"a:{x}", "a:{x}:b", "{x}:b", "{x}ab{y}", "a{x*}b"};
    std::vector<std::regex> expressions;
    for (const auto* text : {"a:[^:]+", "a:[^:]+:b", "[^:]+:b", "[^:]+ab[^:]+", "a.+b"}) {
        expressions.emplace_back(text);
    }
    const std::vector<std::size_t> literals = {2, 3, 2, 2, 2};
    Matcher matcher(patterns);
    std::mt19937 random(7);
    std::size_t matched = 0;
    for (int round = 0; round < 5000; ++round) {
        std::string key;
        for (auto left = 1 + random() % 7; left > 0; --left) {
            key += "ab:c"[random() % 4];
        }
        auto expected = none;
        for (std::size_t i = 0; i < patterns.size(); ++i) {
            if (std::regex_match(key, expressions[i]) &&
                (!expected || literals[i] > literals[*expected])) {
                expected = i;
            }
        }
        matched += expected ? 1 : 0;
        ASSERT_EQ(matcher.match(key), expected) << key;
    }
    EXPECT_GT(matched, 300U);
}

}  // namespace
}  // namespace caisson::cache
