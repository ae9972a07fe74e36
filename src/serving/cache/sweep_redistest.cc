// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "serving/cache/sweep.h"
#include "tests/support/redis.h"

namespace caisson::cache {
namespace {

using namespace std::chrono_literals;
using OnMissing = platform::CacheKey::OnMissing;
using testing::ElementsAre;

class SweepTest : public testing::Test {
 protected:
    SweepTest() {
        redis({"FLUSHALL"});
        redis({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
        options_.keys = {key_of("session:{id}", 7 * 24h), key_of("lock:{name}", 60s),
                         key_of("flag:{name}", std::nullopt)};
        options_.keys[1].on_missing = OnMissing::remove;
    }
    static platform::CacheKey key_of(const std::string& pattern,
                                     std::optional<std::chrono::seconds> ttl) {
        platform::CacheKey key;
        key.pattern = pattern;
        key.ttl = ttl;
        return key;
    }
    redis::Reply redis(const redis::Command& command) { return connection_.command(command); }
    std::int64_t ttl(const std::string& key) { return redis({"TTL", key}).integer(); }
    void fill(const std::string& prefix, int count, const redis::Command& more = {}) {
        std::vector<redis::Command> commands;
        for (int i = 0; i < count; ++i) {
            commands.push_back({"SET", prefix + std::to_string(i), "value"});
            commands.back().insert(commands.back().end(), more.begin(), more.end());
        }
        connection_.pipeline(commands);
    }
    Report run() { return sweep(connection_, options_); }

    redis::Connection connection_{test::Redis::shared().settings()};
    Options options_;
};

TEST_F(SweepTest, CountsEveryKeyOnceAndSaysWhatIsWrong) {
    fill("session:", 3000, {"EX", "600"});
    fill("session:old", 20);
    fill("session:long", 5, {"EX", "6000000"});
    fill("lock:", 7);
    fill("flag:", 4);
    fill("flag:x", 2, {"EX", "60"});
    fill("tmp:import:", 30);
    const auto report = run();
    EXPECT_EQ(report.keys, 3068U);
    ASSERT_EQ(report.patterns.size(), 3U);
    EXPECT_EQ(report.patterns[0].keys, 3025U);
    EXPECT_EQ(report.patterns[0].missing, 20U);
    EXPECT_EQ(report.patterns[0].too_long, 5U);
    EXPECT_GT(report.patterns[0].bytes, 3025U * 40);
    EXPECT_EQ(report.patterns[1].missing, 7U);
    EXPECT_EQ(report.patterns[2].keys, 6U);
    EXPECT_EQ(report.patterns[2].mortal, 2U);
    ASSERT_EQ(report.unknown.size(), 1U);
    EXPECT_EQ(report.unknown[0].shape, "tmp:import:{number}");
    EXPECT_EQ(report.unknown[0].without_ttl, 30U);
    EXPECT_EQ(report.findings(), 64U);
    EXPECT_TRUE(report.hottest.empty());
    // Nothing was changed.
    EXPECT_EQ(ttl("session:old1"), -1);
    EXPECT_EQ(ttl("lock:1"), -1);
}

TEST_F(SweepTest, AnEmptyDatabaseHasNothingWrong) {
    const auto report = run();
    EXPECT_EQ(report.keys, 0U);
    EXPECT_EQ(report.findings(), 0U);
}

TEST_F(SweepTest, NamesTheLargestKeysAndWhereThePolicyCountsThemTheHottest) {
    redis({"CONFIG", "SET", "maxmemory-policy", "allkeys-lfu"});
    fill("session:", 100, {"EX", "600"});
    redis({"SET", "session:large", std::string(100'000, 'x'), "EX", "600"});
    for (int i = 0; i < 300; ++i) {
        redis({"GET", "session:7"});
    }
    const auto report = run();
    ASSERT_FALSE(report.largest.empty());
    EXPECT_EQ(report.largest[0].key, "session:large");
    EXPECT_EQ(report.largest[0].pattern, "session:{id}");
    EXPECT_GT(report.largest[0].value, 100'000U);
    ASSERT_EQ(report.hottest.size(), 10U);
    EXPECT_EQ(report.hottest[0].key, "session:7");
    // Looking is not reading: a second look finds the same order.
    EXPECT_EQ(run().hottest[0].key, "session:7");
}

TEST_F(SweepTest, AsksASampleForMemoryOrNobody) {
    fill("session:", 2000, {"EX", "600"});
    const auto all = run().patterns[0].bytes;
    options_.sample = 4;
    const auto estimated = run().patterns[0].bytes;
    EXPECT_NE(estimated, 0U);
    EXPECT_NEAR(static_cast<double>(estimated), static_cast<double>(all),
                static_cast<double>(all) * 0.25);
    options_.sample = 0;
    EXPECT_EQ(run().patterns[0].bytes, 0U);
}

TEST_F(SweepTest, WeighsLargeCollectionsByAFewElementsOrExactly) {
    redis::Command fill_hash{"HSET", "session:h"};
    for (int i = 0; i < 1000; ++i) {
        fill_hash.push_back("f" + std::to_string(i));
        fill_hash.push_back(std::string(i < 900 ? 10 : 3000, 'x'));
    }
    redis(fill_hash);
    redis({"EXPIRE", "session:h", "600"});
    options_.exact = true;
    const auto exact = redis({"MEMORY", "USAGE", "session:h", "SAMPLES", "0"}).integer();
    EXPECT_EQ(run().patterns[0].bytes, static_cast<std::uint64_t>(exact));
}

TEST_F(SweepTest, CleaningSetsShortensAndDeletesAndTouchesNothingElse) {
    fill("session:good", 300, {"EX", "600"});
    fill("session:old", 200);
    fill("session:long", 50, {"EX", "6000000"});
    fill("lock:held", 5, {"EX", "30"});
    fill("lock:lost", 70);
    fill("flag:", 4);
    fill("flag:x", 2, {"EX", "600"});
    fill("tmp:", 30);
    options_.apply = true;
    std::vector<std::string> noted;
    options_.note = [&](const KeyNote& note) { noted.emplace_back(note.key); };
    const auto report = run();
    EXPECT_EQ(report.patterns[0].set.done, 200U);
    EXPECT_EQ(report.patterns[0].shortened.done, 50U);
    EXPECT_EQ(report.patterns[1].removed.done, 70U);
    EXPECT_EQ(noted.size(), 200U + 50 + 70 + 2 + 30);
    EXPECT_NEAR(static_cast<double>(ttl("session:old7")), 7 * 24 * 3600, 60);
    EXPECT_NEAR(static_cast<double>(ttl("session:long7")), 7 * 24 * 3600, 60);
    EXPECT_LE(ttl("session:good7"), 600);
    EXPECT_EQ(ttl("lock:lost7"), -2);
    EXPECT_GT(ttl("lock:held1"), 0);
    EXPECT_EQ(ttl("flag:1"), -1);
    EXPECT_GT(ttl("flag:x1"), 0);
    EXPECT_EQ(ttl("tmp:1"), -1);

    const auto again = run();
    EXPECT_EQ(again.patterns[0].findings(), 0U);
    EXPECT_EQ(again.patterns[1].findings(), 0U);
    EXPECT_EQ(again.patterns[0].set.done, 0U);
    EXPECT_EQ(again.keys, report.keys - 70);
}

TEST_F(SweepTest, AKeyThatGetsItsTimeToLiveMeanwhileIsNotDeleted) {
    fill("lock:", 3);
    options_.apply = true;
    // An application that writes a key, and its time to live after the key was looked at.
    redis::Connection application(test::Redis::shared().settings());
    options_.progress = [&](std::uint64_t done, std::uint64_t) {
        if (done == 3) {
            application.command({"EXPIRE", "lock:1", "1000"});
        }
    };
    const auto report = run();
    EXPECT_EQ(report.patterns[1].removed.done, 2U);
    EXPECT_EQ(report.patterns[1].removed.overtaken, 1U);
    EXPECT_GT(ttl("lock:1"), 900);
}

TEST_F(SweepTest, SeesEveryKeyThatStaysWhileTheTableGrowsAndShrinks) {
    fill("session:", 5000, {"EX", "600"});
    std::atomic<bool> stop{false};
    std::thread application([&] {
        redis::Connection other(test::Redis::shared().settings());
        while (!stop) {
            std::vector<redis::Command> commands;
            for (int i = 0; i < 2000; ++i) {
                commands.push_back({"SET", "tmp:" + std::to_string(i), "x", "EX", "600"});
            }
            other.pipeline(commands);
            commands.clear();
            for (int i = 0; i < 2000; ++i) {
                commands.push_back({"DEL", "tmp:" + std::to_string(i)});
            }
            other.pipeline(commands);
        }
    });
    for (int round = 0; round < 5; ++round) {
        const auto report = run();
        EXPECT_EQ(report.patterns[0].keys, 5000U);
        EXPECT_LE(report.unknown_keys(), 2000U);
    }
    stop = true;
    application.join();
}

TEST_F(SweepTest, KeysOfAnyBytesAreToldApart) {
    const std::string odd("session:\0\r\n\xFF", 12);
    redis({"SET", odd, "x"});
    redis({"SET", "session:a b", "x"});
    options_.apply = true;
    EXPECT_EQ(run().patterns[0].set.done, 2U);
    EXPECT_GT(ttl(odd), 0);
}

TEST_F(SweepTest, AnAccountThatMayNotAskForMemoryLearnsTheRest) {
    redis({"ACL", "SETUSER", "auditor", "on", ">quite-secret", "~*", "+@all", "-memory|usage"});
    fill("session:", 100);
    auto settings = test::Redis::shared().settings();
    settings.user = "auditor";
    settings.password = Secret("quite-secret");
    redis::Connection other(settings);
    const auto report = sweep(other, options_);
    EXPECT_EQ(report.patterns[0].missing, 100U);
    EXPECT_EQ(report.patterns[0].bytes, 0U);
    EXPECT_THAT(report.memory_refused, testing::HasSubstr("NOPERM"));
}

TEST_F(SweepTest, AnAccountThatMayNotWriteIsRefusedInItsOwnWords) {
    redis({"ACL", "SETUSER", "reader", "on", ">quite-secret", "~*", "+@all", "-expire"});
    fill("session:", 10);
    auto settings = test::Redis::shared().settings();
    settings.user = "reader";
    settings.password = Secret("quite-secret");
    redis::Connection other(settings);
    options_.apply = true;
    try {
        sweep(other, options_);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::database_rejected);
        EXPECT_EQ(error.fact("redis"), "NOPERM");
    }
    EXPECT_EQ(ttl("session:1"), -1);
}

TEST_F(SweepTest, AReplicaIsAuditedAndNotCleaned) {
    redis({"REPLICAOF", "127.0.0.1", "1"});
    options_.apply = true;
    try {
        run();
        ADD_FAILURE() << "a replica was cleaned";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::database_rejected);
        EXPECT_THAT(error.message(), testing::HasSubstr("replica"));
    }
    options_.apply = false;
    EXPECT_TRUE(run().instance.is_replica);
    redis({"REPLICAOF", "NO", "ONE"});
}

TEST_F(SweepTest, TellsProgressUpToTheNumberOfKeys) {
    fill("session:", 1000, {"EX", "600"});
    std::uint64_t last = 0;
    options_.progress = [&](std::uint64_t done, std::uint64_t total) {
        EXPECT_GE(done, last);
        EXPECT_EQ(total, 1000U);
        last = done;
    };
    run();
    EXPECT_EQ(last, 1000U);
}

}  // namespace
}  // namespace caisson::cache
