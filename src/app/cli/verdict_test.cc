// SPDX-License-Identifier: Apache-2.0
#include "app/cli/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::cli {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const Moment now = *parse_moment("2026-11-27T12:00:00Z");

alerts::Alert firing(const std::string& rule, alerts::Level level, Moment began,
                     const std::string& cause = "") {
    return {.id = "id of " + rule,
            .rule = rule,
            .state = alerts::State::firing,
            .level = level,
            .value = 1,
            .began = began,
            .cause = cause.empty() ? rule : cause};
}

/// A monitor that has just looked, and found nothing.
Watched watched() {
    Watched watched;
    watched.now = now;
    watched.daemon_runs = true;
    watched.look = LastLook{.at = now - 12s, .interval = 30s};
    watched.book = alerts::Book{.at = now - 12s};
    watched.rules = alerts::default_rules();
    watched.pages = "alerts.md";
    return watched;
}

schedule::Age job(std::chrono::seconds success, const std::string& alarm) {
    schedule::Age age;
    age.job = "full";
    age.success = success;
    age.alarm = alarm;
    return age;
}

TEST(Verdict, IsHealthyWhereNothingFires) {
    const auto part = monitor_part(watched());
    EXPECT_EQ(part.mark, Mark::fine);
    EXPECT_THAT(part.text, HasSubstr("newest sample 12 seconds old"));
    EXPECT_THAT(part.below, IsEmpty());
    EXPECT_EQ(verdict_of({part}, now).text, "healthy");
}

TEST(Verdict, SaysWhatFiresSinceWhenAndWhatToDo) {
    auto given = watched();
    given.book->alerts = {
        firing("locks_blocked", alerts::Level::warning, now - 5min,
               "activity_longest_idle_in_transaction"),
        firing("activity_longest_idle_in_transaction", alerts::Level::critical, now - 20min)};
    const auto part = monitor_part(given);
    EXPECT_EQ(part.mark, Mark::bad);
    EXPECT_EQ(part.since, now - 20min);
    ASSERT_GE(part.below.size(), 2U);
    EXPECT_THAT(part.below[0], HasSubstr("critical a session has left its transaction open"));
    EXPECT_THAT(part.below[0], HasSubstr("since 2026-11-27 11:40Z (20 minutes)"));
    EXPECT_THAT(part.below[0], HasSubstr("what follows from it: 1 alert"));
    EXPECT_THAT(part.below[1], HasSubstr("pg_terminate_backend"));
    EXPECT_THAT(part.below[1], HasSubstr("alerts.md#activity_longest_idle_in_transaction"));
    EXPECT_EQ(verdict_of({part}, now).text,
              "not healthy since 2026-11-27 11:40Z (20 minutes): 1 critical alert, 1 warning");
}

TEST(Verdict, AWarningIsToBeSeenToAndNoFault) {
    auto given = watched();
    given.book->alerts = {firing("archiver_ready", alerts::Level::warning, now - 1h)};
    const auto verdict = verdict_of({monitor_part(given)}, now);
    EXPECT_EQ(verdict.mark, Mark::notice);
    EXPECT_THAT(verdict.text, HasSubstr("healthy, but see to this"));
}

TEST(Verdict, PendingAndResolvedAlertsAreNotTold) {
    auto given = watched();
    given.book->alerts = {firing("locks_blocked", alerts::Level::critical, now)};
    given.book->alerts[0].state = alerts::State::pending;
    EXPECT_EQ(monitor_part(given).mark, Mark::fine);
    given.book->alerts[0].state = alerts::State::resolved;
    EXPECT_EQ(monitor_part(given).mark, Mark::fine);
}

TEST(Verdict, ASampleThatIsTooOldIsAFaultAndNotFine) {
    auto given = watched();
    given.look->at = given.book->at = now - 3min;
    const auto part = monitor_part(given);
    EXPECT_EQ(part.mark, Mark::bad);
    EXPECT_THAT(part.text, HasSubstr("too old"));
    EXPECT_EQ(part.since, now - 3min);
}

