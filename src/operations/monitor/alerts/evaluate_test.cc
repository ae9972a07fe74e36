// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/alerts/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "operations/monitor/alerts/first_step.h"
#include "operations/monitor/alerts/sample_alerts.h"

namespace caisson::alerts {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Rules, CoverEveryThresholdOfTheCatalogueOrSayWhyNot) {
    for (const auto& metric : monitor::catalogue()) {
        if (metric.threshold.bad == monitor::Bad::none) {
            continue;
        }
        const bool is_ruled = std::ranges::any_of(
            default_rules(), [&](const Rule& rule) { return rule.metric == metric.name; });
        EXPECT_NE(is_ruled, advice_only().contains(metric.name)) << metric.name;
    }
}

TEST(Rules, HaveARemedyInTheReference) {
    const auto page = read_file(fs::path(CAISSON_SOURCE_DIR) / "docs/reference/alerts.md");
    for (const auto& rule : default_rules()) {
        EXPECT_THAT(page, HasSubstr("\n### " + rule.name + "\n\n")) << rule.name;
    }
}

TEST(Rules, HaveAFirstStepEach) {
    for (const auto& rule : default_rules()) {
        EXPECT_FALSE(first_step(rule.name).empty()) << rule.name;
    }
    EXPECT_TRUE(first_step("many").empty());
}

TEST(Rules, AreConsequencesOfRulesAndNeverOfThemselves) {
    EXPECT_THAT(rules_of({}).mistakes, IsEmpty());
    platform::Alerting alerting;
    alerting.rules = {{.name = "locks_blocked", .cause = "activity_used_percent"}};
    EXPECT_THAT(rules_of(alerting).mistakes, Contains(HasSubstr("cause of itself")));
}

TEST(Rules, OfTheManifestChangeThoseThatAreThere) {
    platform::Alerting alerting;
    alerting.rules = {{.name = "activity_used_percent", .warning = 50, .hold = 5s},
                      {.name = "locks_blocked", .is_on = false},
                      {.name = "many", .metric = "activity.connections", .critical = 500}};
    const auto made = rules_of(alerting);
    EXPECT_THAT(made.mistakes, IsEmpty());
    const auto* const changed = find_rule(made.rules, "activity_used_percent");
    EXPECT_EQ(changed->warning, 50);
    EXPECT_EQ(changed->critical, 90);
    EXPECT_EQ(changed->clear_warning, 45);
    EXPECT_EQ(changed->hold, 5s);
    EXPECT_FALSE(find_rule(made.rules, "locks_blocked"));
    EXPECT_EQ(find_rule(made.rules, "many")->critical, 500);
}

platform::AlertRule own_rule(const std::string& metric) {
    platform::AlertRule rule;
    rule.name = "mine";
    rule.metric = metric;
    rule.warning = 3;
    return rule;
}

TEST(Rules, ThatCouldNeverFireOrWouldForEverAreMistakes) {
    platform::Alerting alerting;
    alerting.rules = {own_rule("activity.conections")};
    EXPECT_THAT(rules_of(alerting).mistakes,
                Contains(HasSubstr("did you mean activity.connections?")));
    alerting.rules = {own_rule("databases.commits")};
    EXPECT_THAT(rules_of(alerting).mistakes, Contains(HasSubstr("would fire for ever")));
    alerting.rules = {own_rule("databases.backends")};
    alerting.rules[0].labels = {{"database", "kyb"}};
    EXPECT_THAT(rules_of(alerting).mistakes,
                Contains(HasSubstr("has no label database; it has datname")));
    alerting.rules[0].labels = {{"datname", "kyb"}};
    EXPECT_THAT(rules_of(alerting).mistakes, IsEmpty());
    alerting.silences = {{"nightly", {"lock_blocked"}, "0 2 * * *", 1h, "backup"}};
    EXPECT_THAT(rules_of(alerting).mistakes, Contains(HasSubstr("did you mean locks_blocked?")));
}

TEST(Rules, OneThresholdOfTheManifestFitsTheOtherOrIsAMistake) {
    platform::Alerting alerting;
    alerting.rules = {{.name = "activity_used_percent", .warning = 95},
                      {.name = "host_memory_available_percent", .critical = 40}};
    const auto mistakes = rules_of(alerting).mistakes;
    ASSERT_EQ(mistakes.size(), 2U);
    EXPECT_THAT(mistakes[0], HasSubstr("critical from 90 and a warning from 95"));
    EXPECT_THAT(mistakes[1], HasSubstr("critical below 40 and a warning below 25"));
    alerting.rules = {{.name = "activity_used_percent", .warning = 95, .critical = 98}};
    EXPECT_THAT(rules_of(alerting).mistakes, IsEmpty());
}

