// SPDX-License-Identifier: Apache-2.0
#include "operations/schedule/runner.h"

#include <atomic>
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "operations/schedule/host_lease.h"
#include "tests/support/postgres.h"

namespace caisson::schedule {
namespace {

using namespace std::chrono;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Moment monday = sys_days(2026y / November / 23);

std::vector<Urgent> listed(const std::optional<Urgent>& urgent) {
    return urgent ? std::vector<Urgent>{*urgent} : std::vector<Urgent>();
}

struct RunnerTest : testing::Test {
    Runner::Options options(const std::string& host = "a") {
        Runner::Options options;
        options.jobs = {{"full", platform::Cron::parse("30 2 * * *").value()},
                        {"prune", platform::Cron::parse("0 4 * * *").value()}};
        options.state = directory.path() / "schedule.json";
        options.host = host;
        options.lease = [this] {
            return host_lease({directory.path() / "schedule.lock", {}, {}, {}});
        };
        options.run = [this, host](const Due& due) {
            ran.push_back(host + " " + due.job);
            if (!mistake.empty()) {
                throw Error(mistake == "interrupted" ? Code::interrupted : Code::backup_failed,
                            mistake);
            }
            return complaint;
        };
        options.say = [this](const std::string& text) { said.push_back(text); };
        options.clock = [this] { return now.load(); };
        return options;
    }

