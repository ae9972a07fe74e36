// SPDX-License-Identifier: Apache-2.0
#include "operations/schedule/due.h"

#include <map>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::schedule {
namespace {

using namespace std::chrono;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr sys_days monday = 2026y / November / 23;

Job job(const std::string& name, const std::string& cron, seconds jitter = 0s) {
    return {name, platform::Cron::parse(cron).value(), jitter};
}

std::string text(const Due& due) {
    return fmt::format("{} of {} at {}, attempt {}, {} missed", due.job,
                       minute_text(due.occurrence), minute_text(due.at), due.attempt, due.missed);
}

struct DueTest : testing::Test {
    std::vector<std::string> due(Moment now) {
        std::vector<std::string> notes;
        history = settled(history, jobs, now, notes);
        std::vector<std::string> texts;
        for (const auto& each : schedule::due(jobs, history, "a", now)) {
            texts.push_back(text(each));
        }
        return texts;
    }
    /// Runs the job that is due first.
    void run(Moment now, const std::string& mistake = {}) {
        const auto first = schedule::due(jobs, history, "a", now).at(0);
        history = begun(history, first.job, first.occurrence, now, "a");
        history = ended(history, first.job, now + 1min, mistake);
    }

    std::vector<Job> jobs = {job("full", "30 2 * * *"), job("prune", "0 4 * * *")};
    History history;
};

TEST_F(DueTest, NothingIsDueBeforeItsFirstOccurrence) {
    EXPECT_THAT(due(monday + 1h), IsEmpty());
    EXPECT_THAT(due(monday + 2h + 29min), IsEmpty());
    EXPECT_THAT(due(monday + 2h + 30min),
                ElementsAre("full of 2026-11-23 02:30Z at 2026-11-23 02:30Z, attempt 1, 0 missed"));
    run(monday + 2h + 30min);
    EXPECT_THAT(due(monday + 3h), IsEmpty());
}

TEST_F(DueTest, ALostHistoryMakesNothingDue) { EXPECT_THAT(due(monday + 12h), IsEmpty()); }

TEST_F(DueTest, OneRunStandsForAllThatWereMissed) {
    due(monday + 1h);
    const auto later = monday + days(10) + 5h;
    EXPECT_THAT(
        due(later),
        ElementsAre("full of 2026-12-03 02:30Z at 2026-12-03 02:30Z, attempt 1, 10 missed",
                    "prune of 2026-12-03 04:00Z at 2026-12-03 04:00Z, attempt 1, 10 missed"));
    run(later);
    run(later);
    EXPECT_THAT(due(later), IsEmpty());
}

TEST_F(DueTest, AFailureIsTriedAgainLaterAndLaterAndThenAtTheNextOccurrence) {
    due(monday);
    auto now = Moment(monday + 2h + 30min);
    std::vector<minutes> waits;
    for (int attempt = 1; attempt <= 4; ++attempt) {
        ASSERT_EQ(due(now).size(), 1U) << attempt;
        run(now, "no space");
        const auto failed = now + 1min;
        EXPECT_THAT(due(failed), IsEmpty());
        while (now < monday + 4h && due(now).empty()) {
            now += 1min;
        }
        waits.push_back(duration_cast<minutes>(now - failed));
    }
    EXPECT_THAT(waits, ElementsAre(5min, 10min, 20min, monday + 4h - (monday + 3h + 9min)));
    EXPECT_EQ(history.jobs["full"].failures, 4);
    EXPECT_THAT(
        due(monday + days(1) + 3h),
        testing::Contains("full of 2026-11-24 02:30Z at 2026-11-24 02:30Z, attempt 1, 0 missed"));
}

TEST_F(DueTest, ASuccessEndsTheAttempts) {
    due(monday);
    run(monday + 2h + 30min, "no space");
    run(monday + 2h + 40min);
    EXPECT_THAT(due(monday + 3h + 59min), IsEmpty());
    EXPECT_EQ(history.jobs["full"].mistake, "");
}

TEST_F(DueTest, WhatBecameDueFirstIsRunFirstAndAtTheSameTimeTheTablesOrderCounts) {
    jobs = {job("full", "0 3 * * *"), job("check", "0 2 * * *"), job("prune", "0 3 * * *")};
    due(monday);
    std::vector<std::string> names;
    for (const auto& each : schedule::due(jobs, history, "a", monday + 3h)) {
        names.push_back(each.job);
    }
    EXPECT_THAT(names, ElementsAre("check", "full", "prune"));
}

TEST_F(DueTest, AClockThatGoesBackALittleRunsNothingTwice) {
    due(monday);
    run(monday + 2h + 30min);
    EXPECT_THAT(due(monday + 2h + 29min + 50s), IsEmpty());
    EXPECT_THAT(due(monday + 2h + 30min + 10s), IsEmpty());
}

TEST_F(DueTest, AClockThatGoesBackYearsGoesOnFromThere) {
    due(monday);
    run(monday + 2h + 30min);
    const auto past = monday - years(3);
    std::vector<std::string> notes;
    history = settled(history, jobs, past, notes);
    EXPECT_EQ(notes.size(), 2U);
    EXPECT_THAT(due(past), IsEmpty());
    EXPECT_LE(*history.jobs["full"].success, past);
    // The next occurrence by that clock.
    EXPECT_EQ(due(past + 1h * 24).size(), 2U);
}

TEST_F(DueTest, AClockThatGoesAheadAndBackRunsOnceEachTime) {
    due(monday);
    const auto future = monday + years(8) + 3h;
    EXPECT_EQ(due(future).size(), 2U);
    run(future);
    run(future);
    EXPECT_THAT(due(future), IsEmpty());
    EXPECT_THAT(due(monday + 1h), IsEmpty());
    EXPECT_THAT(due(monday + 2h + 31min),
                ElementsAre("full of 2026-11-23 02:30Z at 2026-11-23 02:30Z, attempt 1, 0 missed"));
}

TEST_F(DueTest, NextSaysWhenEachJobRuns) {
    due(monday);
    const auto list = next(jobs, history, "a", monday + 1h);
    ASSERT_EQ(list.size(), 2U);
    EXPECT_EQ(list[0].at, monday + 2h + 30min);
    EXPECT_EQ(list[1].at, monday + 4h);
    // Of a job that nobody knew.
    jobs.push_back(job("check", "0 0 1 * *"));
    EXPECT_EQ(next(jobs, history, "a", monday)[2].at, Moment(sys_days(2026y / December / 1)));
}

TEST(Delay, DiffersForHostsJobsAndOccurrencesAndStaysBelowTheJitter) {
    const auto full = job("full", "30 2 * * *", 5min);
    std::set<seconds> delays;
    for (int day = 0; day < 200; ++day) {
        const auto delay = delay_of(full, "a", monday + days(day));
        EXPECT_EQ(delay, delay_of(full, "a", monday + days(day)));
        EXPECT_GE(delay, 0s);
        EXPECT_LT(delay, 5min);
        delays.insert(delay);
    }
    EXPECT_GT(delays.size(), 100U);
    EXPECT_NE(delay_of(full, "a", monday), delay_of(full, "b", monday));
    EXPECT_NE(delay_of(full, "a", monday), delay_of(job("prune", "30 2 * * *", 5min), "a", monday));
    EXPECT_EQ(delay_of(job("full", "30 2 * * *"), "a", monday), 0s);
}

/// Whatever the clock's steps and the jitter: each occurrence once at most, and none is left out
/// while somebody looks.
TEST(Due, RunsEveryOccurrenceOnce) {
    std::mt19937 random(11);
    const std::vector<std::pair<std::string, seconds>> schedules = {
        {"*/5 * * * *", 12min}, {"17 * * * *", 0min}, {"0 0 * * *", 720min}};
    for (const auto& [cron, jitter] : schedules) {
        const std::vector<Job> jobs = {job("full", cron, jitter)};
        std::vector<std::string> notes;
        History history = settled({}, jobs, monday, notes);
        std::map<Moment, int> runs;
        int stood_for = 0;
        Moment now = monday;
        for (; now < monday + days(20); now += seconds(random() % 180)) {
            for (const auto& each : schedule::due(jobs, history, "a", now)) {
                ++runs[each.occurrence];
                stood_for += 1 + each.missed;
                history = begun(history, each.job, each.occurrence, now, "a");
                history = ended(history, each.job, now, "");
            }
        }
        int occurrences = 0;
        for (auto at = jobs[0].cron.next(monday); at <= runs.rbegin()->first;
             at = jobs[0].cron.next(at)) {
            ++occurrences;
        }
        EXPECT_EQ(stood_for, occurrences) << cron;
        for (const auto& [occurrence, count] : runs) {
            EXPECT_EQ(count, 1) << cron << ' ' << timestamp(occurrence);
        }
    }
}

}  // namespace
}  // namespace caisson::schedule
