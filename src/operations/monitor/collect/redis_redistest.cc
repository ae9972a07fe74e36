// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "operations/monitor/collect/redis.h"
#include "tests/support/redis.h"

namespace caisson::monitor {
namespace {

TEST(RedisCollector, ReadsARealOne) {
    RedisCollector collector(test::Redis::shared().settings());
    redis::Connection client(test::Redis::shared().settings());
    client.command({"SET", "monitor:1", "x"});
    client.command({"SET", "monitor:2", "x", "EX", "100"});
    Sample sample;
    collector.read(sample);
    sample.finish();
    EXPECT_EQ(value_of(sample, "redis.up"), 1);
    EXPECT_GT(value_of(sample, "redis.memory_used").value_or(0), 0);
    EXPECT_GE(value_of(sample, "redis.keys_without_ttl").value_or(0), 1);
    EXPECT_GE(value_of(sample, "redis.keys_expiring").value_or(0), 1);
    EXPECT_TRUE(sample.unknowns.empty());
}

TEST(RedisCollector, OneThatIsAwayIsDownAndTheRestUnknown) {
    auto settings = test::Redis::shared().settings();
    settings.socket += ".not";
    RedisCollector collector(settings);
    Sample sample;
    collector.read(sample);
    sample.finish();
    EXPECT_EQ(value_of(sample, "redis.up"), 0);
    EXPECT_EQ(value_of(sample, "redis.memory_used"), std::nullopt);
    ASSERT_NE(unknown_of(sample, "redis.memory_used"), nullptr);
    EXPECT_FALSE(unknown_of(sample, "redis.memory_used")->why.empty());
}

}  // namespace
}  // namespace caisson::monitor
