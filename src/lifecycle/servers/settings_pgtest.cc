// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/private_state.h"

namespace caisson::servers {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string setting(pg::Connection& connection, const std::string& name) {
    return connection.query("select current_setting($1) as value", {name}).front().string("value");
}

TEST(Settings, TheManifestsAreInForceFromTheStart) {
    PrivateState state;
    state.run.manifest.server.postgres = {{"max_connections", "57"},
                                          {"shared_buffers", "24MB"},
                                          {"pg_stat_statements.max", "2000"},
                                          {"search_path", "it's, \"odd\\\""},
                                          {"shared_preload_libraries", "auto_explain, pg_prewarm"}};
    state.run.manifest.server.redis = {
        {"maxmemory", "64mb"}, {"maxmemory-policy", "allkeys-lru"}, {"save", "900 1 300 10"}};
    start(state.run);
    auto connection = connect(state.run);
    EXPECT_EQ(setting(connection, "max_connections"), "57");
    EXPECT_EQ(setting(connection, "shared_buffers"), "24MB");
    EXPECT_EQ(setting(connection, "pg_stat_statements.max"), "2000");
    EXPECT_EQ(setting(connection, "search_path"), "it's, \"odd\\\"");
    EXPECT_EQ(setting(connection, "shared_preload_libraries"),
              "pg_stat_statements,auto_explain,pg_prewarm");
    redis::Connection redis(redis_of(state.run));
    EXPECT_EQ(redis.command({"CONFIG", "GET", "maxmemory"}).items[1].text(), "67108864");
    EXPECT_EQ(redis.command({"CONFIG", "GET", "maxmemory-policy"}).items[1].text(), "allkeys-lru");
    EXPECT_EQ(redis.command({"CONFIG", "GET", "save"}).items[1].text(), "900 1 300 10");
    EXPECT_EQ(redis.command({"CONFIG", "GET", "appendonly"}).items[1].text(), "yes");
}

TEST(Settings, ChangesAreAppliedAndThoseThatWaitForARestartAreNamed) {
    PrivateState state;
    start(state.run);
    auto connection = connect(state.run);
    EXPECT_FALSE(apply_settings(state.run, connection).changed);

    state.run.manifest.server.postgres = {{"work_mem", "7MB"}, {"max_connections", "41"}};
    auto applied = apply_settings(state.run, connection);
    EXPECT_TRUE(applied.changed);
    EXPECT_THAT(applied.waiting, ElementsAre("max_connections"));
    EXPECT_EQ(setting(connection, "work_mem"), "7MB");
    applied = apply_settings(state.run, connection);
    EXPECT_FALSE(applied.changed);
    EXPECT_THAT(applied.waiting, ElementsAre("max_connections"));

    stop(state.run);
    start(state.run);
    connection = connect(state.run);
    EXPECT_EQ(setting(connection, "max_connections"), "41");
    EXPECT_THAT(apply_settings(state.run, connection).waiting, IsEmpty());

    state.run.manifest.server.postgres.erase("work_mem");
    EXPECT_TRUE(apply_settings(state.run, connection).changed);
    EXPECT_EQ(setting(connection, "work_mem"), "4MB");
}

TEST(Settings, EveryMistakeIsListedInOneErrorBeforeAServerReadsIt) {
    PrivateState state;
    state.run.manifest.server.postgres = {{"work_mem", "lots"},
                                          {"wrok_mem", "4MB"},
                                          {"log_statement", "everything"},
                                          {"data_directory", "/etc"},
                                          {"TimeZone", "Mars/Olympus"},
                                          {"shared_preload_libraries", "no_such_library"},
                                          {"block_size", "1"}};
    const auto error = error_of([&] { start(state.run); });
    EXPECT_EQ(error.code(), Code::platform_invalid);
    for (const std::string part :
         {"[server.postgres] work_mem: invalid value", "wrok_mem: PostgreSQL",
          "did you mean work_mem?", "log_statement: invalid value", "none, ddl, mod, all",
          "data_directory: it is set by Caisson", "TimeZone: invalid value", "no_such_library",
          "block_size: parameter \"block_size\" cannot be changed"}) {
        EXPECT_THAT(error.message(), HasSubstr(part));
    }
    EXPECT_FALSE(fs::exists(state.run.state.postgres_data()));
    for (const auto& entry : fs::directory_iterator(state.run.state.root)) {
        EXPECT_THAT(entry.path().string(), Not(HasSubstr(".draft")));
    }
}

TEST(Settings, AMistakeInARunningServersSettingsChangesNothing) {
    PrivateState state;
    start(state.run);
    auto connection = connect(state.run);
    state.run.manifest.server.postgres = {{"work_mem", "-1"}};
    const auto error = error_of([&] { apply_settings(state.run, connection); });
    EXPECT_EQ(error.code(), Code::platform_invalid);
    EXPECT_THAT(error.message(), HasSubstr("[server.postgres] work_mem"));
    state.run.manifest.server.postgres.clear();
    EXPECT_FALSE(apply_settings(state.run, connection).changed);
}

TEST(Settings, ValuesThatOnlyFailAtTheStartNameTheSettingsInTheServersOwnWords) {
    PrivateState state;
    start(state.run);
    stop(state.run);
    state.run.manifest.server.postgres = {
        {"max_wal_senders", "50"}, {"max_connections", "20"}, {"shared_buffers", "4000GB"}};
    const auto error = error_of([&] { start(state.run); });
    EXPECT_EQ(error.code(), Code::server_failed) << error.message();
    EXPECT_THAT(error.message(), HasSubstr("FATAL"));
    EXPECT_THAT(error.message(), HasSubstr("shared_buffers"));
    EXPECT_THAT(error.fact("log"), HasSubstr("postgres.log"));
    state.run.manifest.server.postgres.clear();
    EXPECT_TRUE(start(state.run)[0].process > 0);
}

TEST(Settings, EveryMistakeOfRedisIsListedInOneError) {
    PrivateState state;
    state.run.manifest.server.redis = {{"maxmemory", "lots"},
                                       {"maxmemry", "64mb"},
                                       {"appendfsync", "sometimes"},
                                       {"requirepass", "x"}};
    const auto error = error_of([&] { start(state.run); });
    EXPECT_EQ(error.code(), Code::platform_invalid);
    for (const std::string name : {"maxmemory", "maxmemry", "appendfsync", "requirepass"}) {
        EXPECT_THAT(error.message(), HasSubstr("[server.redis] " + name));
    }
}

TEST(Settings, ARunningRedisTakesOverWhatItCan) {
    PrivateState state;
    const auto started = start(state.run);
    state.run.manifest.server.redis = {{"maxmemory", "32mb"}, {"databases", "3"}};
    const auto again = start(state.run);
    EXPECT_EQ(again[1].process, started[1].process);
    EXPECT_EQ(again[1].outcome, Outcome::was_running);
    EXPECT_THAT(notes_of(again[1]), HasSubstr("databases, which waits for a restart"));
    redis::Connection redis(redis_of(state.run));
    EXPECT_EQ(redis.command({"CONFIG", "GET", "maxmemory"}).items[1].text(), "33554432");
}

TEST(Settings, WhatSomebodyChangedAtARunningRedisIsAsDeclaredAgain) {
    PrivateState state;
    state.run.manifest.server.redis = {{"maxmemory", "32mb"}, {"save", "900 1 300 10"}};
    const auto started = start(state.run);
    redis::Connection redis(redis_of(state.run));
    redis.command({"CONFIG", "SET", "maxmemory", "16mb"});
    const auto again = start(state.run);
    EXPECT_EQ(again[1].process, started[1].process);
    EXPECT_EQ(notes_of(again[1]),
              "was running: changed at the running server, and as declared again: maxmemory");
    EXPECT_EQ(redis.command({"CONFIG", "GET", "maxmemory"}).items[1].text(), "33554432");
    EXPECT_EQ(notes_of(start(state.run)[1]), "was running: ");
}

TEST(Settings, AnUnknownLocaleIsAMistakeOfTheManifest) {
    PrivateState state;
    state.run.manifest.server.locale = "xx_XX.UTF-8";
    const auto error = error_of([&] { start(state.run); });
    EXPECT_EQ(error.code(), Code::platform_invalid);
    EXPECT_THAT(error.message(), HasSubstr("xx_XX.UTF-8"));
    state.run.manifest.server.locale = "C";
    EXPECT_EQ(notes_of(start(state.run)[0]), "made: ");
}

}  // namespace
}  // namespace caisson::servers
