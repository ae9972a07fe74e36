// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/logical/redis_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace caisson::backups {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

trust::RedisSettings settings() {
    trust::RedisSettings redis;
    redis.host = "redis.internal";
    redis.port = 6380;
    redis.user = "backup";
    redis.password = Secret("quite-secret");
    return redis;
}

TEST(RedisSnapshot, PutsThePasswordIntoTheEnvironment) {
    const auto command = redis_snapshot(settings());
    EXPECT_THAT(command.arguments,
                ElementsAre("redis-cli", "-h", "redis.internal", "-p", "6380", "--user", "backup",
                            "--no-auth-warning", "--rdb", "-"));
    EXPECT_EQ(command.environment.at("REDISCLI_AUTH"), "quite-secret");
}

TEST(RedisSnapshot, OverTlsNamesTheAuthorityAndTheServer) {
    auto redis = settings();
    redis.tls = redis.verifies = true;
    redis.tls_root = "/etc/redis/ca.crt";
    EXPECT_THAT(redis_snapshot(redis).arguments,
                ElementsAre("redis-cli", "-h", "redis.internal", "-p", "6380", "--user", "backup",
                            "--tls", "--sni", "redis.internal", "--cacert", "/etc/redis/ca.crt",
                            "--no-auth-warning", "--rdb", "-"));
    redis.tls_root.clear();
    redis.verifies = false;
    EXPECT_THAT(redis_snapshot(redis).arguments, Contains("--insecure"));
    EXPECT_THAT(redis_snapshot(redis).arguments, Not(Contains("--cacert")));
}

TEST(RedisSnapshot, GivesNoPasswordToWhomItCannotVerify) {
    auto redis = settings();
    redis.tls = redis.verifies = true;
    try {
        redis_snapshot(redis);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::usage);
        EXPECT_THAT(error.hint(), testing::HasSubstr("tls_root"));
    }
}

}  // namespace
}  // namespace caisson::backups