TEST(Rules, OfTheManifestThatNameNothingAreMistakes) {
    platform::Alerting alerting;
    alerting.rules = {{.name = "lock_blocked", .warning = 1},
                      {.name = "mine", .metric = "no.such", .warning = 1}};
    const auto mistakes = rules_of(alerting).mistakes;
    EXPECT_THAT(mistakes, Contains(HasSubstr("did you mean locks_blocked?")));
    EXPECT_THAT(mistakes, Contains(HasSubstr("there is no metric no.such")));
}

TEST(Levels, StayUntilTheValueIsPastClear) {
    Rule rule{.name = "r", .metric = "activity.used_percent", .warning = 80, .critical = 90};
    rule.clear_warning = 72;
    rule.clear_critical = 81;
    EXPECT_EQ(level_of(rule, 79.9, {}), std::nullopt);
    EXPECT_EQ(level_of(rule, 80, {}), Level::warning);
    EXPECT_EQ(level_of(rule, 90, {}), Level::critical);
    EXPECT_EQ(level_of(rule, 81, Level::critical), Level::critical);
    EXPECT_EQ(level_of(rule, 80.9, Level::critical), Level::warning);
    EXPECT_EQ(level_of(rule, 72, Level::warning), Level::warning);
    EXPECT_EQ(level_of(rule, 71.9, Level::warning), std::nullopt);
}

TEST(Levels, MayBeBelowAThreshold) {
    const auto* const memory = find_rule(default_rules(), "host_memory_available_percent");
    EXPECT_EQ(level_of(*memory, 25, {}), std::nullopt);
    EXPECT_EQ(level_of(*memory, 24.9, {}), Level::warning);
    EXPECT_EQ(level_of(*memory, 9.9, {}), Level::critical);
    EXPECT_EQ(level_of(*memory, 26, Level::warning), Level::warning);
    const auto* const up = find_rule(default_rules(), "server_up");
    EXPECT_EQ(level_of(*up, 0, {}), Level::critical);
    EXPECT_EQ(level_of(*up, 1, Level::critical), std::nullopt);
}

/// `activity.used_percent`: a minute of hold and of stay, 80 and 90 percent.
class Machine : public testing::Test, protected Clockwork {
 protected:
    void used(double percent, milliseconds elapsed = 30s) {
        judge(reading("activity.used_percent", percent), elapsed);
    }
    std::string state() const { return Clockwork::state("activity_used_percent"); }
};

TEST_F(Machine, FiresOnceItWasBadForTheHold) {
    used(85);
    EXPECT_EQ(state(), "pending");
    used(85);
    EXPECT_EQ(state(), "pending");
    used(85);
    EXPECT_EQ(state(), "firing");
}

TEST_F(Machine, ForgetsWhatWasGoodBeforeIt) {
    used(85);
    used(50);
    EXPECT_EQ(state(), "fine");
    used(85);
    used(85);
    EXPECT_EQ(state(), "pending");
}

TEST_F(Machine, DoesNotFlapAtTheThreshold) {
    for (int i = 0; i < 3; ++i) {
        used(85);
    }
    for (int i = 0; i < 20; ++i) {
        used(i % 2 == 0 ? 79 : 81);
        EXPECT_EQ(state(), "firing");
    }
    used(70);
    EXPECT_EQ(state(), "firing") << "good for less than the stay";
    used(70);
    EXPECT_EQ(state(), "fine");
}

TEST_F(Machine, ResolvedAlertsAreToldAndThenGone) {
    for (int i = 0; i < 3; ++i) {
        used(85);
    }
    used(50);
    used(50);
    ASSERT_EQ(book.alerts.size(), 1U);
    EXPECT_EQ(book.alerts[0].state, State::resolved);
    EXPECT_EQ(book.alerts[0].ended, now);
    used(50);
    EXPECT_THAT(book.alerts, IsEmpty());
}

TEST_F(Machine, WhatCannotBeReadStaysAsItWas) {
    for (int i = 0; i < 3; ++i) {
        used(85);
    }
    judge(unknown("activity"));
    EXPECT_EQ(state(), "unknown, was firing");
    for (int i = 0; i < 100; ++i) {
        judge(unknown("activity"));
    }
    EXPECT_EQ(state(), "unknown, was firing") << "never resolved unseen";
    used(85);
    EXPECT_EQ(state(), "firing");
}

TEST_F(Machine, UnknownTimeIsNoBadTime) {
    used(85);
    judge(unknown("activity"), 1h);
    EXPECT_EQ(state(), "unknown, was pending");
    used(85);
    EXPECT_EQ(state(), "pending") << "it was not seen to be bad for a minute";
}

TEST_F(Machine, KnowsWhichRulesItCannotJudge) {
    judge(unknown("activity"));
    EXPECT_EQ(book.unknown.at("activity_used_percent"), "timeout");
    used(50);
    EXPECT_FALSE(book.unknown.contains("activity_used_percent"));
}

