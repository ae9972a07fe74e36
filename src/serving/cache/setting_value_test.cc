// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/setting_value.h"

#include <gtest/gtest.h>

namespace caisson::cache {
namespace {

TEST(SettingValue, SizesAreComparedAsSizes) {
    EXPECT_TRUE(has_value("maxmemory", "268435456", "256mb"));
    EXPECT_TRUE(has_value("maxmemory", "268435456", "256MB"));
    EXPECT_TRUE(has_value("maxmemory", "256000000", "256m"));
    EXPECT_FALSE(has_value("maxmemory", "256000000", "256mb"));
    EXPECT_TRUE(has_value("maxmemory", "1073741824", "1gb"));
    EXPECT_TRUE(has_value("maxmemory", "0", "0"));
    EXPECT_FALSE(has_value("maxmemory", "0", "256mb"));
}

TEST(SettingValue, WordsAreTheSameWhateverTheirCase) {
    EXPECT_TRUE(has_value("appendonly", "yes", "YES"));
    EXPECT_FALSE(has_value("appendonly", "no", "yes"));
    EXPECT_TRUE(has_value("maxmemory-policy", "allkeys-lru", "allkeys-lru"));
    EXPECT_FALSE(has_value("maxmemory-policy", "noeviction", "allkeys-lru"));
    EXPECT_FALSE(has_value("maxmemory-clients", "5%", "5"));
}

TEST(SettingValue, ListsAreTheSameWhateverBlanksAreBetween) {
    EXPECT_TRUE(has_value("save", "900 1 300 10 60 10000", "900 1  300 10\t60 10000"));
    EXPECT_FALSE(has_value("save", "900 1 300 10", "900 1"));
    EXPECT_TRUE(has_value("save", "", ""));
    EXPECT_FALSE(has_value("save", "3600 1 300 100 60 10000", ""));
}

TEST(SettingValue, OfTheLimitsForClientsOnlyTheWrittenClassesCount) {
    constexpr auto found = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60";
    EXPECT_TRUE(has_value("client-output-buffer-limit", found, "pubsub 32mb 8mb 60"));
    EXPECT_TRUE(
        has_value("client-output-buffer-limit", found, "replica 256mb 64mb 60 normal 0 0 0"));
    EXPECT_FALSE(has_value("client-output-buffer-limit", found, "pubsub 64mb 8mb 60"));
    EXPECT_FALSE(has_value("client-output-buffer-limit", found, "pubsub 32mb"));
}

TEST(SettingValue, EventsAreASetOfLetters) {
    EXPECT_TRUE(has_value("notify-keyspace-events", "xE", "Ex"));
    EXPECT_TRUE(has_value("notify-keyspace-events", "AKE", "KEg$lshzxetd"));
    EXPECT_FALSE(has_value("notify-keyspace-events", "xE", "xe"));
    EXPECT_FALSE(has_value("notify-keyspace-events", "", "Ex"));
}

TEST(SettingValue, IsShownInUnitsWhereItIsWrittenSo) {
    EXPECT_EQ(shown("67108864", "256mb"), "64mb");
    EXPECT_EQ(shown("1073741824", "256mb"), "1gb");
    EXPECT_EQ(shown("1000", "256mb"), "1000");
    EXPECT_EQ(shown("0", "256mb"), "0");
    EXPECT_EQ(shown("67108864", "268435456"), "67108864");
    EXPECT_EQ(shown("", "900 1"), "\"\"");
}

}  // namespace
}  // namespace caisson::cache
