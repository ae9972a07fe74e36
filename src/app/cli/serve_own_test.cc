// SPDX-License-Identifier: Apache-2.0
#include "app/cli/serve_own.h"

#include <gtest/gtest.h>

#include "operations/monitor/sample/catalogue.h"

namespace caisson::cli {
namespace {

void expect_rows(const monitor::Sample& sample) {
    for (const auto& reading : sample.readings) {
        const auto* const row = monitor::find_metric(reading.metric);
        ASSERT_NE(row, nullptr) << reading.metric;
        std::vector<std::string> names;
        for (const auto& [name, value] : reading.labels) {
            names.push_back(name);
        }
        EXPECT_EQ(names, monitor::label_names(*row)) << reading.metric;
    }
}

TEST(ServeOwn, PoolRequestsAndMigrationsAreReadingsOfTheCatalogue) {
    daemon::Own own;
    own.pools = {{"main", 3, 4, 2, 7, 1}};
    own.migrations = {{"main", {5, 1, "005"}}};
    own.answered = 100;
    own.failed = 9;
    monitor::Sample sample;
    add_own(own, sample);
    sample.finish();
    expect_rows(sample);
    const monitor::Labels main{{"database", "main"}};
    EXPECT_EQ(value_of(sample, "pool.waiting", main), 2);
    EXPECT_EQ(value_of(sample, "pool.timeouts", main), 7);
    EXPECT_EQ(value_of(sample, "migrations.pending", main), 1);
    EXPECT_EQ(value_of(sample, "http.failed"), 9);
    EXPECT_EQ(value_of(sample, "http.p99"), std::nullopt) << "too few to say so";
    EXPECT_EQ(judge(monitor::metric("pool.waiting"), 2), monitor::Level::warning);
    EXPECT_EQ(judge(monitor::metric("migrations.pending"), 1), monitor::Level::warning);
}

TEST(ServeOwn, PatternsOfTheCacheAreBoundedAndTheRestIsCounted) {
    cache::Overview overview;
    for (int i = 0; i < 60; ++i) {
        auto& stats = overview.patterns.emplace_back();
        stats.pattern = "p" + std::to_string(i);
        stats.local_hits = 1;
        stats.redis_hits = 2;
        stats.waited = 3;
        stats.misses = 4;
        stats.failures = 5;
    }
    monitor::Sample sample;
    add_cache(overview, sample);
    sample.finish();
    expect_rows(sample);
    EXPECT_EQ(series_of(sample, "cache.kept").size(), 50U);
    EXPECT_EQ(value_of(sample, "monitor.left_out", {{"what", "cache"}}), 10);
    EXPECT_EQ(value_of(sample, "cache.kept", {{"pattern", "p7"}}), 6);
    EXPECT_EQ(value_of(sample, "cache.load_failures", {{"pattern", "p7"}}), 5);
}

}  // namespace
}  // namespace caisson::cli
