// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/health.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace caisson::daemon {
namespace {

using namespace std::chrono_literals;

Reading reading(Presence presence) { return {presence, 400us, "host db.internal is gone", {}}; }

class HealthTest : public testing::Test {
 protected:
    boost::json::object body(Presence first, Presence second, Presence redis) {
        Finding finding;
        finding.readings = {reading(first), reading(second), reading(redis)};
        finding.readings[0].migrations = MigrationState{3, 0, "003"};
        finding.readings[1].migrations = MigrationState{1, pending_, "001"};
        describe(finding, circumstances_);
        is_fine_ = finding.is_fine;
        text_ = health_body(finding, 7, "some-id");
        return boost::json::parse(text_).as_object();
    }

    Circumstances circumstances_{
        "lumina",
        "local",
        "1.2.3",
        {{"compliance_db", true, {}}, {"other", true, {}}, {"redis", false, {}}},
        {{.lanes = 3, .idle = 2}, 8},
        {}};
    bool is_fine_ = false;
    std::size_t pending_ = 0;
    std::string text_;
};

TEST_F(HealthTest, EverythingThereIsHealthy) {
    const auto health = body(Presence::connected, Presence::connected, Presence::connected);
    EXPECT_TRUE(is_fine_);
    EXPECT_EQ(health.at("status"), "healthy");
    EXPECT_EQ(health.at("database"), "connected");
    EXPECT_EQ(health.at("redis"), "connected");
    EXPECT_EQ(health.at("databases").at(0).at("name"), "compliance_db");
    EXPECT_EQ(health.at("databases").at(0).at("latency_ms"), 0.4);
    EXPECT_EQ(health.at("migrations").at(0).at("state"), "current");
    EXPECT_EQ(health.at("migrations").at(0).at("version"), "003");
    EXPECT_TRUE(health.at("degraded").as_array().empty());
    EXPECT_EQ(health.at("pool").at("size"), 3);
    EXPECT_EQ(health.at("pool").at("in_use"), 1);
    EXPECT_EQ(health.at("pool").at("max"), 8);
    EXPECT_EQ(health.at("uptime_seconds"), 7);
    EXPECT_EQ(health.at("request_id"), "some-id");
    EXPECT_TRUE(health.at("verification").is_null());
}

TEST_F(HealthTest, AnyDatabaseAwayIsUnhealthyAndNamesNoHost) {
    const auto health = body(Presence::connected, Presence::unreachable, Presence::connected);
    EXPECT_FALSE(is_fine_);
    EXPECT_EQ(health.at("status"), "unhealthy");
    EXPECT_EQ(health.at("database"), "unreachable");
    EXPECT_EQ(health.at("databases").at(0).at("status"), "connected");
    EXPECT_TRUE(health.at("databases").at(1).at("latency_ms").is_null());
    EXPECT_EQ(text_.find("db.internal"), std::string::npos);
}

TEST_F(HealthTest, AStandbyIsNoPrimary) {
    const auto health = body(Presence::standby, Presence::connected, Presence::connected);
    EXPECT_FALSE(is_fine_);
    EXPECT_EQ(health.at("database"), "standby");
}

TEST_F(HealthTest, WithoutRedisItIsDegradedButServes) {
    const auto health = body(Presence::connected, Presence::connected, Presence::unreachable);
    EXPECT_TRUE(is_fine_);
    EXPECT_EQ(health.at("status"), "degraded");
    EXPECT_EQ(health.at("degraded"), boost::json::array{"redis"});
    EXPECT_EQ(health.at("redis"), "unreachable");
}

TEST_F(HealthTest, APlatformThatIsNotAsItShouldBeIsDegradedAndSaysWhy) {
    pending_ = 2;
    circumstances_.verification = Verification{"{}", 14, 15, "2026-03-03T08:00:00.000Z"};
    const auto health = body(Presence::connected, Presence::connected, Presence::connected);
    EXPECT_TRUE(is_fine_);
    EXPECT_EQ(health.at("status"), "degraded");
    EXPECT_EQ(health.at("degraded"), (boost::json::array{"migrations of other", "verification"}));
    EXPECT_EQ(health.at("migrations").at(1).at("state"), "pending");
    EXPECT_EQ(health.at("migrations").at(1).at("pending"), 2);
}

TEST_F(HealthTest, TheLastVerificationIsSummarised) {
    circumstances_.verification = Verification{"{}", 14, 15, "2026-03-03T08:00:00.000Z"};
    const auto health = body(Presence::connected, Presence::connected, Presence::connected);
    EXPECT_EQ(health.at("verification").at("status"), "failed");
    EXPECT_EQ(health.at("verification").at("passed"), 14);
}

}  // namespace
}  // namespace caisson::daemon
