// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/redis.h"

#include <gtest/gtest.h>

namespace caisson::monitor {
namespace {

constexpr const char* recorded =
    "# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:100\r\n# Memory\r\nused_memory:500\r\n"
    "maxmemory:2000\r\nmem_fragmentation_ratio:1.5\r\n# Persistence\r\n"
    "rdb_last_bgsave_status:err\r\naof_enabled:0\r\naof_last_write_status:ok\r\n"
    "# Keyspace\r\ndb0:keys=7,expires=3,avg_ttl=0\r\ndb3:keys=1,expires=0,avg_ttl=0\r\n";

TEST(Redis, InfoBecomesReadings) {
    Sample sample;
    add_info(parse_info(recorded), sample);
    sample.finish();
    EXPECT_EQ(value_of(sample, "redis.memory_used_percent"), 25);
    EXPECT_EQ(value_of(sample, "redis.save_ok"), 0);
    EXPECT_EQ(value_of(sample, "redis.append_ok"), std::nullopt) << "there is no such file";
    EXPECT_EQ(value_of(sample, "redis.keys", {{"db", "db0"}}), 7);
    EXPECT_EQ(value_of(sample, "redis.keys_without_ttl", {{"db", "db0"}}), 4);
    EXPECT_EQ(value_of(sample, "redis.keys_without_ttl", {{"db", "db3"}}), 1);
    EXPECT_EQ(value_of(sample, "redis.clients"), std::nullopt) << "what is not said is not nothing";
}

TEST(Redis, WithoutALimitOfMemoryThereIsNoShareOfIt) {
    Sample sample;
    add_info(parse_info("used_memory:500\r\nmaxmemory:0\r\n"), sample);
    EXPECT_EQ(value_of(sample, "redis.memory_used_percent"), std::nullopt);
}

TEST(Redis, ACacheThatMayDropAnyKeyIsNeverTooFull) {
    const auto read = [](const std::string& policy) {
        Sample sample;
        add_info(
            parse_info("used_memory:990\r\nmaxmemory:1000\r\nmaxmemory_policy:" + policy + "\r\n"),
            sample);
        sample.finish();
        EXPECT_EQ(value_of(sample, "redis.memory_used"), 990);
        return value_of(sample, "redis.memory_used_percent");
    };
    EXPECT_EQ(read("allkeys-lru"), std::nullopt);
    EXPECT_EQ(read("volatile-lru"), 99);
    EXPECT_EQ(read("noeviction"), 99);
}

}  // namespace
}  // namespace caisson::monitor
