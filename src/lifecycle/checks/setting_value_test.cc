// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/checks/setting_value.h"

#include <gtest/gtest.h>

namespace caisson::checks {
namespace {

TEST(SettingValueTest, ComparesSizesWhateverTheirUnit) {
    const ServerSetting cache{"131072", "8kB", "integer"};
    for (const auto* const written :
         {"1GB", "1024MB", "1048576kB", "131072", "1073741824B", " 1 GB "}) {
        EXPECT_TRUE(has_value(cache, written)) << written;
    }
    for (const auto* const written : {"2GB", "1gb", "1G", "1", "", "GB", "1s", "1GB more"}) {
        EXPECT_FALSE(has_value(cache, written)) << written;
    }
    EXPECT_EQ(shown(cache), "1GB");
    EXPECT_EQ(shown({"16384", "8kB", "integer"}), "128MB");
    EXPECT_EQ(shown({"-1", "8kB", "integer"}), "-1");
}

TEST(SettingValueTest, ComparesTimes) {
    const ServerSetting checkpoint{"300", "s", "integer"};
    EXPECT_TRUE(has_value(checkpoint, "5min"));
    EXPECT_TRUE(has_value(checkpoint, "300000ms"));
    EXPECT_FALSE(has_value(checkpoint, "5MB"));
    EXPECT_EQ(shown(checkpoint), "5min");
    EXPECT_TRUE(has_value({"2", "ms", "real"}, "2000us"));
    EXPECT_TRUE(has_value({"1", "d", "integer"}, "24h"));
}

TEST(SettingValueTest, ComparesNumbersWordsAndLists) {
    EXPECT_TRUE(has_value({"100", "", "integer"}, "100"));
    EXPECT_TRUE(has_value({"256", "", "integer"}, "0x100"));
    EXPECT_FALSE(has_value({"100", "", "integer"}, "100MB"));
    EXPECT_TRUE(has_value({"0.9", "", "real"}, "0.90"));
    EXPECT_TRUE(has_value({"on", "", "bool"}, "true"));
    EXPECT_TRUE(has_value({"off", "", "bool"}, "0"));
    EXPECT_FALSE(has_value({"off", "", "bool"}, "maybe"));
    EXPECT_TRUE(has_value({"replica", "", "enum"}, "REPLICA"));
    EXPECT_TRUE(has_value({"on", "", "enum"}, "true"));
    EXPECT_FALSE(has_value({"logical", "", "enum"}, "replica"));
    EXPECT_TRUE(has_value({"pg_stat_statements, auto_explain", "", "string"},
                          "pg_stat_statements,auto_explain"));
    EXPECT_TRUE(has_value({"\"$user\", public", "", "string"}, "$user, public"));
    EXPECT_FALSE(has_value({"a", "", "string"}, "b"));
}

}  // namespace
}  // namespace caisson::checks
