// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "serving/cache/cleaner.h"
#include "tests/support/redis.h"

namespace caisson::cache {
namespace {

using namespace std::chrono_literals;

class CleanerTest : public testing::Test {
 protected:
    CleanerTest() {
        redis({"FLUSHALL"});
        platform::CacheKey key;
        key.pattern = "a:{x}";
        key.ttl = 100s;
        keys_ = {key};
    }
    redis::Reply redis(const redis::Command& command) { return connection_.command(command); }
    std::int64_t ttl(const std::string& key) { return redis({"TTL", key}).integer(); }
    /// Applies the remedy to a key as somebody left it meanwhile; whether it came too late.
    bool overtaken(const std::string& key, Remedy remedy) {
        std::optional<bool> late;
        Cleaner cleaner(keys_, [&](const Cleaner::Planned&, bool was) { late = was; });
        const Cleaner::Moment now{};
        cleaner.plan({key, 0, Standing::missing, remedy, {}}, now);
        const auto replies = connection_.pipeline(cleaner.commands(10, now + 1s));
        cleaner.answered(replies);
        EXPECT_TRUE(cleaner.is_empty());
        return late.value();
    }

    redis::Connection connection_{test::Redis::shared().settings()};
    std::vector<platform::CacheKey> keys_;
};

TEST_F(CleanerTest, SettingRacesNobody) {
    redis({"SET", "a:1", "x"});
    EXPECT_FALSE(overtaken("a:1", Remedy::set));
    EXPECT_NEAR(static_cast<double>(ttl("a:1")), 100, 1);
    redis({"SET", "a:2", "x", "EX", "7"});  // The application was faster.
    EXPECT_TRUE(overtaken("a:2", Remedy::set));
    EXPECT_LE(ttl("a:2"), 7);
    redis({"SET", "a:3", "x", "EX", "5000"});
    EXPECT_TRUE(overtaken("a:3", Remedy::set));
    EXPECT_GT(ttl("a:3"), 4000);
    EXPECT_TRUE(overtaken("a:gone", Remedy::set));
    EXPECT_EQ(ttl("a:gone"), -2);
}

TEST_F(CleanerTest, ShorteningNeverMakesALifeLonger) {
    redis({"SET", "a:1", "x", "EX", "5000"});
    EXPECT_FALSE(overtaken("a:1", Remedy::shorten));
    EXPECT_LE(ttl("a:1"), 100);
    redis({"SET", "a:2", "x", "EX", "7"});
    EXPECT_TRUE(overtaken("a:2", Remedy::shorten));
    EXPECT_LE(ttl("a:2"), 7);
}

TEST_F(CleanerTest, DeletesOnlyWhatStillHasNoTimeToLive) {
    redis({"SET", "a:1", "x"});
    EXPECT_FALSE(overtaken("a:1", Remedy::remove));
    EXPECT_EQ(ttl("a:1"), -2);
    redis({"SET", "a:2", "x", "EX", "50"});
    EXPECT_TRUE(overtaken("a:2", Remedy::remove));
    EXPECT_GT(ttl("a:2"), 0);
    EXPECT_TRUE(overtaken("a:gone", Remedy::remove));
}

TEST_F(CleanerTest, ADeletionWaitsASecondAndTheRestDoesNot) {
    Cleaner cleaner(keys_, [](const Cleaner::Planned&, bool) {});
    const Cleaner::Moment now{};
    cleaner.plan({"a:1", 0, Standing::missing, Remedy::remove, {}}, now);
    cleaner.plan({"a:2", 0, Standing::missing, Remedy::set, {}}, now);
    auto commands = cleaner.commands(10, now);
    ASSERT_EQ(commands.size(), 1U);
    EXPECT_EQ(commands[0], (redis::Command{"EXPIRE", "a:2", "100", "NX"}));
    cleaner.answered(connection_.pipeline(commands));
    EXPECT_TRUE(cleaner.commands(10, now + 999ms).empty());
    EXPECT_FALSE(cleaner.is_empty());
    EXPECT_EQ(cleaner.commands(10, now + 1s).size(), 1U);
}

TEST_F(CleanerTest, TakesNoMoreAtATimeThanItIsTold) {
    Cleaner cleaner(keys_, [](const Cleaner::Planned&, bool) {});
    for (int i = 0; i < 5; ++i) {
        cleaner.plan({"a:" + std::to_string(i), 0, Standing::missing, Remedy::set, {}}, {});
    }
    for (const auto expected : {2U, 2U, 1U}) {
        const auto commands = cleaner.commands(2, {});
        EXPECT_EQ(commands.size(), expected);
        cleaner.answered(connection_.pipeline(commands));
    }
    EXPECT_TRUE(cleaner.is_empty());
}

TEST_F(CleanerTest, WhatRedisRefusesEndsTheRunWithItsOwnWords) {
    Cleaner cleaner(keys_, [](const Cleaner::Planned&, bool) {});
    cleaner.plan({"a:1", 0, Standing::missing, Remedy::set, {}}, {});
    cleaner.commands(1, {});
    redis::Reply refusal;
    refusal.kind = redis::Reply::Kind::error;
    refusal.value = "READONLY You can't write against a read only replica.";
    try {
        cleaner.answered(std::vector{refusal});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::database_rejected);
        EXPECT_EQ(error.fact("redis"), "READONLY");
    }
}

TEST_F(CleanerTest, AKeyThatMovedToAnotherNodeIsLeftToThatOne) {
    bool late = false;
    Cleaner cleaner(keys_, [&](const Cleaner::Planned&, bool was) { late = was; });
    cleaner.plan({"a:1", 0, Standing::missing, Remedy::set, {}}, {});
    cleaner.commands(1, {});
    redis::Reply moved;
    moved.kind = redis::Reply::Kind::error;
    moved.value = "MOVED 3999 127.0.0.1:6381";
    cleaner.answered(std::vector{moved});
    EXPECT_TRUE(late);
}

}  // namespace
}  // namespace caisson::cache
