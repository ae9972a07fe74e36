// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/sample/derive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::monitor {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

const At epoch = At(std::chrono::sys_days(std::chrono::year(2026) / 3 / 3));
const Labels db = {{"datname", "main"}};

struct Figures {
    double commits = 0;
    double rollbacks = 0;
    double hit = 0;
    double read = 0;
    double deadlocks = 0;
    double since = 1'000;
    double started = 100;
};

Sample sample(milliseconds age, const Figures& figures) {
    Sample made;
    made.at = epoch + age;
    for (const auto* group : {"server", "databases", "wal"}) {
        made.read_at[group] = made.at;
    }
    made.add("server.started_at", figures.started);
    made.add("server.up", 1);
    made.add("databases.since", figures.since, db);
    made.add("databases.commits", figures.commits, db);
    made.add("databases.rollbacks", figures.rollbacks, db);
    made.add("databases.blocks_hit", figures.hit, db);
    made.add("databases.blocks_read", figures.read, db);
    made.add("databases.deadlocks", figures.deadlocks, db);
    made.finish();
    return made;
}

Sample after(const Figures& first, const Figures& second, milliseconds elapsed = 30s) {
    Deriver derive(30s);
    auto before = sample(0s, first);
    derive.add(before, 0s);
    auto now = sample(elapsed, second);
    derive.add(now, elapsed);
    return now;
}

TEST(Derive, RatesAndSharesComeFromTwoSamples) {
    const auto now = after({100, 10, 5'000, 500, 1}, {370, 40, 14'900, 600, 6});
    EXPECT_EQ(value_of(now, "databases.transactions_per_second", db), 10);
    EXPECT_EQ(value_of(now, "databases.rollback_percent", db), 10);
    EXPECT_EQ(value_of(now, "databases.hit_percent", db), 99);
    EXPECT_EQ(value_of(now, "databases.deadlocks_per_minute", db), 10);
    EXPECT_TRUE(now.gaps.empty());
}

TEST(Derive, KnowsWhatItDerives) {
    const auto now = after({100, 10, 5'000, 500, 1}, {370, 40, 14'900, 600, 6});
    const auto before = sample(30s, {});
    for (const auto& reading : now.readings) {
        EXPECT_EQ(is_derived(reading.metric), series_of(before, reading.metric).empty())
            << reading.metric;
    }
}

TEST(Derive, TheFirstSampleHasNoDifferences) {
    Deriver derive(30s);
    auto first = sample(0s, {100, 10});
    derive.add(first, 0s);
    EXPECT_EQ(value_of(first, "databases.transactions_per_second", db), std::nullopt);
    ASSERT_EQ(first.gaps.size(), 1U);
    EXPECT_EQ(first.gaps.front().what, "");
}

TEST(Derive, FewEventsGiveNoShare) {
    const auto now = after({0, 0, 0, 0}, {1, 1, 10, 500});
    EXPECT_EQ(value_of(now, "databases.rollback_percent", db), std::nullopt);
    EXPECT_EQ(value_of(now, "databases.hit_percent", db), std::nullopt);
    EXPECT_NE(value_of(now, "databases.transactions_per_second", db), std::nullopt);
}

TEST(Derive, ACounterThatFellGivesNothing) {
    const auto now = after({100, 10}, {50, 20});
    EXPECT_EQ(value_of(now, "databases.transactions_per_second", db), std::nullopt);
}

TEST(Derive, AResetThatCountersHideIsSeenByItsMoment) {
    Figures second{500, 50};
    second.since = 2'000;
    const auto now = after({100, 10}, second);
    EXPECT_EQ(value_of(now, "databases.transactions_per_second", db), std::nullopt);
    ASSERT_EQ(now.gaps.size(), 1U);
    EXPECT_EQ(now.gaps.front().what, "databases main");
}

Sample with_redis(milliseconds age, milliseconds clock, double ran, double commands) {
    auto made = sample(age, {});
    made.at = epoch + clock;
    made.read_at["redis"] = made.at;
    made.add("redis.up", 1);
    made.add("redis.started_at",
             std::chrono::duration<double>(made.at.time_since_epoch()).count() - ran);
    made.add("redis.commands", commands);
    made.finish();
    return made;
}

