// SPDX-License-Identifier: Apache-2.0
/// From [monitor] and the variables it refers to, to figures.
#include "platform/monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::platform {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const std::string head = "[platform]\nname = \"x\"\n[databases.main]\nname = \"main_db\"\n";
const std::string usual =
    "[variables.MONITORING_INTERVAL]\ntype = \"duration\"\ndefault = \"10s\"\n"
    "[variables.SLOW_QUERY_THRESHOLD]\ntype = \"duration\"\n"
    "[variables.MAX_METRICS_STORED]\ntype = \"integer\"\ndefault = 500\n";

MonitorSettings settings(const std::string& text, const Variables& variables = {}) {
    const auto parsed = parse(head + text, "/nowhere");
    for (const auto& mistake : parsed.mistakes) {
        ADD_FAILURE() << mistake.place.text() << ": " << mistake.message;
    }
    return monitor_settings(parsed.manifest, parsed.manifest.environment("local"), variables);
}

TEST(Monitor, IsADayOfThirtySecondsWhereNothingIsSaid) {
    const auto none = settings("");
    EXPECT_TRUE(none.collect);
    EXPECT_EQ(none.interval, 30s);
    EXPECT_EQ(none.slow_query, 500ms);
    EXPECT_EQ(none.stored, 2880U);
}

TEST(Monitor, TakesTheVariablesThatPeopleKnowWhereTheyAreDeclared) {
    const Variables set = {{"MONITORING_INTERVAL", "15s"}, {"SLOW_QUERY_THRESHOLD", "2s"}};
    const auto undeclared = settings("", set);
    EXPECT_EQ(undeclared.interval, 30s);
    EXPECT_EQ(undeclared.slow_query, 500ms);
    const auto declared = settings(usual, set);
    EXPECT_EQ(declared.interval, 15s);
    EXPECT_EQ(declared.slow_query, 2s);
    EXPECT_EQ(declared.stored, 500U);
    EXPECT_EQ(settings(usual).interval, 10s);
    EXPECT_EQ(settings("[monitor]\ninterval = \"5s\"\n" + usual, set).interval, 5s);
}

TEST(Monitor, TakesValuesAndReferences) {
    const auto all = settings(
        "[monitor]\ncollect = false\ninterval = \"${PACE}\"\nexpensive = \"10m\"\ntimeout = "
        "\"1s\"\nstored = 100\nminutes = \"7d\"\nhours = \"365d\"\nhistory_size = \"64MB\"\n"
        "tables = 5\nindexes = 6\nqueries = 7\n[variables.PACE]\ntype = \"duration\"\n",
        {{"PACE", "1m"}});
    EXPECT_FALSE(all.collect);
    EXPECT_EQ(all.interval, 1min);
    EXPECT_EQ(all.expensive, 10min);
    EXPECT_EQ(all.timeout, 1s);
    EXPECT_EQ(all.stored, 100U);
    EXPECT_EQ(all.minutes, 24h * 7);
    EXPECT_EQ(all.hours, 24h * 365);
    EXPECT_EQ(all.history_bytes, 64U << 20U);
    EXPECT_EQ(all.tables, 5U);
    EXPECT_EQ(all.indexes, 6U);
    EXPECT_EQ(all.queries, 7U);
}

TEST(Monitor, ExpensiveFiguresAreReadNoMoreOftenThanOthers) {
    EXPECT_EQ(settings("[monitor]\ninterval = \"10m\"\nexpensive = \"1m\"\n").expensive, 10min);
}

TEST(Monitor, NamesEverythingThatDoesNotFit) {
    try {
        settings("[monitor]\ninterval = \"100ms\"\nstored = 2000000\nhistory_size = \"1MB\"\n");
        ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::variable_invalid);
        EXPECT_THAT(error.message(), HasSubstr("monitor.interval is \"100ms\"; expected a "
                                               "duration from 1s to 3600s"));
        EXPECT_THAT(error.message(), HasSubstr("monitor.stored is \"2000000\""));
        EXPECT_THAT(error.message(), HasSubstr("monitor.history_size is \"1MB\""));
    }
}

}  // namespace
}  // namespace caisson::platform