TEST(Verdict, ADaemonThatIsDownIsSaidWithSinceWhenAndWhatToDo) {
    auto given = watched();
    given.daemon_runs = false;
    given.look->at = given.book->at = now - 3h;
    const std::vector<Part> parts = {daemon_part({.has_record = true, .last_heard = now - 3h}, now),
                                     monitor_part(given)};
    EXPECT_THAT(parts[0].text, HasSubstr("ended without a word after 2026-11-27 09:00Z (3 hours"));
    EXPECT_THAT(parts[0].text, HasSubstr("caisson up"));
    EXPECT_THAT(parts[1].text, HasSubstr("nobody looks while the daemon is down"));
    EXPECT_EQ(verdict_of(parts, now).text,
              "not healthy since 2026-11-27 09:00Z (3 hours): the daemon does not run");
}

TEST(Verdict, ADaemonThatIsThereMustAnswerAndSaysHowItIs) {
    const auto part_of = [](const std::string& health) {
        return daemon_part(
            {.runs = true, .address = "http://127.0.0.1:4000", .process = 7, .health = health},
            now);
    };
    EXPECT_EQ(part_of("healthy").text, "http://127.0.0.1:4000, process 7, healthy");
    EXPECT_EQ(part_of("healthy").mark, Mark::fine);
    EXPECT_EQ(part_of("degraded").mark, Mark::notice);
    EXPECT_EQ(part_of("unhealthy").mark, Mark::bad);
    EXPECT_EQ(part_of("").mark, Mark::bad);
    EXPECT_THAT(part_of("").text, HasSubstr("does not answer"));
}

TEST(Verdict, WhatCouldNotBeReadIsUnknownOnceForEachReason) {
    auto given = watched();
    given.look->unknown = {{"locks", "", "took longer than 2 s"},
                           {"activity", "", "took longer than 2 s"},
                           {"bloat", "datname=a", "no right"},
                           {"bloat", "datname=b", "no right"}};
    EXPECT_THAT(
        monitor_part(given).below,
        ElementsAre("unknown  locks, activity: took longer than 2 s", "unknown  bloat: no right"));
}

TEST(Verdict, WhereAnotherDaemonMeasuresThisOneJudgesNothing) {
    auto given = watched();
    given.look->collects = false;
    given.book->alerts = {firing("locks_blocked", alerts::Level::critical, now - 24h)};
    const auto part = monitor_part(given);
    EXPECT_EQ(part.mark, Mark::fine);
    EXPECT_THAT(part.text, HasSubstr("another daemon measures this server"));
}

TEST(Verdict, BackupsHaveTheAgesOfNowAndAnAlarmIsAFault) {
    LastLook look{.at = now - 1h, .backup = 2h, .proof = 47h};
    const auto fine = backups_part({job(2h, "")}, look, true, true, now);
    EXPECT_EQ(fine.mark, Mark::fine);
    EXPECT_EQ(fine.text, "newest 3 hours old; proven 2 days ago");
    const auto late = backups_part({job(50h, "full is 50 hours old")}, look, true, true, now);
    EXPECT_EQ(late.mark, Mark::bad);
    EXPECT_EQ(late.since, now - 50h);
    EXPECT_THAT(late.below, Contains("full is 50 hours old"));
}

TEST(Verdict, MissingBackupsAreToBeSeenToWhereTheyAreNeeded) {
    EXPECT_EQ(backups_part({}, {}, false, false, now).mark, Mark::fine);
    EXPECT_EQ(backups_part({}, {}, false, true, now).mark, Mark::notice);
    EXPECT_EQ(backups_part({}, LastLook{.at = now, .backup = 1h}, true, true, now).reason,
              "no backup is proven");
}

TEST(LastLook, SurvivesItsTextAndNothingElseIsOne) {
    const LastLook look{.at = now,
                        .interval = 30s,
                        .collects = false,
                        .unknown = {{"locks", "datname=a", "a \"reason\""}},
                        .proof = 3600s};
    EXPECT_EQ(parse_look(to_text(look)), look);
    EXPECT_EQ(parse_look(""), std::nullopt);
    EXPECT_EQ(parse_look("{\"at\": 3}"), std::nullopt);
    EXPECT_EQ(parse_look(to_text(look).substr(0, 40)), std::nullopt);
}

}  // namespace
}  // namespace caisson::cli
