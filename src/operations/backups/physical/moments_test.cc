// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/moments.h"

#include <gtest/gtest.h>

namespace caisson::backups::physical {
namespace {

TEST(Moments, AreReadInEveryUsualForm) {
    const auto expected = parse_moment("2026-11-26T21:33:56.5Z").value();
    for (const std::string text : {"2026-11-26 21:33:56.5", "2026-11-26T21:33:56.500000Z",
                                   " 2026-11-26 21:33:56.5+00 ", "2026-11-26T23:33:56.5+02:00",
                                   "2026-11-26 16:03:56.5-0530", "2026-11-26 21:33:56.5 UTC"}) {
        EXPECT_EQ(parse_moment(text), expected) << text;
    }
    EXPECT_EQ(parse_moment("2026-11-26 21:33"), parse_moment("2026-11-26T21:33:00Z"));
}

TEST(Moments, AreRefusedWhereTheyAreNone) {
    for (const std::string text :
         {"", "noon", "2026-11-26", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
          "2026-11-26T24:00:00Z", "2026-11-26T21:60", "2026-11-26T21:33:56x",
          "2026-11-26T21:33:56+2", "2026-11-26T21:33:5", "2026-11-26X21:33:56Z"}) {
        EXPECT_FALSE(parse_moment(text)) << text;
    }
}

TEST(Moments, AreWrittenSoThatTheySort) {
    EXPECT_EQ(moment_text(parse_moment("2026-03-01T00:00:00.000007Z").value()),
              "2026-03-01T00:00:00.000007Z");
    EXPECT_EQ(moment_text(parse_moment("1969-12-31T23:59:59.5Z").value()),
              "1969-12-31T23:59:59.500000Z");
    EXPECT_EQ(seconds_between("2026-03-01T00:00:00Z", "2026-03-01T00:01:00.25Z"), 60.25);
    EXPECT_FALSE(seconds_between("", "2026-03-01T00:01:00.25Z"));
}

TEST(Moments, OfADrillLieBetweenTheSetsEndAndTheLogs) {
    const std::string from = "2026-03-01T10:00:00.700000Z";
    const std::string to = "2026-03-01T10:00:01.100000Z";
    for (std::uint64_t random = 0; random < 2'000'000; random += 777) {
        const auto moment = drill_moment(from, to, "", random);
        EXPECT_GE(moment, from);
        EXPECT_LE(moment, to);
    }
    EXPECT_EQ(drill_moment(from, to, "", 0), from);
    EXPECT_EQ(drill_moment(from, to, "", 400'000), to);
    EXPECT_EQ(drill_moment(to, from, "", 5), from);
    const std::string late = "2026-03-01T18:00:00.000000Z";
    EXPECT_GE(drill_moment(from, late, "", 0), "2026-03-01T17:00:00.000000Z");
    EXPECT_EQ(drill_moment(from, late, "2026-03-01T17:59:00Z", 0), "2026-03-01T17:59:00.000000Z");
    EXPECT_EQ(drill_moment(from, late, "2026-03-02T00:00:00Z", 7), late);
}

}  // namespace
}  // namespace caisson::backups::physical
