// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/expose/expose.h"

#include <cstdlib>
#include <map>
#include <set>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"

namespace caisson::monitor {
namespace {

using testing::HasSubstr;
using testing::Not;

Sample sample() {
    Sample made;
    made.at = At(std::chrono::sys_days(std::chrono::year(2026) / 3 / 3));
    made.add("databases.deadlocks", 3, {{"datname", "a\"b\\c\nd"}});
    made.add("databases.read_seconds", 1.5, {{"datname", "main"}});
    made.add("activity.connections", 7);
    made.add("backups.alarm", 1, {{"job", "full"}});
    made.add("pool.waiting", 1, {{"database", "main"}});
    made.add("http.failed_percent", 3);
    made.unknowns.push_back({"locks", {}, "permission denied"});
    made.gaps.push_back({"databases main", "statistics were reset"});
    made.finish();
    return made;
}

TEST(Expose, PrometheusGetsKnownNamesUnitsAndEscapes) {
    const auto text = exposition(sample());
    EXPECT_THAT(text, HasSubstr("# TYPE pg_stat_database_deadlocks counter\n"
                                "pg_stat_database_deadlocks{datname=\"a\\\"b\\\\c\\nd\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("pg_stat_database_blk_read_time{datname=\"main\"} 1500\n"));
    EXPECT_THAT(text, HasSubstr("caisson_activity_connections 7\n"));
    EXPECT_THAT(text, HasSubstr("caisson_monitor_unknown{what=\"locks\"} 1\n"));
    EXPECT_THAT(text, Not(HasSubstr("caisson_backup")));
    EXPECT_THAT(text, Not(HasSubstr("caisson_pool_waiting"))) << "the daemon has it itself";
    EXPECT_THAT(text, HasSubstr("caisson_http_failed_percent 3\n"));
}

TEST(Expose, ModesOfLocksAreTheExportersAndEachIsThere) {
    Sample made;
    made.add("databases.backends", 2, {{"datname", "main"}});
    made.add("locks.blocked", 0);
    made.add("locks.held", 3, {{"datname", "main"}, {"mode", "AccessShareLock"}});
    made.finish();
    auto text = exposition(made);
    EXPECT_THAT(text, HasSubstr("pg_locks_count{datname=\"main\",mode=\"accesssharelock\"} 3\n"));
    EXPECT_THAT(text,
                HasSubstr("pg_locks_count{datname=\"main\",mode=\"accessexclusivelock\"} 0\n"));
    EXPECT_THAT(text, Not(HasSubstr("AccessShareLock")));
    EXPECT_EQ(label_of(series_of(made, "locks.held").front()->labels, "mode"), "AccessShareLock")
        << "ours is what people read";

    made.add("monitor.left_out", 1, {{"what", "locks.held"}});
    made.finish();
    EXPECT_THAT(exposition(made), Not(HasSubstr("accessexclusivelock")))
        << "what was left out may not be nought";

    made.readings.clear();
    made.add("databases.backends", 2, {{"datname", "main"}});
    made.unknowns.push_back({"locks", {}, "permission denied"});
    text = exposition(made);
    EXPECT_THAT(text, Not(HasSubstr("pg_locks_count")));
    EXPECT_THAT(text, HasSubstr("pg_exporter_last_scrape_error 1\n"));
}

TEST(Expose, ATableThatWasNeverVacuumedHasAMomentAllTheSame) {
    Sample made;
    const Labels one{{"datname", "main"}, {"schemaname", "public"}, {"relname", "one"}};
    const Labels two{{"datname", "main"}, {"schemaname", "public"}, {"relname", "two"}};
    made.add("tables.live_rows", 9, one);
    made.add("tables.live_rows", 9, two);
    made.add("tables.last_autovacuum", 1.7e9, two);
    made.finish();
    const auto text = exposition(made);
    EXPECT_THAT(text, HasSubstr("last_autovacuum{datname=\"main\",schemaname=\"public\",relname="
                                "\"one\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("relname=\"two\"} 1700000000\n"));
    EXPECT_THAT(text, HasSubstr("pg_exporter_last_scrape_error 0\n"));
}

TEST(Expose, OlderNamesAndRareFiguresAreThoseOfTheExporter) {
    Sample made;
    made.add("replication.behind", 2);
    made.add("databases.checksum_failures", 1, {{"datname", "main"}});
    made.add("slots.xmin_age", 7, {{"slot_name", "s"}, {"slot_type", "logical"}});
    made.finish();
    const auto text = exposition(made);
    EXPECT_THAT(text, HasSubstr("\npg_replication_lag 2\n"));
    EXPECT_THAT(text, HasSubstr("\npg_replication_lag_seconds 2\n"));
    EXPECT_THAT(text, HasSubstr("\npg_stat_database_checksum_failures{datname=\"main\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("\npg_replication_slots_xmin_age{slot_name=\"s\","));
}

TEST(Expose, WhatIsNotMeasuredIsSaidToBe) {
    Sample made;
    made.unmeasured.push_back({"wal.sync_seconds", {}, "track_wal_io_timing is off"});
    EXPECT_THAT(exposition(made),
                HasSubstr("caisson_monitor_unmeasured{what=\"wal.sync_seconds\"} 1\n"));
    EXPECT_THAT(exposition(made), Not(HasSubstr("caisson_monitor_unknown")));
    EXPECT_EQ(to_json(made).at("unmeasured").at(0).at("what"), "wal.sync_seconds");
    EXPECT_TRUE(to_json(made, {"locks"}).at("unmeasured").as_array().empty());
}

TEST(Expose, ASettingsNameIsPartOfTheMetrics) {
    Sample made;
    made.add("settings.value", 3, {{"name", "superuser_reserved_connections"}});
    made.finish();
    EXPECT_THAT(exposition(made),
                HasSubstr("# TYPE pg_settings_superuser_reserved_connections "
                          "gauge\npg_settings_superuser_reserved_connections 3\n"));
    EXPECT_THAT(grafana_dashboard(), HasSubstr("topk(10, {__name__=~\\\"pg_settings_.+\\\"})"));
}

TEST(Expose, JsonHasNumbersListsAndWhatIsUnknown) {
    const auto json = to_json(sample());
    EXPECT_EQ(json.at("at"), "2026-03-03T00:00:00Z");
    const auto& metrics = json.at("metrics").as_object();
    EXPECT_EQ(metrics.at("activity.connections").to_number<double>(), 7);
    EXPECT_EQ(metrics.at("databases.deadlocks").as_array().size(), 1U);
    EXPECT_EQ(json.at("unknown").as_array().front().at("why"), "permission denied");
    const auto some = to_json(sample(), {"activity"});
    EXPECT_EQ(some.at("metrics").as_object().size(), 1U);
    EXPECT_TRUE(some.at("unknown").as_array().empty());
    EXPECT_TRUE(some.at("gaps").as_array().empty());
}

TEST(Expose, EveryThresholdIsARule) {
    const auto text = prometheus_rules();
    for (const auto& row : catalogue()) {
        if (row.threshold.bad != Bad::none && row.name.find(".new_") == std::string_view::npos) {
            EXPECT_THAT(text, HasSubstr("expr: " + exposed_name(row) + " "));
        }
    }
    EXPECT_THAT(text, HasSubstr("alert: CaissonActivityUsedPercentCritical\n        expr: "
                                "caisson_activity_used_percent >= 90\n"));
    EXPECT_THAT(text, Not(HasSubstr("nan")));
    EXPECT_THAT(text, HasSubstr("caisson_monitor_unknown{what=~\"(server|"));
    EXPECT_THAT(text, Not(HasSubstr("caisson_monitor_unknown > 0")))
        << "statistics of bloat may never be readable, and would fire for ever";
}

TEST(Expose, TheManifestsThresholdsAreThoseOfTheRules) {
    RuleSettings settings;
    settings.manifest = "shop";
    settings.interval = std::chrono::minutes(10);
    settings.changes = {
        {.name = "activity_used_percent",
         .metric = "activity.used_percent",
         .warning = 50,
         .critical = 60,
         .hold = std::chrono::seconds(90)},
        {.name = "host_cpu_percent", .metric = "host.cpu_percent", .is_on = false},
        {.name = "too_many_sessions",
         .metric = "activity.sessions",
         .labels = {{"datname", "a\"b"}},
         .warning = 150,
         .is_own = true},
        {.name = "small", .metric = "settings.value", .below = true, .critical = 1, .is_own = true},
    };
    const auto text = prometheus_rules(settings);
    EXPECT_THAT(text, HasSubstr("expr: caisson_activity_used_percent >= 50\n        for: 90s\n"));
    EXPECT_THAT(text, HasSubstr("expr: caisson_activity_used_percent >= 60\n"));
    EXPECT_THAT(text, HasSubstr("the threshold is 60 (the manifest)"));
    EXPECT_THAT(text, Not(HasSubstr("caisson_activity_used_percent >= 90")));
    EXPECT_THAT(text, Not(HasSubstr("expr: caisson_host_cpu_percent")));
    EXPECT_THAT(text, HasSubstr("# Off in the manifest: host_cpu_percent.\n"));
    EXPECT_THAT(text, HasSubstr("alert: CaissonTooManySessions\n        expr: "
                                "'pg_stat_activity_count{datname=\"a\\\"b\"} >= 150'\n"));
    EXPECT_THAT(text, HasSubstr("expr: '{__name__=~\"pg_settings_.+\"} < 1'\n"));
    EXPECT_THAT(text, HasSubstr("scrape_interval: 10m or less"));
    EXPECT_THAT(text, HasSubstr("[20m]")) << "what is new must be seen by one scrape at least";
    EXPECT_THAT(text, HasSubstr("caisson_monitor_sampled_timestamp_seconds > 1800\n"));
}

TEST(Expose, StandbysThatAreMissingHaveARuleWhereTheDaemonCountsThem) {
    EXPECT_THAT(prometheus_rules(), HasSubstr("expr: caisson_replication_missing >= 1\n"));
    RuleSettings settings;
    settings.has_standbys = false;
    EXPECT_THAT(prometheus_rules(settings), Not(HasSubstr("caisson_replication_missing")));
}

TEST(Expose, TheDashboardHasAPanelForEveryMetricAndEachPlaceOnce) {
    const auto board = boost::json::parse(grafana_dashboard());
    std::set<std::pair<std::int64_t, std::int64_t>> places;
    std::set<std::string> titles;
    for (const auto& panel : board.at("panels").as_array()) {
        const auto& position = panel.at("gridPos");
        EXPECT_TRUE(
            places.insert({position.at("x").as_int64(), position.at("y").as_int64()}).second);
        titles.insert(panel.at("title").as_string().c_str());
    }
    for (const auto& row : catalogue()) {
        EXPECT_TRUE(titles.contains(std::string(row.name))) << row.name;
    }
}

/// The panels' units are ours: what others count in milliseconds is brought back to seconds.
TEST(Expose, APanelsExpressionHasTheUnitOfThePanel) {
    const auto board = boost::json::parse(grafana_dashboard());
    std::map<std::string, std::string> expressions;
    for (const auto& panel : board.at("panels").as_array()) {
        if (const auto* const targets = panel.as_object().if_contains("targets")) {
            expressions[panel.at("title").as_string().c_str()] =
                targets->at(0).at("expr").as_string().c_str();
        }
    }
    EXPECT_EQ(expressions.at("databases.read_seconds"),
              "topk(10, rate(pg_stat_database_blk_read_time[$__rate_interval]) / 1000)");
    EXPECT_EQ(expressions.at("statements.seconds"),
              "topk(10, rate(pg_stat_statements_seconds_total[$__rate_interval]))");
    std::size_t divided = 0;
    for (const auto& row : catalogue()) {
        const auto& expression = expressions.at(std::string(row.name));
        const auto factor = expression.find(" / ");
        ASSERT_EQ(factor != std::string::npos, row.scale != 1) << row.name;
        if (row.scale != 1) {
            EXPECT_EQ(std::stod(expression.substr(factor + 3)), row.scale) << row.name;
            ++divided;
        }
    }
    EXPECT_GE(divided, 4U);
}

/// After a change of the catalogue: CAISSON_UPDATE=1 build/dev/tests/expose_expose_test
TEST(Expose, ThePageOfTheReferenceIsWhatTheCatalogueSays) {
    const fs::path page = fs::path(CAISSON_SOURCE_DIR) / "docs/reference/monitor.md";
    constexpr std::string_view mark = "<!-- Made from the catalogue of metrics. -->\n\n";
    auto text = read_file(page);
    const auto begin = text.find(mark);
    ASSERT_NE(begin, std::string::npos);
    const auto expected = text.substr(0, begin) + std::string(mark) + metrics_reference();
    if (std::getenv("CAISSON_UPDATE")) {
        write_file(page, expected);
        text = expected;
    }
    EXPECT_TRUE(text == expected)
        << page << " is out of date: rewrite it with CAISSON_UPDATE=1 expose_expose_test";
}

TEST(Expose, WhatIsNewInOneSampleIsSeenByItsRule) {
    const auto text = prometheus_rules();
    for (const auto& row : catalogue()) {
        if (row.name.find(".new_") != std::string_view::npos && row.threshold.bad != Bad::none) {
            EXPECT_THAT(text, HasSubstr("expr: max_over_time(" + exposed_name(row) + "[15m])"));
            EXPECT_THAT(text, testing::Not(HasSubstr("expr: " + exposed_name(row) + " ")));
        }
    }
    EXPECT_THAT(text, testing::ContainsRegex("max_over_time[^\n]*\n        for: 0m"));
}

}  // namespace
}  // namespace caisson::monitor
