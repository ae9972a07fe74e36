// SPDX-License-Identifier: Apache-2.0
#include "trust/redis.h"

#include <gtest/gtest.h>

namespace caisson::trust {
namespace {

Run run_with(const std::string& url) {
    trust::Run run;
    run.environment.name = "production";
    run.environment.redis.url = url;
    return run;
}

TEST(RedisClient, LeadsToTheDatabaseThatTheUrlNames) {
    const auto settings = redis_client(run_with("redis://app:quite-secret@redis.internal:6380/3"));
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->host, "redis.internal");
    EXPECT_EQ(settings->port, 6380);
    EXPECT_EQ(settings->user, "app");
    EXPECT_EQ(settings->password.reveal(), "quite-secret");
    EXPECT_EQ(settings->database, 3U);
    EXPECT_EQ(redis_name(*settings), "redis.internal:6380/3");
    EXPECT_EQ(redis_name(*redis_client(run_with("redis://redis.internal"))),
              "redis.internal:6379/0");
}

TEST(RedisClient, OfAPrivateEnvironmentIsNamedAfterItsSocket) {
    trust::Run run;
    run.environment.is_private = true;
    run.state.sockets = "/run/somewhere";
    const auto settings = redis_client(run);
    ASSERT_TRUE(settings);
    EXPECT_EQ(redis_name(*settings), "redis.sock/0");
    run.manifest.server.has_redis = false;
    EXPECT_FALSE(redis_client(run));
}

TEST(RedisClient, IsReachedOverTlsWhereTheAddressAsksForIt) {
    const auto settings = redis_client(run_with("rediss://:quite-secret@redis.internal"));
    ASSERT_TRUE(settings && settings->tls);
    EXPECT_TRUE(settings->tls->verify);
    EXPECT_TRUE(settings->tls->root.empty());
    EXPECT_FALSE(redis_client(run_with("redis://redis.internal"))->tls);
}

TEST(RedisClient, TheModeOfTlsSaysWhetherTheServerIsCheckedAndAuthoritiesAlwaysDo) {
    auto run = run_with("");
    auto& address = run.environment.redis;
    address.host = "redis.internal";
    address.tls = "require";
    EXPECT_FALSE(redis_client(run)->tls->verify);
    address.tls_root = "/etc/redis/ca.crt";
    EXPECT_TRUE(redis_client(run)->tls->verify);
    EXPECT_EQ(redis_client(run)->tls->root, "/etc/redis/ca.crt");
    address.tls = "verify-full";
    address.tls_root.clear();
    EXPECT_TRUE(redis_client(run)->tls->verify);
    address.tls = "disable";
    EXPECT_FALSE(redis_client(run)->tls);
}

TEST(RedisClient, ADatabaseIsANumber) {
    auto run = run_with("");
    run.environment.redis.host = "redis.internal";
    run.environment.redis.database = "cache";
    try {
        redis_client(run);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::variable_invalid);
        EXPECT_NE(error.message().find("\"cache\""), std::string::npos);
    }
}

}  // namespace
}  // namespace caisson::trust
