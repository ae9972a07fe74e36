// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/instance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::cache {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view text =
    "# Server\r\nredis_version:7.0.15\r\nconfig_file:/etc/redis:x.conf\r\n\r\n# Memory\r\n"
    "used_memory:1120000\r\nmaxmemory:268435456\r\nmaxmemory_policy:allkeys-lfu\r\n"
    "# Replication\r\nrole:master\r\n# Cluster\r\ncluster_enabled:0\r\n"
    "# Keyspace\r\ndb0:keys=12,expires=3,avg_ttl=0\r\ndb3:keys=4,expires=0,avg_ttl=0\r\n";

TEST(Instance, IsWhatInfoSays) {
    const auto instance = instance_of(parse_info(text), 0);
    EXPECT_EQ(instance.version, "7.0.15");
    EXPECT_EQ(instance.major(), 7);
    EXPECT_EQ(instance.used_memory, 1'120'000U);
    EXPECT_EQ(instance.max_memory, 268'435'456U);
    EXPECT_EQ(instance.keys, 12U);
    EXPECT_TRUE(instance.counts_frequency());
    EXPECT_FALSE(instance.is_replica);
    EXPECT_FALSE(instance.is_cluster);
    EXPECT_THAT(instance.others, ElementsAre("db3"));
    EXPECT_EQ(instance_of(parse_info(text), 3).keys, 4U);
    EXPECT_EQ(parse_info(text).at("config_file"), "/etc/redis:x.conf");
}

TEST(Instance, OfAServerThatSaysNothingIsEmpty) {
    const auto instance = instance_of(parse_info("nonsense\n:\ndb:keys=1\ndbx:keys=1\n"), 0);
    EXPECT_EQ(instance.major(), 0);
    EXPECT_EQ(instance.keys, 0U);
    EXPECT_THAT(instance.others, IsEmpty());
}

TEST(Instance, KnowsThatItIsAReplicaOrAPartOfACluster) {
    const auto instance = instance_of(parse_info("role:slave\r\ncluster_enabled:1\r\n"), 0);
    EXPECT_TRUE(instance.is_replica);
    EXPECT_TRUE(instance.is_cluster);
}

}  // namespace
}  // namespace caisson::cache
