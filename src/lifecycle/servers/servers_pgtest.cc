// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/error.h"
#include "drivers/redis/connection.h"
#include "lifecycle/servers/private_state.h"

namespace caisson::servers {
namespace {

using namespace std::chrono_literals;

pg::Connection connect(const trust::Run& run) {
    return pg::Connection(trust::admin_settings(run, run.manifest.databases.front(), "postgres"));
}

redis::Settings redis_of(const trust::Run& run) {
    const auto given = trust::redis_settings(run);
    redis::Settings settings;
    settings.socket = given->socket;
    settings.password = given->password;
    return settings;
}

std::string setting(pg::Connection& connection, const std::string& name) {
    return connection.query("select current_setting($1) as value", {name}).front().string("value");
}

TEST(Servers, FromNothingToAnsweringAndBack) {
    const PrivateState state;
    const auto made = start(state.run);
    ASSERT_EQ(made.size(), 2U);
    EXPECT_EQ(made[0].outcome, Outcome::made);
    EXPECT_EQ(made[1].outcome, Outcome::made);
    auto connection = connect(state.run);
    EXPECT_EQ(setting(connection, "data_checksums"), "on");
    EXPECT_EQ(setting(connection, "server_encoding"), "UTF8");
    EXPECT_EQ(setting(connection, "TimeZone"), "UTC");
    EXPECT_EQ(setting(connection, "listen_addresses"), "");
    EXPECT_EQ(setting(connection, "wal_level"), "logical");
    EXPECT_EQ(setting(connection, "archive_mode"), "on");
    EXPECT_EQ(setting(connection, "shared_preload_libraries"), "pg_stat_statements,auto_explain");
    EXPECT_EQ(setting(connection, "password_encryption"), "scram-sha-256");
    redis::Connection redis(redis_of(state.run));
    redis.command({"SET", "kept", "yes"});
    connection.query("create table kept as select 1");

    const auto again = start(state.run);
    EXPECT_EQ(again[0].outcome, Outcome::was_running);
    EXPECT_EQ(again[1].outcome, Outcome::was_running);
    EXPECT_EQ(again[0].process, made[0].process);
    EXPECT_LT(again[0].took, 250ms);

    const auto stopped = stop(state.run);
    EXPECT_TRUE(stopped[0].was_running);
    EXPECT_TRUE(stopped[1].was_running);
    EXPECT_FALSE(is_alive(made[0].process));
    EXPECT_FALSE(is_alive(made[1].process));
    for (const auto& one : status(state.run)) {
        EXPECT_FALSE(one.running());
    }

    const auto back = start(state.run);
    EXPECT_EQ(back[0].outcome, Outcome::started) << testing::PrintToString(back[0].notes);
    EXPECT_EQ(back[1].outcome, Outcome::started) << testing::PrintToString(back[1].notes);
    EXPECT_EQ(connect(state.run).query("select * from kept").size(), 1U);
    EXPECT_EQ(redis::Connection(redis_of(state.run)).command({"GET", "kept"}).text(), "yes");
    for (const auto& one : status(state.run)) {
        EXPECT_TRUE(one.answering) << one.detail;
        EXPECT_GT(one.latency, 0ns);
        EXPECT_FALSE(one.version.empty());
    }
    wipe(state.run);
    EXPECT_FALSE(fs::exists(state.run.state.root));
}

}  // namespace
}  // namespace caisson::servers
