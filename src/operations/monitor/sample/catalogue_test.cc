// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/sample/catalogue.h"

#include <algorithm>
#include <cctype>
#include <set>

#include <gtest/gtest.h>

#include "base/error.h"

namespace caisson::monitor {
namespace {

bool is_word(const std::string& text) {
    return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
        return std::islower(c) || std::isdigit(c) || c == '_' || c == '.';
    });
}

TEST(Catalogue, HasEachNameOnceAndMeaningAndSourceForAll) {
    std::set<std::string_view> names;
    std::set<std::string> exposed;
    for (const auto& row : catalogue()) {
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        EXPECT_TRUE(exposed.insert(exposed_name(row)).second) << exposed_name(row);
        EXPECT_TRUE(is_word(std::string(row.name))) << row.name;
        EXPECT_EQ(std::ranges::count(row.name, '.'), 1) << row.name;
        EXPECT_TRUE(row.help.ends_with('.')) << row.name;
        EXPECT_FALSE(row.source.empty()) << row.name;
        EXPECT_EQ(find_metric(row.name), &row);
    }
    EXPECT_GT(names.size(), 100U);
}

TEST(Catalogue, EveryThresholdSaysOnWhichSideAndWhoSaysSo) {
    for (const auto& row : catalogue()) {
        const auto& threshold = row.threshold;
        const bool has_any = !std::isnan(threshold.warning) || !std::isnan(threshold.critical);
        EXPECT_EQ(has_any, threshold.bad != Bad::none) << row.name;
        EXPECT_EQ(has_any, !threshold.source.empty()) << row.name;
        EXPECT_TRUE(!has_any || row.kind == Kind::gauge) << row.name << ": counters only grow";
        if (!std::isnan(threshold.warning) && !std::isnan(threshold.critical)) {
            EXPECT_EQ(threshold.bad == Bad::above, threshold.warning < threshold.critical)
                << row.name;
        }
    }
}

TEST(Catalogue, JudgesAtTheLimitAndOnTheRightSide) {
    const auto& used = metric("activity.used_percent");
    EXPECT_EQ(judge(used, 79.9), Level::fine);
    EXPECT_EQ(judge(used, 80), Level::warning);
    EXPECT_EQ(judge(used, 90), Level::critical);
    const auto& memory = metric("host.memory_available_percent");
    EXPECT_EQ(judge(memory, 25), Level::fine);
    EXPECT_EQ(judge(memory, 24), Level::warning);
    EXPECT_EQ(judge(memory, 9), Level::critical);
    EXPECT_EQ(judge(metric("server.up"), 0), Level::critical);
    EXPECT_EQ(judge(metric("server.up"), 1), Level::fine);
    EXPECT_EQ(judge(metric("databases.hit_percent"), 0), Level::warning) << "there is no critical";
    EXPECT_EQ(judge(metric("host.load1"), 1e9), Level::fine);
}

TEST(Catalogue, KeepsTheNamesThatDashboardsKnow) {
    EXPECT_EQ(exposed_name(metric("databases.deadlocks")), "pg_stat_database_deadlocks");
    EXPECT_EQ(exposed_name(metric("activity.sessions")), "pg_stat_activity_count");
    EXPECT_EQ(exposed_name(metric("wal.written")), "caisson_wal_written_bytes_total");
    EXPECT_EQ(exposed_name(metric("activity.used_percent")), "caisson_activity_used_percent");
}

TEST(Catalogue, AnExportersFigureThatIsInSecondsByItsNameIsNotScaled) {
    for (const auto& row : catalogue()) {
        const auto name = exposed_name(row);
        const bool is_milliseconds = row.unit == Unit::seconds && name.ends_with("_time");
        const bool is_total = row.unit == Unit::seconds && name.ends_with("_time_total");
        EXPECT_EQ(row.scale, is_milliseconds || is_total ? 1000 : 1) << row.name;
    }
}

TEST(Catalogue, ANameThatIsNoneIsAMistakeOfOurs) {
    EXPECT_EQ(find_metric("nothing.there"), nullptr);
    try {
        metric("nothing.there");
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::internal);
    }
}

}  // namespace
}  // namespace caisson::monitor
