// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::cache {
namespace {

using checks::Outcome;
using checks::Severity;
using checks::Verdict;
using testing::HasSubstr;

const std::map<std::string, std::string> written = {
    {"maxmemory", "256mb"}, {"maxmemory-policy", "allkeys-lru"}, {"save", "900 1 300 10"}};

TEST(RedisSettings, HoldWhenRedisHasThemInWhateverUnit) {
    Verdict verdict;
    compare_settings(written,
                     {{{"maxmemory", "268435456"},
                       {"maxmemory-policy", "allkeys-lru"},
                       {"save", "900 1 300 10"}},
                      {}},
                     true, verdict);
    EXPECT_TRUE(verdict.findings.empty());
    EXPECT_EQ(verdict.found, "3 as declared");
}

TEST(RedisSettings, ADifferenceIsAnErrorOnAPrivateServerAndAWarningElsewhere) {
    const Configuration found{
        {{"maxmemory", "67108864"}, {"maxmemory-policy", "allkeys-lru"}, {"save", ""}}, {}};
    Verdict verdict;
    compare_settings(written, found, true, verdict);
    ASSERT_EQ(verdict.findings.size(), 2U);
    EXPECT_EQ(verdict.findings[0].message, "maxmemory is 64mb, expected 256mb");
    EXPECT_EQ(verdict.findings[0].severity, Severity::error);
    EXPECT_EQ(verdict.findings[0].remedy, "caisson up");
    EXPECT_EQ(verdict.found, "2 of 3 otherwise");
    Verdict remote;
    compare_settings(written, found, false, remote);
    EXPECT_EQ(remote.findings[1].severity, Severity::warning);
    EXPECT_EQ(remote.findings[1].message, "save is \"\", expected 900 1 300 10");
    EXPECT_EQ(remote.findings[1].remedy, "CONFIG SET save \"900 1 300 10\", then CONFIG REWRITE");
}

TEST(RedisSettings, WhatMayNotBeReadIsNotFineAndWhatIsUnknownIsSaid) {
    Verdict verdict;
    compare_settings(written, {{{"maxmemory", "268435456"}}, {"maxmemory-policy"}}, false, verdict);
    EXPECT_EQ(verdict.outcome, Outcome::cannot_run);
    ASSERT_EQ(verdict.findings.size(), 2U);
    EXPECT_THAT(verdict.findings[0].message, HasSubstr("may not be read"));
    EXPECT_THAT(verdict.findings[1].message, HasSubstr("knows no setting save"));
}

class RedisEviction : public testing::Test {
 protected:
    Verdict verdict(const std::string& policy, const std::string& limit = "268435456") {
        platform::CacheKey checkpoint;
        checkpoint.pattern = "checkpoint:{id}";
        checkpoint.ttl = std::chrono::hours(24);
        platform::CacheKey flag;
        flag.pattern = "flag:{name}";
        Verdict found;
        compare_eviction({checkpoint, flag},
                         {{{"maxmemory", limit}, {"maxmemory-policy", policy}}, {}}, found);
        return found;
    }
};

TEST_F(RedisEviction, OfAllKeysReachesThoseThatMustBeKept) {
    const auto found = verdict("allkeys-lru");
    ASSERT_EQ(found.findings.size(), 2U);
    EXPECT_EQ(found.findings[0].message,
              "keys checkpoint:{id} must not be evicted, and allkeys-lru may evict them");
    EXPECT_EQ(found.findings[0].severity, Severity::error);
}

TEST_F(RedisEviction, OfVolatileKeysReachesThoseWithATimeToLive) {
    const auto found = verdict("volatile-ttl");
    ASSERT_EQ(found.findings.size(), 1U);
    EXPECT_THAT(found.findings[0].message, HasSubstr("checkpoint:{id}"));
    EXPECT_THAT(found.findings[0].message, HasSubstr("because they have a time to live"));
}

TEST_F(RedisEviction, NeverHappensWithoutAPolicyOrALimit) {
    EXPECT_TRUE(verdict("noeviction").findings.empty());
    const auto unlimited = verdict("allkeys-lru", "0");
    EXPECT_TRUE(unlimited.findings.empty());
    EXPECT_EQ(unlimited.found, "allkeys-lru, without a limit of memory");
}

TEST_F(RedisEviction, IsNotKnownWhereThePolicyIsHidden) {
    EXPECT_EQ(verdict("").outcome, Outcome::cannot_run);
}

}  // namespace
}  // namespace caisson::cache