TEST(Derive, RedisIsRestartedWhereItRanForLessAndNotWhereTheClockJumps) {
    Deriver derive(30s);
    auto first = with_redis(0s, 0s, 5'000, 100);
    derive.add(first, 0s);
    auto jumped = with_redis(30s, 54s, 5'030, 160);  // By less than what is a gap.
    derive.add(jumped, 30s);
    EXPECT_TRUE(jumped.gaps.empty());
    EXPECT_EQ(value_of(jumped, "redis.commands_per_second"), 2);
    auto restarted = with_redis(60s, 84s, 20, 400);
    derive.add(restarted, 60s);
    EXPECT_THAT(restarted.gaps,
                testing::ElementsAre(testing::Field(&Gap::why, "Redis was restarted")));
    EXPECT_EQ(value_of(restarted, "redis.commands_per_second"), std::nullopt);
}

TEST(Derive, RedisThatWasAwayIsAGapAlsoWhereItWentOn) {
    Deriver derive(30s);
    auto first = with_redis(0s, 0s, 5'000, 100);
    derive.add(first, 0s);
    auto away = sample(30s, {});
    away.add("redis.up", 0);
    away.unknowns.push_back({"redis", {}, "no answer"});
    away.finish();
    derive.add(away, 30s);
    auto back = with_redis(60s, 60s, 5'060, 160);
    derive.add(back, 60s);
    EXPECT_THAT(back.gaps, testing::ElementsAre(testing::Field(&Gap::why, "Redis was away")));
}

TEST(Derive, ARestartIsAGap) {
    Figures second{500, 50};
    second.started = 5'000;
    const auto now = after({100, 10}, second);
    EXPECT_EQ(value_of(now, "databases.transactions_per_second", db), std::nullopt);
    EXPECT_THAT(now.gaps, testing::Contains(testing::Field(&Gap::what, "databases")));
}

/// A sample of a server that does not answer.
Sample away(milliseconds age) {
    Sample made;
    made.at = epoch + age;
    made.add("server.up", 0);
    made.finish();
    return made;
}

TEST(Derive, ARestartThatIsSeenOnlyAfterTheServerWasAwayIsAGap) {
    Deriver derive(30s);
    auto before = sample(0s, {100, 10});
    derive.add(before, 0s);
    for (const auto age : {30s, 60s, 90s}) {
        auto gone = away(age);
        derive.add(gone, age);
        EXPECT_TRUE(gone.gaps.empty());
    }
    Figures second{500, 50};
    second.started = 5'000;
    second.since = 5'000;
    auto now = sample(120s, second);
    derive.add(now, 120s);
    EXPECT_THAT(now.gaps, testing::Contains(testing::AllOf(
                              testing::Field(&Gap::what, "databases"),
                              testing::Field(&Gap::why, "the server was restarted"))));
    EXPECT_EQ(value_of(now, "databases.transactions_per_second", db), std::nullopt);
}

TEST(Derive, AServerThatWasAwayAndIsTheSameIsAGap) {
    Deriver derive(30s);
    auto before = sample(0s, {100, 10});
    derive.add(before, 0s);
    auto gone = away(30s);
    derive.add(gone, 30s);
    auto now = sample(60s, {500, 50});
    derive.add(now, 60s);
    EXPECT_THAT(now.gaps, testing::Contains(
                              testing::AllOf(testing::Field(&Gap::what, "databases"),
                                             testing::Field(&Gap::why, "the server was away"))));
    auto after = sample(90s, {800, 50});
    derive.add(after, 90s);
    EXPECT_TRUE(after.gaps.empty());
    EXPECT_EQ(value_of(after, "databases.transactions_per_second", db), 10);
}

TEST(Derive, APauseIsAGap) {
    const auto now = after({100, 10}, {500, 50}, 10min);
    EXPECT_EQ(value_of(now, "databases.transactions_per_second", db), std::nullopt);
    ASSERT_FALSE(now.gaps.empty());
    EXPECT_EQ(now.gaps.front().why, "nothing was read for 600 s");
}

TEST(Derive, AClockThatJumpsChangesNoRate) {
    for (const auto jump : {milliseconds(24h), milliseconds(-24h)}) {
        Deriver derive(30s);
        auto before = sample(0s, {100, 0});
        derive.add(before, 0s);
        auto now = sample(30s, {400, 0});
        now.at += jump;
        derive.add(now, 30s);
        EXPECT_EQ(value_of(now, "databases.transactions_per_second", db), 10);
        ASSERT_EQ(now.gaps.size(), 1U);
        EXPECT_EQ(now.gaps.front().what, "clock");
    }
}

TEST(Derive, ADiskThatFillsSaysWhenItIsFull) {
    Deriver derive(30s);
    std::optional<double> full;
    for (int minute = 0; minute <= 30; ++minute) {
        Sample now;
        now.at = epoch + std::chrono::minutes(minute);
        now.add("disks.free", 1e9 - 6e6 * minute, {{"mountpoint", "/"}});
        now.finish();
        derive.add(now, std::chrono::minutes(minute));
        full = value_of(now, "disks.full_in");
        if (minute < 10) {
            EXPECT_EQ(full, std::nullopt) << minute;
        }
        EXPECT_EQ(unknown_of(now, "disks.full_in", {{"mountpoint", "/"}}) != nullptr, minute < 10)
            << minute << ": that nobody knows yet does not mean that it does not fill";
    }
    ASSERT_TRUE(full);
    EXPECT_NEAR(*full, (1e9 - 180e6) / 1e5, 1);
}

TEST(Derive, ARestartOfTheServerIsNoneOfTheHost) {
    Deriver derive(30s);
    for (int minute = 0; minute <= 30; ++minute) {
        auto now = sample(std::chrono::minutes(minute), {});
        now.add("disks.free", 1e9 - 6e6 * minute, {{"mountpoint", "/"}});
        if (minute == 29) {
            for (auto& reading : now.readings) {
                reading.value += reading.metric == "server.started_at" ? 1'700 : 0;
            }
        }
        now.finish();
        derive.add(now, std::chrono::minutes(minute));
        EXPECT_EQ(value_of(now, "disks.full_in").has_value(), minute >= 10) << minute;
    }
}

TEST(Derive, FailuresAndTimeoutsOfOursAreThoseSinceTheLastSample) {
    Deriver derive(30s);
    const auto at = [&](int step, double answered, double failed, double timeouts, double kept) {
        Sample now;
        now.at = epoch + step * 30s;
        now.add("http.answered", answered);
        now.add("http.failed", failed);
        now.add("pool.timeouts", timeouts, {{"database", "main"}});
        now.add("cache.kept", kept, {{"pattern", "a"}});
        now.add("cache.misses", kept / 3, {{"pattern", "a"}});
        now.add("cache.load_failures", timeouts, {{"pattern", "a"}});
        now.finish();
        derive.add(now, step * 30s);
        return now;
    };
    at(0, 1'000, 500, 7, 900);
    auto now = at(1, 1'300, 530, 9, 1'200);
    EXPECT_EQ(value_of(now, "http.failed_percent"), 10) << "and not 40 since it began";
    EXPECT_EQ(value_of(now, "http.per_second"), 10);
    EXPECT_EQ(value_of(now, "pool.new_timeouts", {{"database", "main"}}), 2);
    EXPECT_EQ(value_of(now, "cache.hit_percent"), 75);
    EXPECT_EQ(value_of(now, "cache.new_load_failures"), 2);
    now = at(2, 1'310, 540, 9, 1'200);
    EXPECT_EQ(value_of(now, "http.failed_percent"), std::nullopt) << "of ten, all say nothing";
    now = at(3, 40, 0, 0, 0);
    EXPECT_EQ(value_of(now, "http.failed_percent"), std::nullopt) << "another daemon counts anew";
    EXPECT_EQ(value_of(now, "pool.new_timeouts", {{"database", "main"}}), std::nullopt);
}

TEST(Derive, CheckpointsAreJudgedByTheHour) {
    Deriver derive(30s);
    std::optional<double> share;
    for (int minute = 0; minute <= 90; ++minute) {
        Sample now;
        now.at = epoch + std::chrono::minutes(minute);
        now.read_at["checkpoints"] = now.at;
        // Nothing but requested ones for half an hour, nothing but timed ones after it.
        now.add("checkpoints.requested", std::min(minute, 30));
        now.add("checkpoints.timed", std::max(minute - 30, 0));
        now.finish();
        derive.add(now, std::chrono::minutes(minute));
        share = value_of(now, "checkpoints.requested_percent");
        if (minute == 30) {
            EXPECT_EQ(share, 100);
        }
        if (minute == 60) {
            EXPECT_EQ(share, 50);
        }
    }
    EXPECT_EQ(share, 0);
}

}  // namespace
}  // namespace caisson::monitor
