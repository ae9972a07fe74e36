// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/interval_text.h"

#include <limits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace caisson::pg {
namespace {

using namespace std::chrono_literals;
using Limits32 = std::numeric_limits<std::int32_t>;

TEST(IntervalTextTest, EveryStyleOfTheServerIsRead) {
    // As PostgreSQL 15 writes each under postgres, postgres_verbose, sql_standard and iso_8601.
    const std::vector<std::pair<Interval, std::vector<std::string_view>>> all = {
        {{}, {"00:00:00", "@ 0", "0", "PT0S"}},
        {{14, 3, 4h + 5us},
         {"1 year 2 mons 3 days 04:00:00.000005", "@ 1 year 2 mons 3 days 4 hours 0.000005 secs",
          "+1-2 +3 +4:00:00.000005", "P1Y2M3DT4H0.000005S"}},
        {{14, -3, 4h + 5min + 6s},
         {"1 year 2 mons -3 days +04:05:06", "@ 1 year 2 mons -3 days 4 hours 5 mins 6 secs",
          "+1-2 -3 +4:05:06", "P1Y2M-3DT4H5M6S"}},
        {{-14, 0, 0us}, {"-1 years -2 mons", "@ 1 year 2 mons ago", "-1-2", "P-1Y-2M"}},
        {{-2, 0, 0us}, {"-2 mons", "@ 2 mons ago", "-0-2", "P-2M"}},
        {{0, -3, -(4h + 500ms)},
         {"-3 days -04:00:00.5", "@ 3 days 4 hours 0.5 secs ago", "-3 4:00:00.5", "P-3DT-4H-0.5S"}},
        {{0, 0, -500ms}, {"-00:00:00.5", "@ 0.5 secs ago", "-0:00:00.5", "PT-0.5S"}},
        {{0, 1, 0us}, {"1 day", "@ 1 day", "1 0:00:00", "P1D"}},
        {{0, -1, 2h}, {"-1 days +02:00:00", "@ 1 day -2 hours ago", "+0-0 -1 +2:00:00", "P-1DT2H"}},
        {{Limits32::min(), Limits32::max(), std::chrono::microseconds::min()},
         {"-178956970 years -8 mons +2147483647 days -2562047788:00:54.775808",
          "@ 178956970 years 8 mons -2147483647 days 2562047788 hours 54.775808 secs ago",
          "-178956970-8 +2147483647 -2562047788:00:54.775808",
          "P-178956970Y-8M2147483647DT-2562047788H-54.775808S"}},
    };
    for (const auto& [interval, texts] : all) {
        for (const auto text : texts) {
            Interval read;
            EXPECT_TRUE(parse_interval(text, read)) << text;
            EXPECT_EQ(read, interval) << text;
        }
    }
}

TEST(IntervalTextTest, WhatIsNoneOrDoesNotFitIsRefused) {
    for (const auto* const wrong : {"",
                                    " ",
                                    "1",
                                    "@",
                                    "P",
                                    "PT",
                                    "P1",
                                    "P1H",
                                    "PT1D",
                                    "P1.5Y",
                                    "1 day ",
                                    " 1 day",
                                    "1 dayss",
                                    "1 week",
                                    "04:05",
                                    "04:05:",
                                    "4:05:06 1 day",
                                    "04:05:06.",
                                    "04:05:06.1234567",
                                    "1-",
                                    "-",
                                    "--1 days",
                                    "ago",
                                    "@ 0 ago ago",
                                    "3 4:05:06 7",
                                    "12345678901234567890 days",
                                    "9223372036854775807 hours",
                                    "2147483648 days",
                                    "-178956970-9",
                                    "PT9223372036854775807H",
                                    "1.5 days",
                                    "1.5:00:00",
                                    "yesterday"}) {
        Interval read;
        EXPECT_FALSE(parse_interval(wrong, read)) << wrong;
    }
}

TEST(IntervalTextTest, InfinityIsWhatItIsInBinary) {
    const Interval most{Limits32::max(), Limits32::max(), std::chrono::microseconds::max()};
    const Interval least{Limits32::min(), Limits32::min(), std::chrono::microseconds::min()};
    for (const auto& [interval, text] :
         {std::pair(most, "infinity"), std::pair(least, "-infinity")}) {
        Interval read;
        EXPECT_TRUE(parse_interval(text, read));
        EXPECT_EQ(read, interval);
        EXPECT_EQ(write_interval(interval), text);
    }
    Interval none;
    EXPECT_FALSE(parse_interval("+infinity", none));
}

TEST(IntervalTextTest, EveryPartIsWrittenWithItsSign) {
    EXPECT_EQ(write_interval({-1, 2, 3us}), "-1 mons +2 days +3 microseconds");
}

}  // namespace
}  // namespace caisson::pg
