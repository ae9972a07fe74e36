// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/text_format.h"

#include <gtest/gtest.h>

#include "drivers/pg/calendar.h"

namespace caisson::pg {
namespace {

using namespace std::chrono_literals;

TEST(CalendarTest, DaysAndDatesAreEachOthersInverseAndFollowWithoutAGap) {
    // More than 400 years before and behind the year 0, then the last days of PostgreSQL.
    CivilDate before = date_of(-900'000);
    std::int64_t wrong_days = 0;
    for (std::int64_t days = -899'999; days < -550'000; ++days) {
        const auto date = date_of(days);
        const bool follows = date.day == before.day + 1 ||
                             (date.day == 1 && (date.month == before.month + 1 ||
                                                (date.month == 1 && date.year == before.year + 1)));
        wrong_days += is_valid(date) && days_of(date) == days && follows ? 0 : 1;
        before = date;
    }
    EXPECT_EQ(wrong_days, 0);
    EXPECT_EQ(date_of(0), (CivilDate{1970, 1, 1}));
    EXPECT_EQ(date_of(11'016), (CivilDate{2000, 2, 29}));
    EXPECT_EQ(days_of({5'874'897, 12, 31}), 2'145'042'905);
    EXPECT_EQ(date_of(2'145'042'905), (CivilDate{5'874'897, 12, 31}));
    for (const CivilDate wrong :
         {CivilDate{2026, 2, 29}, CivilDate{1900, 2, 29}, CivilDate{1, 13, 1}, CivilDate{1, 0, 1},
          CivilDate{1, 4, 31}, CivilDate{1, 1, 0}}) {
        EXPECT_FALSE(is_valid(wrong)) << wrong.year << '-' << wrong.month << '-' << wrong.day;
    }
}

TEST(TextFormatTest, DatesReachAsFarAsTheServersDo) {
    const auto days = [](std::string_view text) {
        Date date;
        EXPECT_TRUE(parse_date(text, date)) << text;
        return date.time_since_epoch().count();
    };
    EXPECT_EQ(days("1970-01-02"), 1);
    EXPECT_EQ(days("0001-01-01"), -719'162);
    EXPECT_EQ(days("0001-12-31 BC"), -719'163);
    EXPECT_EQ(days("4714-11-24 BC"), -2'440'588);
    EXPECT_EQ(days("5874897-12-31"), 2'145'042'905);
    for (const auto* const wrong :
         {"", "2026-11", "2026-13-01", "2026-02-29", "0000-01-01", "2026-1-1", "-2026-01-01",
          "2026-01-01 AD", "2026-+1-01", "99999999999-01-01", "2026-01-01-01", "today"}) {
        Date date;
        EXPECT_FALSE(parse_date(wrong, date)) << wrong;
    }
    EXPECT_EQ(write_date(Date(std::chrono::days(-719'163))), "0001-12-31 00:00:00+00 BC");
    EXPECT_EQ(write_date(Date(std::chrono::days(2'145'042'905))), "5874897-12-31 00:00:00+00");
    EXPECT_EQ(write_date(Date::max()), "infinity");
    EXPECT_EQ(write_date(Date::min()), "-infinity");
}

TEST(TextFormatTest, TimestampsReachAsFarAsMicrosecondsFrom1970Do) {
    const auto again = [](std::string_view text) {
        Timestamp moment;
        EXPECT_TRUE(parse_timestamp(text, moment)) << text;
        return write_timestamp(moment);
    };
    EXPECT_EQ(again("2026-11-26 14:05:06.25+02"), "2026-11-26 12:05:06.250000+00");
    EXPECT_EQ(again("0044-03-15 12:00:00+00:19:32 BC"), "0044-03-15 11:40:28.000000+00 BC");
    EXPECT_EQ(again("0001-01-01 00:00:00+05:30"), "0001-12-31 18:30:00.000000+00 BC");
    EXPECT_EQ(again("294246-12-31 23:59:59.999999"), "294246-12-31 23:59:59.999999+00");
    EXPECT_EQ(again("4714-11-24 00:00:00 BC"), "4714-11-24 00:00:00.000000+00 BC");
    EXPECT_EQ(again("-infinity"), "-infinity");
    for (const auto* const wrong :
         {"", "2026-11-26", "2026-11-26 ", "2026-11-26 14:05", "2026-11-26 25:00:00",
          "2026-11-26 14:60:00", "2026-11-26 14:05:06.", "2026-11-26 14:05:06.-1",
          "2026-11-26 14:05:06.1234567", "2026-11-26 14:05:06+", "2026-11-26 14:05:06+2",
          "2026-11-26 14:05:06+023:00", "294277-01-01 00:00:00", "5874897-12-31 00:00:00"}) {
        Timestamp moment;
        EXPECT_FALSE(parse_timestamp(wrong, moment)) << wrong;
    }
}

TEST(TextFormatTest, ATimeOfDayHasTwoDigitsInEachPlace) {
    std::chrono::microseconds time{0};
    EXPECT_TRUE(parse_time("24:00:00", time));
    EXPECT_EQ(time, 24h);
    EXPECT_TRUE(parse_time("23:59:59.000001", time));
    EXPECT_EQ(time, 24h - 1s + 1us);
    for (const auto* const wrong :
         {"-1:00:00", "1:00:00", "12:00", "12:00:00x", "+1:00:00", "12-00-00"}) {
        EXPECT_FALSE(parse_time(wrong, time)) << wrong;
    }
}

}  // namespace
}  // namespace caisson::pg
