// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/rate_limit.h"

#include <random>

#include <gtest/gtest.h>

namespace caisson::cache {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

RatePolicy policy(std::uint32_t quota, std::chrono::milliseconds window, std::uint32_t burst = 0) {
    return {"search", quota, window, burst};
}

TEST(Gcra, LetsABurstThroughAndThenOneEachInterval) {
    microseconds arrival{0};
    const auto limit = policy(10, 1s, 3);
    const microseconds now = 1'000s;
    for (std::uint32_t left = 3; left-- > 0;) {
        const auto verdict = gcra(limit, arrival, now);
        EXPECT_TRUE(verdict.is_allowed);
        EXPECT_EQ(verdict.remaining, left);
    }
    const auto refused = gcra(limit, arrival, now);
    EXPECT_FALSE(refused.is_allowed);
    EXPECT_EQ(refused.remaining, 0U);
    EXPECT_EQ(refused.retry_after, 100ms);
    EXPECT_FALSE(gcra(limit, arrival, now + 99ms).is_allowed);
    EXPECT_TRUE(gcra(limit, arrival, now + 100ms).is_allowed);
    EXPECT_EQ(gcra(limit, arrival, now + 10s).remaining, 2U);
}

TEST(Gcra, NeverMoreThanTheQuotaAndTheBurstInAnyWindow) {
    std::mt19937 random(3);
    const auto limit = policy(20, 1s, 5);
    microseconds arrival{0};
    microseconds now = 1'000s;
    std::vector<microseconds> allowed;
    for (int i = 0; i < 20'000; ++i) {
        now += microseconds(random() % 30'000);
        if (gcra(limit, arrival, now).is_allowed) {
            allowed.push_back(now);
        }
    }
    for (std::size_t first = 0, i = 0; i < allowed.size(); ++i) {
        while (allowed[i] - allowed[first] >= 1s) {
            ++first;
        }
        ASSERT_LE(i - first + 1, 25U);
    }
    EXPECT_GT(allowed.size(), 5'000U);
}

TEST(Gcra, ACostAboveTheBurstIsNeverAllowedAndCountsNothing) {
    microseconds arrival{0};
    const auto limit = policy(10, 1s, 3);
    EXPECT_FALSE(gcra(limit, arrival, 1'000s, 4).is_allowed);
    EXPECT_EQ(gcra(limit, arrival, 1'000s).remaining, 2U);
}

TEST(RateLimitFields, AreStructuredFields) {
    EXPECT_EQ(rate_limit_policy_field(policy(60, 60s)), "\"search\";q=60;w=60");
    RateVerdict verdict;
    verdict.remaining = 59;
    verdict.reset = 1001ms;
    EXPECT_EQ(rate_limit_field(policy(60, 60s), verdict), "\"search\";r=59;t=2");
    verdict.is_allowed = false;
    verdict.remaining = 0;
    verdict.retry_after = 300ms;
    EXPECT_EQ(rate_limit_field(policy(60, 60s), verdict), "\"search\";r=0;t=1");
    RatePolicy odd = policy(1, 1s);
    odd.name = "a\"b\\\xC3\xA4";
    EXPECT_EQ(rate_limit_policy_field(odd), "\"a\\\"b\\\\??\";q=1;w=1");
}

}  // namespace
}  // namespace caisson::cache
