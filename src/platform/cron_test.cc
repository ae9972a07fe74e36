// SPDX-License-Identifier: Apache-2.0
#include "platform/cron.h"

#include <random>

#include <gtest/gtest.h>

namespace caisson::platform {
namespace {

using namespace std::chrono;

Moment at(int year_, unsigned month_, unsigned day_, int hour = 0, int minute = 0, int second = 0) {
    return sys_days(year(year_) / month(month_) / day(day_)) + hours(hour) + minutes(minute) +
           seconds(second);
}

Cron cron(std::string_view text) {
    auto parsed = Cron::parse(text);
    EXPECT_TRUE(parsed) << text;
    return parsed.value();
}

TEST(Cron, NextIsTheFirstMomentAfter) {
    EXPECT_EQ(cron("30 2 * * *").next(at(2026, 11, 26, 2, 29, 59)), at(2026, 11, 26, 2, 30));
    EXPECT_EQ(cron("30 2 * * *").next(at(2026, 11, 26, 2, 30)), at(2026, 11, 27, 2, 30));
    EXPECT_EQ(cron("*/15 8-18 * * mon-fri").next(at(2026, 11, 27, 18, 50)), at(2026, 11, 30, 8, 0));
    EXPECT_EQ(cron("0 4 1 * *").next(at(2026, 12, 1, 4)), at(2027, 1, 1, 4));
    EXPECT_EQ(cron("0 0 29 2 *").next(at(2026, 1, 1)), at(2028, 2, 29));
    EXPECT_EQ(cron("0 0 29 2 *").next(at(1896, 3, 1)), at(1904, 2, 29));
    EXPECT_EQ(cron("@weekly").next(at(2026, 11, 26)), at(2026, 11, 29));
    EXPECT_EQ(cron("5/20 * * * *").next(at(2026, 11, 26, 1, 26)), at(2026, 11, 26, 1, 45));
}

TEST(Cron, SundayIsZeroAndSeven) {
    EXPECT_EQ(cron("0 0 * * 7").next(at(2026, 11, 26)), at(2026, 11, 29));
    EXPECT_EQ(cron("0 0 * * sun").next(at(2026, 11, 26)), at(2026, 11, 29));
    EXPECT_EQ(cron("0 0 * * 5-7").next(at(2026, 11, 28, 1)), at(2026, 11, 29));
}

TEST(Cron, OfTwoRestrictedDaysOneSuffices) {
    const auto both = cron("0 0 13 * fri");
    EXPECT_EQ(both.next(at(2026, 11, 26)), at(2026, 11, 27));
    EXPECT_EQ(both.next(at(2026, 12, 12)), at(2026, 12, 13));
}

TEST(Cron, LastIsTheMomentItWasDue) {
    EXPECT_EQ(cron("30 2 * * *").last(at(2026, 11, 26, 2, 30)), at(2026, 11, 26, 2, 30));
    EXPECT_EQ(cron("30 2 * * *").last(at(2026, 11, 26, 2, 29)), at(2026, 11, 25, 2, 30));
    EXPECT_EQ(cron("0 4 1 * *").last(at(2026, 11, 26)), at(2026, 11, 1, 4));
}

TEST(Cron, LastOfNextIsNextForEveryMoment) {
    std::mt19937 random(7);
    for (const std::string_view text : {"30 2 * * *", "*/7 * * * *", "0 0 29 2 *", "15 3 1-7 * mon",
                                        "@monthly", "59 23 31 12 *"}) {
        const auto schedule = cron(text);
        for (int i = 0; i < 200; ++i) {
            const auto moment = at(2020, 1, 1) + seconds(random() % (10 * 366 * 86400U));
            const auto next = schedule.next(moment);
            EXPECT_GT(next, moment);
            EXPECT_EQ(schedule.last(next), next);
            EXPECT_LE(schedule.last(next - seconds(1)), moment);
        }
    }
}

TEST(Cron, RefusesWhatIsNoneOrNeverComes) {
    for (const std::string_view text :
         {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *",
          "* * * * 8", "*/0 * * * *", "5-1 * * * *", "a * * * *", "1,,2 * * * *", "0 0 30 2 *",
          "0 0 31 4,6,9,11 *", "@often", "-1 * * * *", "1- * * * *", "*/ * * * *"}) {
        EXPECT_FALSE(Cron::parse(text)) << text;
    }
}

}  // namespace
}  // namespace caisson::platform