    test::Directory directory;
    std::atomic<Moment> now{monday};
    std::string mistake;
    std::string complaint;
    std::vector<std::string> ran;
    std::vector<std::string> said;
};

TEST_F(RunnerTest, RunsOneJobAStepAndThenNothing) {
    Runner runner(options());
    EXPECT_FALSE(runner.step());
    now = monday + 5h;
    EXPECT_TRUE(runner.step());
    EXPECT_TRUE(runner.step());
    EXPECT_FALSE(runner.step());
    EXPECT_THAT(ran, ElementsAre("a full", "a prune"));
    EXPECT_EQ(runner.ages()[0].success, 0s);
    EXPECT_EQ(runner.next()[0].at, monday + 24h + 2h + 30min);
}

TEST_F(RunnerTest, ServesSeveralHostsWithOneRunEach) {
    Runner a(options("a"));
    Runner b(options("b"));
    a.step();
    now = monday + 5h;
    EXPECT_TRUE(b.step());
    EXPECT_TRUE(a.step());
    EXPECT_FALSE(b.step());
    EXPECT_FALSE(a.step());
    EXPECT_THAT(ran, ElementsAre("b full", "a prune"));
}

TEST_F(RunnerTest, WaitsWhileAnotherHostHasTheLease) {
    Runner runner(options());
    runner.step();
    now = monday + 3h;
    {
        const auto held = host_lease({directory.path() / "schedule.lock", {}, {}, {}});
        EXPECT_FALSE(runner.step());
    }
    EXPECT_TRUE(runner.step());
}

TEST_F(RunnerTest, TriesAFailureAgainAndTellsOfIt) {
    Runner runner(options());
    runner.step();
    now = monday + 3h;
    mistake = "no space";
    EXPECT_TRUE(runner.step());
    EXPECT_FALSE(runner.step());
    EXPECT_THAT(said, ElementsAre("full failed, attempt 1: no space"));
    EXPECT_TRUE(runner.ages()[0].is_failing);
    now = monday + 3h + 5min;
    mistake = "";
    EXPECT_TRUE(runner.step());
    EXPECT_FALSE(runner.ages()[0].is_failing);
}

TEST_F(RunnerTest, RunsAgainWhatWasInterrupted) {
    Runner runner(options());
    runner.step();
    now = monday + 3h;
    mistake = "interrupted";
    EXPECT_TRUE(runner.step());
    EXPECT_FALSE(runner.ages()[0].is_failing);
    mistake = "";
    EXPECT_TRUE(Runner(options()).step());
    EXPECT_THAT(ran, ElementsAre("a full", "a full"));
}

TEST_F(RunnerTest, TakesAKilledRunForAFailure) {
    Runner runner(options());
    runner.step();
    now = monday + 3h;
    std::vector<std::string> notes;
    const auto file = directory.path() / "schedule.json";
    save(file, begun(load(file, notes), "full", monday + 2h + 30min, monday + 2h + 31min, "b"), {});
    now = monday + 4h;
    EXPECT_TRUE(runner.step());
    EXPECT_THAT(ran, ElementsAre("a prune"));
    EXPECT_THAT(said, ElementsAre(HasSubstr("full: the run of 2026-11-23 02:31Z on b did not")));
    now = monday + 4h + 5min;
    EXPECT_TRUE(runner.step());
    EXPECT_THAT(ran, ElementsAre("a prune", "a full"));
}

TEST_F(RunnerTest, FindsAKilledRunWhereNothingElseIsDue) {
    Runner runner(options());
    runner.step();
    now = monday + 3h;
    std::vector<std::string> notes;
    const auto file = directory.path() / "schedule.json";
    save(file, begun(load(file, notes), "full", monday + 2h + 30min, monday + 2h + 31min, "b"), {});
    {
        // It lives as long as it has the lease.
        const auto held = host_lease({directory.path() / "schedule.lock", {}, {}, {}});
        EXPECT_FALSE(runner.step());
        EXPECT_THAT(said, IsEmpty());
    }
    EXPECT_FALSE(runner.step());
    EXPECT_EQ(said.size(), 1U);
    now = monday + 3h + 5min;
    EXPECT_TRUE(runner.step());
    EXPECT_THAT(ran, ElementsAre("a full"));
}

TEST_F(RunnerTest, SaysThatAHistoryIsBrokenAndRunsNothingBecauseOfIt) {
    Runner runner(options());
    runner.step();
    now = monday + 3h;
    write_file(directory.path() / "schedule.json", "{");
    EXPECT_FALSE(runner.step());
    EXPECT_THAT(said, ElementsAre(HasSubstr("begins anew")));
    EXPECT_FALSE(runner.step());
    EXPECT_EQ(said.size(), 1U);
    EXPECT_THAT(ran, IsEmpty());
}

TEST_F(RunnerTest, GoesOnByMemoryWhereTheHistoryCannotBeWritten) {
    auto elsewhere = options();
    elsewhere.state = directory.path() / "gone" / "schedule.json";
    Runner runner(elsewhere);
    runner.step();
    now = monday + 3h;
    EXPECT_TRUE(runner.step());
    EXPECT_FALSE(runner.step());
    EXPECT_THAT(said, ElementsAre(HasSubstr("kept in memory only")));
    fs::create_directory(directory.path() / "gone");
    now = monday + 5h;
    EXPECT_TRUE(runner.step());
    std::vector<std::string> notes;
    EXPECT_EQ(load(elsewhere.state, notes).jobs.at("full").success, monday + 3h);
}

TEST_F(RunnerTest, ASuccessWithAComplaintIsNoFailureAndAnAlarm) {
    Runner runner(options());
    runner.step();
    now = monday + 3h;
    complaint = "offsite has no copy";
    EXPECT_TRUE(runner.step());
    EXPECT_FALSE(runner.step());
    const auto age = runner.ages()[0];
    EXPECT_FALSE(age.is_failing);
    EXPECT_EQ(age.success, 0s);
    EXPECT_EQ(age.alarm, "full succeeded, but: offsite has no copy");
    EXPECT_THAT(said, ElementsAre(HasSubstr("has a complaint: offsite has no copy")));
    // The next one, by whichever host, takes it away again.
    complaint = "";
    now = monday + 24h + 3h;
    Runner(options()).step();
    Runner again(options());
    again.step();
    EXPECT_EQ(again.ages()[0].alarm, "");
}

TEST_F(RunnerTest, RunsWhatIsUrgentOnceAndBeforeAllElse) {
    auto own = options();
    std::optional<Urgent> urgent;
    own.urgent = [&] { return listed(urgent); };
    Runner runner(own);
    EXPECT_FALSE(runner.step());
    urgent = {"gap", monday + 1h};
    now = monday + 5h;
    EXPECT_TRUE(runner.step());
    EXPECT_EQ(ran, std::vector<std::string>{"a gap"});
    // It is told for as long as nobody has looked again, and answered all the same: for others,
    // too.
    EXPECT_TRUE(runner.step());
    EXPECT_TRUE(runner.step());
    EXPECT_FALSE(runner.step());
    EXPECT_THAT(ran, ElementsAre("a gap", "a full", "a prune"));
    // Another one is another matter.
    urgent = {"gap", monday + 6h};
    now = monday + 6h;
    EXPECT_TRUE(runner.step());
    EXPECT_EQ(ran.size(), 4U);
}

TEST_F(RunnerTest, TriesWhatIsUrgentAgainForAsLongAsItIs) {
    auto own = options();
    own.jobs.clear();
    std::optional<Urgent> urgent = Urgent{"gap", monday};
    own.urgent = [&] { return listed(urgent); };
    Runner runner(own);
    mistake = "no room";
    int attempts = 0;
    for (auto minute = 0min; minute < 600min; minute += 1min) {
        now = monday + minute;
        attempts += runner.step() ? 1 : 0;
    }
    // After 5, 10, 20, 40 minutes, then every hour.
    EXPECT_EQ(attempts, 13);
    urgent.reset();
    now = monday + 24h;
    EXPECT_FALSE(runner.step());
}

TEST_F(RunnerTest, RunsAnOccurrenceOnceForTimersOfAllHosts) {
    now = monday + 3h;
    Runner a(options("a"));
    Runner b(options("b"));
    const auto job = options().jobs[0];
    EXPECT_TRUE(a.once(job));
    EXPECT_FALSE(b.once(job));
    EXPECT_THAT(ran, ElementsAre("a full"));
    // A daemon on the same history does not run it either.
    EXPECT_FALSE(b.step());
    now = monday + 24h + 3h;
    mistake = "no room";
    EXPECT_THROW(b.once(job), Error);
    EXPECT_TRUE(b.ages().empty() || b.ages()[0].is_failing);
    mistake = "";
    EXPECT_TRUE(a.once(job));
}

TEST_F(RunnerTest, ATimerWaitsForTheJobThatIsBeingRun) {
    auto own = options();
    own.pause = milliseconds(0);
    own.holder = [] { return std::string("process 7: scheduled jobs"); };
    now = monday + 4h;
    // The full backup of another timer takes three hours.
    int asked = 0;
    own.lease = [&]() -> Runner::Lease {
        now = monday + 4h + asked++ * 1h;
        return asked > 3 ? host_lease({directory.path() / "schedule.lock", {}, {}, {}}) : nullptr;
    };
    Runner runner(own);
    EXPECT_TRUE(runner.once(own.jobs[1]));
    EXPECT_EQ(now.load(), monday + 7h);
    EXPECT_THAT(ran, ElementsAre("a prune"));
    EXPECT_THAT(said,
                ElementsAre("prune waits: process 7: scheduled jobs runs a job of the schedule"));
    std::vector<std::string> notes;
    EXPECT_EQ(load(own.state, notes).jobs.at("prune").success, monday + 7h);
}

TEST_F(RunnerTest, ATimerIsContentWhenWhoHasTheLeaseRunsItsOccurrence) {
    now = monday + 5h;
    auto own = options();
    own.pause = milliseconds(0);
    own.lease = [&]() -> Runner::Lease {
        save(own.state, ended(begun({}, "prune", monday + 4h, now, "b"), "prune", now, ""), {});
        return nullptr;
    };
    EXPECT_FALSE(Runner(own).once(own.jobs[1]));
    EXPECT_THAT(ran, IsEmpty());
}

TEST_F(RunnerTest, ATimerGivesUpAtItsNextOccurrenceAndNamesWhoHasTheLease) {
    now = monday + 5h;
    auto own = options();
    own.pause = milliseconds(0);
    own.holder = [] { return std::string("process 7: scheduled jobs"); };
    own.lease = [&]() -> Runner::Lease {
        now = now.load() + 1h;
        return nullptr;
    };
    try {
        Runner(own).once(own.jobs[1]);
        FAIL() << "it waits for ever";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::locked);
        EXPECT_THAT(error.message(), HasSubstr("process 7"));
    }
    EXPECT_EQ(now.load(), monday + 24h + 4h);
    EXPECT_THAT(ran, IsEmpty());
}

TEST_F(RunnerTest, WhatFailsOfSeveralUrgentOnesKeepsNoOtherFromItsRun) {
    auto own = options();
    own.jobs.clear();
    own.urgent = [&] {
        return std::vector<Urgent>{{"gap local", monday}, {"gap offsite", monday}};
    };
    own.run = [this](const Due& due) {
        ran.push_back(due.job);
        if (due.job == "gap local") {
            throw Error(Code::backup_failed, "no room");
        }
        return std::string();
    };
    Runner runner(own);
    EXPECT_TRUE(runner.step());
    EXPECT_TRUE(runner.step());
    EXPECT_FALSE(runner.step());
    EXPECT_THAT(ran, ElementsAre("gap local", "gap offsite"));
    now = monday + 5min;
    EXPECT_TRUE(runner.step());
    EXPECT_FALSE(runner.step());
    EXPECT_EQ(ran.back(), "gap local");
}

TEST_F(RunnerTest, RunsByItselfUntilItIsStopped) {
    std::promise<std::string> done;
    auto own = options();
    own.pause = milliseconds(1);
    own.run = [&](const Due& due) {
        done.set_value(due.job);
        return std::string();
    };
    Runner runner(own);
    runner.step();
    now = monday + 3h;
    runner.start();
    EXPECT_EQ(done.get_future().get(), "full");
    runner.stop();
    EXPECT_EQ(runner.running(), "");
}

}  // namespace
}  // namespace caisson::schedule
