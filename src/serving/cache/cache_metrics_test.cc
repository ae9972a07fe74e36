// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/cache_metrics.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::cache {
namespace {

using testing::HasSubstr;
using testing::Not;

StoredStats stats_of(std::string pattern, std::uint64_t hits) {
    StoredStats stats;
    stats.pattern = std::move(pattern);
    stats.local_hits = hits;
    stats.redis_hits = 2;
    stats.misses = 1;
    stats.loading = std::chrono::milliseconds(1500);
    return stats;
}

TEST(CacheMetrics, TellEachPatternByLevel) {
    Overview overview;
    overview.is_told = true;
    overview.patterns = {stats_of("thing:{tenant}:{role}:{id}", 7)};
    const auto text = metrics_text(overview);
    EXPECT_THAT(text, HasSubstr("caisson_cache_changes_told 1\n"));
    EXPECT_THAT(text,
                HasSubstr("caisson_cache_hits_total{level=\"process\",pattern=\"thing:{tenant}:"
                          "{role}:{id}\"} 7\n"));
    EXPECT_THAT(text, HasSubstr("level=\"redis\",pattern=\"thing:{tenant}:{role}:{id}\"} 2\n"));
    EXPECT_THAT(text,
                HasSubstr("caisson_cache_load_seconds_total{pattern=\"thing:{tenant}:{role}:{id}"
                          "\"} 1.5\n"));
}

TEST(CacheMetrics, AreNoMoreThanSoManyAndLoseNothing) {
    Overview overview;
    for (std::uint64_t i = 0; i < 150; ++i) {
        overview.patterns.push_back(stats_of("p" + std::to_string(i), 1000 + i));
        overview.patterns.back().place = i;
    }
    overview.declared = 150;
    const auto text = metrics_text(overview);
    const std::string misses = "\ncaisson_cache_misses_total{";
    std::size_t lines = 0;
    for (auto at = text.find(misses); at != std::string::npos; at = text.find(misses, at + 1)) {
        ++lines;
    }
    EXPECT_EQ(lines, 100U);
    EXPECT_THAT(text, HasSubstr("caisson_cache_misses_total{pattern=\"others\"} 51\n"));
    EXPECT_THAT(text, HasSubstr("pattern=\"p98\""));
    EXPECT_THAT(text, Not(HasSubstr("pattern=\"p99\"")));
    // Counters never fall: nobody changes sides, whatever is asked for most.
    overview.patterns[120].misses = 1'000'000;
    EXPECT_THAT(metrics_text(overview),
                HasSubstr("caisson_cache_misses_total{pattern=\"others\"} 1000050\n"));
    overview.patterns.erase(overview.patterns.begin() + 5);
    EXPECT_THAT(metrics_text(overview),
                HasSubstr("caisson_cache_misses_total{pattern=\"others\"} 1000050\n"));
}

}  // namespace
}  // namespace caisson::cache
