// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serving/cache/inspect.h"
#include "tests/support/redis.h"
#include "tests/support/redis_server.h"

namespace caisson::cache {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Configuration, IsWhatRedisAnswersAndLeavesOutWhatItDoesNotKnow) {
    redis::Connection connection(test::Redis::shared().settings());
    connection.command({"CONFIG", "SET", "maxmemory", "256mb"});
    const auto found = read_configuration(connection, {"maxmemory", "no-such-setting", "save"});
    EXPECT_THAT(found.values, ElementsAre(Pair("maxmemory", "268435456"), Pair("save", "")));
    EXPECT_TRUE(found.hidden.empty());
}

TEST(Configuration, ComesFromInfoWhereTheAccountMayNotAskForIt) {
    redis::Connection administrator(test::Redis::shared().settings());
    administrator.command({"CONFIG", "SET", "maxmemory", "128mb"});
    administrator.command({"ACL", "SETUSER", "hosted", "on", ">quite-secret", "+info", "+client"});
    auto settings = test::Redis::shared().settings();
    settings.user = "hosted";
    settings.password = Secret("quite-secret");
    redis::Connection connection(settings);
    const auto found =
        read_configuration(connection, {"appendonly", "maxmemory", "maxmemory-policy", "save"});
    EXPECT_THAT(found.values, ElementsAre(Pair("appendonly", "no"), Pair("maxmemory", "134217728"),
                                          Pair("maxmemory-policy", "noeviction")));
    EXPECT_THAT(found.hidden, ElementsAre("save"));
}

TEST(OfferedChecks, AreThoseThatTheManifestGivesSomethingToAskFor) {
    trust::Run run;
    run.environment.is_private = true;
    run.state.sockets = "/nonexistent";
    EXPECT_TRUE(offered_checks(run).empty());
    run.manifest.cache_keys.emplace_back();
    EXPECT_TRUE(offered_checks(run).empty());
    run.manifest.cache_keys[0].evictable = false;
    run.manifest.server.redis["maxmemory"] = "256mb";
    const auto checks = offered_checks(run);
    ASSERT_EQ(checks.size(), 2U);
    EXPECT_EQ(checks[0].name, "redis settings");
    EXPECT_EQ(checks[1].name, "redis eviction");
    checks::Verdict verdict;
    EXPECT_THROW(checks[0].inspect(verdict), Error);
    run.manifest.server.has_redis = false;
    EXPECT_TRUE(offered_checks(run).empty());
}

TEST(OfferedChecks, TriggersAreAskedForWhereKeysHaveTables) {
    trust::Run run;
    run.manifest.cache_keys.emplace_back().tables = {{"things", "id", "id"}};
    const auto checks = offered_checks(run);
    ASSERT_EQ(checks.size(), 1U);
    EXPECT_EQ(checks[0].name, "cache triggers");
    const std::vector<WatchedTable> tables = {{"things", {"id"}}, {"others", {}}};
    checks::Verdict verdict;
    compare_triggers(tables, {}, verdict);
    EXPECT_TRUE(verdict.findings.empty());
    TriggerPlan plan;
    plan.missing = {"others"};
    compare_triggers(tables, plan, verdict);
    ASSERT_EQ(verdict.findings.size(), 1U);
    EXPECT_EQ(verdict.findings[0].severity, checks::Severity::warning);
    EXPECT_EQ(verdict.findings[0].remedy, "caisson cache triggers");
}

TEST(OfferedChecks, AreSkippedInAnEnvironmentWithoutRedis) {
    trust::Run run;
    run.environment.name = "staging";
    run.manifest.server.redis["maxmemory"] = "256mb";
    checks::Verdict verdict;
    offered_checks(run)[0].inspect(verdict);
    EXPECT_EQ(verdict.outcome, checks::Outcome::skipped);
    EXPECT_EQ(verdict.found, "the environment staging names no Redis");
}

TEST(OfferedChecks, AskARedisThatIsReachedOverTls) {
    const test::RedisServer server({.lines = "maxmemory 64mb\n", .sentinel = false, .tls = true});
    trust::Run run;
    run.environment.redis.url =
        fmt::format("rediss://:of-a-test-alone@localhost:{}", server.port());
    run.environment.redis.tls_root = server.certificate();
    run.manifest.server.redis["maxmemory"] = "64mb";
    checks::Verdict verdict;
    offered_checks(run)[0].inspect(verdict);
    EXPECT_TRUE(verdict.findings.empty());
    run.manifest.server.redis["maxmemory"] = "256mb";
    checks::Verdict other;
    offered_checks(run)[0].inspect(other);
    EXPECT_EQ(other.findings.size(), 1U);
}

}  // namespace
}  // namespace caisson::cache
