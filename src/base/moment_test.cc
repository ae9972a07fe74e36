// SPDX-License-Identifier: Apache-2.0
#include "base/moment.h"

#include <gtest/gtest.h>

namespace caisson {
namespace {

using namespace std::chrono;

constexpr Moment morning = sys_days(2026y / March / 3) + 8h + 5min + 7s;

TEST(Moment, IsReadAsItIsWritten) {
    EXPECT_EQ(timestamp(morning), "2026-03-03T08:05:07Z");
    EXPECT_EQ(parse_moment("2026-03-03T08:05:07Z"), morning);
    EXPECT_EQ(minute_text(morning), "2026-03-03 08:05Z");
}

TEST(Moment, HasOffsetsAndPartsOfASecond) {
    EXPECT_EQ(parse_moment("2026-03-03T08:05:07.999Z"), morning);
    EXPECT_EQ(parse_moment("2026-03-03 10:35:07+02:30"), morning);
    EXPECT_EQ(parse_moment("2026-03-02T23:05:07.1-09:00"), morning);
    EXPECT_EQ(parse_moment("2026-03-03"), sys_days(2026y / March / 3));
}

TEST(Moment, IsNothingForOtherTexts) {
    for (const std::string_view text :
         {"", "now", "2026-02-30", "2026-3-3", "2026-03-03T08:05Z", "2026-03-03T08:05:07",
          "2026-03-03T24:05:07Z", "2026-03-03T08:65:07Z", "2026-03-03T08:05:07.Z",
          "2026-03-03T08:05:07ZZ", "2026-03-03T08:05:07+0200", "2026-03-03T"}) {
        EXPECT_EQ(parse_moment(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace caisson
