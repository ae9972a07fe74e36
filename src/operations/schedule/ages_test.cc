// SPDX-License-Identifier: Apache-2.0
#include "operations/schedule/ages.h"

#include <gtest/gtest.h>

namespace caisson::schedule {
namespace {

using namespace std::chrono;

constexpr Moment monday = sys_days(2026y / November / 23);

struct AgesTest : testing::Test {
    Age age(Moment now) const { return ages(jobs, history, now).at(0); }

    std::vector<Job> jobs = {{"full", platform::Cron::parse("30 2 * * *").value(), 5min}};
    History history{{{"full", {monday, {}, {}, {}, {}, 0, {}, {}}}}};
};

TEST_F(AgesTest, AlarmsForWhatHasNeverSucceeded) {
    EXPECT_EQ(age(monday + 14h).alarm, "");
    EXPECT_EQ(age(monday + 14h).success, std::nullopt);
    EXPECT_EQ(age(monday + 15h).alarm,
              "full has never succeeded, in 15 hours since it is scheduled");
    history.jobs["full"].failure = monday + 3h;
    history.jobs["full"].mistake = "no space";
    EXPECT_TRUE(age(monday + 4h).is_failing);
    EXPECT_EQ(age(monday + 4h).mistake, "no space");
    EXPECT_EQ(age(monday + 4h).failure, 1h);
}

TEST_F(AgesTest, AlarmsForADailyJobAfterADayAndAHalf) {
    history.jobs["full"].success = monday + 2h + 40min;
    EXPECT_EQ(age(monday + 24h + 14h).alarm, "");
    EXPECT_EQ(age(monday + 24h + 15h).alarm, "the newest success of full is 36 hours old");
    EXPECT_EQ(age(monday + 24h).success, 21h + 20min);
}

TEST_F(AgesTest, IsNeverNegative) {
    history.jobs["full"].success = monday + 2h;
    EXPECT_EQ(age(monday + 1h).success, 0s);
    EXPECT_EQ(age(monday + 1h).alarm, "");
}

TEST_F(AgesTest, ForgetsAFailureAfterASuccess) {
    history.jobs["full"].failure = monday + 2h;
    history.jobs["full"].success = monday + 3h;
    EXPECT_FALSE(age(monday + 4h).is_failing);
}

TEST(AgeText, IsSaidAsPeopleSayIt) {
    EXPECT_EQ(age_text(1s), "1 second");
    EXPECT_EQ(age_text(89s), "89 seconds");
    EXPECT_EQ(age_text(60min), "60 minutes");
    EXPECT_EQ(age_text(36h), "36 hours");
    EXPECT_EQ(age_text(24h * 5), "5 days");
}

}  // namespace
}  // namespace caisson::schedule