TEST_F(Machine, SaysSoWhenAGroupCannotBeReadForFiveMinutes) {
    for (int i = 0; i <= 9; ++i) {
        judge(unknown("locks"));
        EXPECT_EQ(Clockwork::state("unreadable"), "fine") << i;
    }
    judge(unknown("locks"));
    EXPECT_EQ(Clockwork::state("unreadable"), "firing");
    used(50);
    EXPECT_EQ(Clockwork::state("unreadable"), "fine");
}

TEST_F(Machine, WhatIsMissingForGoodIsNoAlert) {
    for (int i = 0; i < 100; ++i) {
        judge(unknown("statements"));
    }
    EXPECT_THAT(book.alerts, IsEmpty());
}

TEST_F(Machine, FollowsEachSeriesByItself) {
    monitor::Sample sample;
    sample.add("databases.xid_used_percent", 60, {{"datname", "a"}});
    sample.add("databases.xid_used_percent", 80, {{"datname", "b"}});
    judge(sample);
    ASSERT_EQ(book.alerts.size(), 2U);
    EXPECT_EQ(book.alerts[0].level, Level::warning);
    EXPECT_EQ(book.alerts[1].level, Level::critical);
}

TEST_F(Machine, ASeriesThatIsGoneIsResolved) {
    judge(reading("slots.lost", 1, {{"slot_name", "s"}, {"slot_type", "physical"}}));
    EXPECT_EQ(Clockwork::state("slots_lost"), "firing");
    judge(reading("activity.used_percent", 1));
    EXPECT_EQ(Clockwork::state("slots_lost"), "fine");
}

TEST_F(Machine, WhatNobodyHasLookedAtIsNotOver) {
    judge(reading("slots.lost", 1, {{"slot_name", "s"}, {"slot_type", "physical"}}));
    monitor::Sample half;  // As of a server that hangs after its first answer.
    half.add("server.up", 1);
    half.read_at["server"] = half.at;
    for (int i = 0; i < 10; ++i) {
        judge(half);
        EXPECT_EQ(Clockwork::state("slots_lost"), "unknown, was firing");
    }
    half.read_at["slots"] = half.at;
    judge(half);
    EXPECT_EQ(Clockwork::state("slots_lost"), "fine");
}

TEST_F(Machine, WhatFollowsFromTwoSamplesIsNotOverAcrossAGap) {
    judge(reading("host.new_oom_kills", 1));
    ASSERT_EQ(Clockwork::state("host_new_oom_kills"), "firing");
    auto cut = reading("host.load1", 1);
    cut.gaps.push_back({"", "nothing was read for 600 s"});
    judge(cut, 10min);
    EXPECT_EQ(Clockwork::state("host_new_oom_kills"), "unknown, was firing");
    EXPECT_EQ(alert("host_new_oom_kills")->why, "nothing was read for 600 s");
}

TEST_F(Machine, OfTwoWithTheSameLabelsTheWorseCounts) {
    monitor::Sample sample;
    const monitor::Labels labels = {{"application_name", "walreceiver"}, {"client_addr", "::1"}};
    sample.add("replication.replay_lag", 400, labels);
    sample.add("replication.replay_lag", 0, labels);
    for (int i = 0; i < 8; ++i) {
        judge(sample);
    }
    EXPECT_EQ(Clockwork::state("replication_replay_lag"), "firing");
    EXPECT_EQ(alert("replication_replay_lag")->level, Level::critical);
}

TEST_F(Machine, ARestartKeepsEverything) {
    used(85);
    restart();
    used(85);
    restart();
    used(85);
    EXPECT_EQ(state(), "firing");
    const auto text = to_text(book);
    restart();
    EXPECT_EQ(to_text(book), text);
    EXPECT_EQ(book.alerts[0].labels, alert("activity_used_percent")->labels);
}

TEST_F(Machine, TimeInWhichNobodyLookedIsNoBadTime) {
    used(85);
    judge(reading("activity.used_percent", 85), 8h, false);
    EXPECT_EQ(state(), "pending");
}

TEST_F(Machine, ClocksThatJumpChangeNothing) {
    used(85);
    now += 24h * 365;
    used(85);
    EXPECT_EQ(state(), "pending");
    now -= 24h * 730;
    used(85);
    EXPECT_EQ(state(), "firing");
    used(50);
    used(50);
    EXPECT_EQ(state(), "fine");
}

TEST_F(Machine, ABrokenBookIsNoBook) {
    EXPECT_FALSE(parse_book("").has_value());
    EXPECT_FALSE(parse_book(R"({"at": 7})").has_value());
    auto text = to_text(book);
    text.resize(text.size() / 2);
    EXPECT_FALSE(parse_book(text).has_value());
}

TEST_F(Machine, RulesThatAreNoMoreTakeTheirAlertsWithThem) {
    for (int i = 0; i < 3; ++i) {
        used(85);
    }
    std::erase_if(rules, [](const Rule& rule) { return rule.name == "activity_used_percent"; });
    used(85);
    EXPECT_EQ(state(), "fine");
}

}  // namespace
}  // namespace caisson::alerts
