// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serving/cache/seen.h"

namespace caisson::cache {
namespace {

using namespace std::chrono_literals;
using OnMissing = platform::CacheKey::OnMissing;

platform::CacheKey key_of(const std::string& pattern, std::optional<std::chrono::seconds> ttl,
                          OnMissing on_missing = OnMissing::set) {
    platform::CacheKey key;
    key.pattern = pattern;
    key.ttl = ttl;
    key.on_missing = on_missing;
    return key;
}

TEST(Standing, ComparesTheTimeToLiveWithTheDeclaredOne) {
    EXPECT_EQ(judge(60s, 60s), Standing::right);
    EXPECT_EQ(judge(1ms, 60s), Standing::right);
    EXPECT_EQ(judge(61s, 60s), Standing::right);
    EXPECT_EQ(judge(61'001ms, 60s), Standing::too_long);
    EXPECT_EQ(judge(std::nullopt, 60s), Standing::missing);
    EXPECT_EQ(judge(std::nullopt, std::nullopt), Standing::right);
    EXPECT_EQ(judge(60s, std::nullopt), Standing::mortal);
}

TEST(Remedy, FollowsTheManifestAndLeavesTheRestAlone) {
    const auto sets = key_of("a:{x}", 60s);
    const auto removes = key_of("b:{x}", 60s, OnMissing::remove);
    EXPECT_EQ(remedy_of(Standing::missing, sets), Remedy::set);
    EXPECT_EQ(remedy_of(Standing::missing, removes), Remedy::remove);
    EXPECT_EQ(remedy_of(Standing::too_long, sets), Remedy::shorten);
    EXPECT_EQ(remedy_of(Standing::too_long, removes), Remedy::shorten);
    for (const auto standing : {Standing::right, Standing::mortal, Standing::unknown}) {
        EXPECT_EQ(remedy_of(standing, sets), Remedy::none) << to_text(standing);
    }
}

TEST(Tally, AddsUpKeysByPatternAndKeepsTheLargest) {
    Tally tally({key_of("session:{id}", 60s), key_of("flag:{name}", std::nullopt)}, 1);
    EXPECT_EQ(tally.add({"session:1", 0, 60s, 100, 3}), Standing::right);
    EXPECT_EQ(tally.add({"session:2", 0, std::nullopt, 300, 9}), Standing::missing);
    EXPECT_EQ(tally.add({"session:3", 0, 3600s, 200, 1}), Standing::too_long);
    EXPECT_EQ(tally.add({"flag:a", 1, 60s, 50, 255}), Standing::mortal);
    EXPECT_EQ(tally.add({"flag:b", 1, std::nullopt, {}, {}}), Standing::right);
    EXPECT_EQ(tally.add({"tmp:1", {}, std::nullopt, 7, {}}), Standing::unknown);
    tally.cleaned(0, Remedy::set, false);
    tally.cleaned(0, Remedy::shorten, true);
    const auto report = tally.report();
    EXPECT_EQ(report.keys, 6U);
    EXPECT_EQ(report.findings(), 4U);
    EXPECT_EQ(report.patterns[0].keys, 3U);
    EXPECT_EQ(report.patterns[0].bytes, 600U);
    EXPECT_EQ(report.patterns[0].largest, 300U);
    EXPECT_EQ(report.patterns[0].set.done, 1U);
    EXPECT_EQ(report.patterns[0].shortened.overtaken, 1U);
    EXPECT_EQ(report.patterns[1].mortal, 1U);
    ASSERT_EQ(report.unknown.size(), 1U);
    EXPECT_EQ(report.unknown[0].without_ttl, 1U);
    ASSERT_EQ(report.largest.size(), 5U);
    EXPECT_EQ(report.largest[0].key, "session:2");
    EXPECT_EQ(report.largest[4].pattern, "");
    EXPECT_EQ(report.hottest[0].key, "flag:a");
}

TEST(Tally, EstimatesMemoryFromASample) {
    Tally tally({key_of("a:{x}", 60s)}, 10);
    tally.add({"a:1", 0, 1s, 100, {}});
    tally.add({"a:2", 0, 1s, {}, {}});
    EXPECT_EQ(tally.report().patterns[0].bytes, 1000U);
    EXPECT_EQ(tally.report().largest[0].value, 100U);
}

TEST(Tally, KeepsTheTenLargestInWhateverOrderTheyCome) {
    Tally tally({}, 1);
    for (int i = 0; i < 100; ++i) {
        const auto value = static_cast<std::uint64_t>(i * 37 % 100);
        tally.add({"k" + std::to_string(value), {}, 1s, value, {}});
    }
    const auto largest = tally.report().largest;
    ASSERT_EQ(largest.size(), 10U);
    for (std::uint64_t i = 0; i < 10; ++i) {
        EXPECT_EQ(largest[i].value, 99 - i);
    }
}

TEST(Seen, TellsANewKeyFromOneThatWasThereHoweverManyThereAre) {
    Seen seen(10);
    for (int round = 0; round < 2; ++round) {
        for (std::uint64_t i = 0; i < 100'000; ++i) {
            ASSERT_EQ(seen.add(i * 0x9E3779B97F4A7C15ULL), round == 0) << i;
        }
    }
    EXPECT_EQ(seen.size(), 100'000U);
}

}  // namespace
}  // namespace caisson::cache
