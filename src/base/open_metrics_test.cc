// SPDX-License-Identifier: Apache-2.0
#include "base/open_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::metrics {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

TEST(OpenMetrics, CountersLoseTheirSuffixInTheHeadAndItEndsWithTheMark) {
    Registry registry;
    registry.counter("caisson_things_total", "Things, \"all\"", {{"kind", "a"}}).add(3);
    registry.gauge("caisson_level", "Level").set(0.5);
    const auto text = open_metrics(registry.text(), {});
    EXPECT_THAT(text, HasSubstr("# HELP caisson_things Things, \\\"all\\\"\n"
                                "# TYPE caisson_things counter\n"
                                "caisson_things_total{kind=\"a\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE caisson_level gauge\ncaisson_level 0.5\n"));
    EXPECT_THAT(text, EndsWith("\n# EOF\n"));
}

TEST(OpenMetrics, ACounterOfAnotherNameIsOfUnknownType) {
    const auto text = open_metrics(
        "# HELP pg_x_commit Commits\n# TYPE pg_x_commit counter\npg_x_commit{d=\"m\"} 1\n"
        "# HELP x A gauge\n# TYPE x gauge\nx 1\n# HELP x_total Same stem\n# TYPE x_total "
        "counter\nx_total 2\n",
        {});
    EXPECT_THAT(text, HasSubstr("# TYPE pg_x_commit unknown\npg_x_commit{d=\"m\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE x_total unknown\nx_total 2\n")) << "two families called x";
}

TEST(OpenMetrics, AFamilyThatComesTwiceIsOne) {
    const auto text = open_metrics(
        "# HELP a A\n# TYPE a gauge\na{x=\"1\"} 1\n# HELP b B\n# TYPE b gauge\nb 1\n"
        "# HELP a A\n# TYPE a gauge\na{x=\"2\"} 2\n",
        {});
    EXPECT_EQ(text,
              "# HELP a A\n# TYPE a gauge\na{x=\"1\"} 1\na{x=\"2\"} 2\n"
              "# HELP b B\n# TYPE b gauge\nb 1\n# EOF\n");
}

TEST(OpenMetrics, ABucketNamesTheNewestRequestThatFellIntoIt) {
    Registry registry;
    Exemplars exemplars;
    auto histogram =
        registry.histogram("caisson_seconds", "Seconds", {{"route", "/a\"b"}}, {0.1, 1});
    const auto observe = [&](double value, const char* id) {
        histogram.observe(value);
        exemplars.add("caisson_seconds", {{"route", "/a\"b"}}, value, {"request_id", id}, {0.1, 1});
    };
    observe(0.1, "first");  // A bound belongs to its bucket.
    observe(0.05, "newest");
    observe(7, "slow");
    const auto text = open_metrics(registry.text(), exemplars);
    EXPECT_THAT(text, HasSubstr("caisson_seconds_bucket{route=\"/a\\\"b\",le=\"0.1\"} 2 # "
                                "{request_id=\"newest\"} 0.05 1"));
    EXPECT_THAT(text, HasSubstr("le=\"1.0\"} 2\n")) << "nothing fell into it";
    EXPECT_THAT(text, HasSubstr("le=\"+Inf\"} 3 # {request_id=\"slow\"} 7 1"));
    EXPECT_THAT(text, HasSubstr("# TYPE caisson_seconds histogram\n"));
    EXPECT_THAT(registry.text(), Not(HasSubstr("request_id")));
}

TEST(OpenMetrics, AnExemplarThatIsTooLongIsLeftOut) {
    Registry registry;
    Exemplars exemplars;
    registry.histogram("s", "S", {}, {1}).observe(0.5);
    exemplars.add("s", {}, 0.5, {"request_id", std::string(118, 'x')}, {1});
    EXPECT_THAT(open_metrics(registry.text(), exemplars), HasSubstr("request_id"));
    exemplars.add("s", {}, 2, {"request_id", std::string(119, 'x')}, {1});
    EXPECT_THAT(open_metrics(registry.text(), exemplars), HasSubstr("le=\"+Inf\"} 1\n"));
}

TEST(OpenMetrics, IsGivenToThoseWhoAskForIt) {
    EXPECT_TRUE(prefers_open_metrics("application/openmetrics-text"));
    EXPECT_TRUE(prefers_open_metrics(  // Prometheus 2.42.
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q="
        "0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
    EXPECT_FALSE(prefers_open_metrics(""));
    EXPECT_FALSE(prefers_open_metrics("*/*"));
    EXPECT_FALSE(prefers_open_metrics("text/plain, application/openmetrics-text;q=0.3"));
    EXPECT_FALSE(prefers_open_metrics("application/openmetrics-text; q=0"));
}

}  // namespace
}  // namespace caisson::metrics
