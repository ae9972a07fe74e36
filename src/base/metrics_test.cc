// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace caisson::metrics {
namespace {

using testing::HasSubstr;

TEST(Metrics, TheTextHasHelpTypeLabelsAndValues) {
    Registry registry;
    registry.counter("caisson_things_total", "Things", {{"kind", "a \"b\""}}).add(3);
    registry.gauge("caisson_level", "Level").set(0.5);
    const auto text = registry.text();
    EXPECT_THAT(text, HasSubstr("# HELP caisson_things_total Things\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE caisson_things_total counter\n"));
    EXPECT_THAT(text, HasSubstr("caisson_things_total{kind=\"a \\\"b\\\"\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("caisson_level 0.5\n"));
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameFigure) {
    Registry registry;
    registry.counter("caisson_things_total", "Things", {{"kind", "a"}}).add();
    registry.counter("caisson_things_total", "Things", {{"kind", "a"}}).add();
    registry.counter("caisson_things_total", "Things", {{"kind", "b"}}).add();
    EXPECT_EQ(registry.counter("caisson_things_total", "Things", {{"kind", "a"}}).value(), 2);
}

TEST(Metrics, AHistogramCountsIntoItsBounds) {
    Registry registry;
    auto histogram = registry.histogram("caisson_seconds", "Seconds", {}, {0.1, 1});
    histogram.observe(0.05);
    histogram.observe(0.5);
    histogram.observe(5);
    const auto text = registry.text();
    EXPECT_THAT(text, HasSubstr("caisson_seconds_bucket{le=\"0.1\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("caisson_seconds_bucket{le=\"1\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("caisson_seconds_bucket{le=\"+Inf\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("caisson_seconds_count 3\n"));
}

TEST(Metrics, ACounterFollowsATotalUpwardsOnly) {
    Registry registry;
    auto counter = registry.counter("caisson_things_total", "Things");
    counter.follow(5);
    counter.follow(3);
    EXPECT_EQ(counter.value(), 5);
}

TEST(Metrics, ANameThatPrometheusDoesNotAllowIsRefused) {
    Registry registry;
    try {
        registry.counter("caisson things", "Things");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::internal);
    }
}

TEST(Metrics, TheProcessTellsItsMemoryAndStart) {
    Registry registry;
    sample_process(registry);
    EXPECT_GT(registry.gauge("process_resident_memory_bytes", "Resident memory").value(), 1e6);
    EXPECT_GT(registry.gauge("process_open_fds", "Open file descriptors").value(), 2);
    EXPECT_GT(registry.gauge("process_start_time_seconds", "When the process started, in Unix time")
                  .value(),
              1.6e9);
}

}  // namespace
}  // namespace caisson::metrics
