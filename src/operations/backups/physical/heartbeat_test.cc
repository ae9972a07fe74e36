// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/heartbeat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operations/backups/physical/moments.h"

namespace caisson::backups::physical {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const std::string moment = "2026-11-27T12:00:00Z";

Marker before(int seconds) {
    const auto at = parse_moment(moment).value() - std::int64_t{seconds} * 1'000'000;
    return {moment_text(at), at};
}
MarkerVerdict judge(const ExpectedMarker& expected, const std::optional<Marker>& found) {
    return judge_marker(expected, found, moment, 10s);
}

TEST(Markers, MustBeAtLeastAsNewAsTheLiveDatabaseHasThem) {
    EXPECT_TRUE(judge({before(8), ""}, before(8)).passed);
    // One that was committed within the delay may be there, too.
    EXPECT_TRUE(judge({before(8), ""}, before(1)).passed);
    const auto older = judge({before(8), ""}, before(18));
    EXPECT_FALSE(older.passed);
    EXPECT_THAT(older.detail, HasSubstr("but one of 2026-11-27T11:59:42"));
    EXPECT_FALSE(judge({before(8), ""}, std::nullopt).passed);
    // However old: the daemon was not there meanwhile.
    EXPECT_TRUE(judge({before(9000), ""}, before(9000)).passed);
}

TEST(Markers, ThatCannotBeComparedMustBeYoungAndSayWhyTheyAreNot) {
    const ExpectedMarker away{{}, "the server is away"};
    const auto young = judge(away, before(12));
    EXPECT_TRUE(young.passed);
    EXPECT_THAT(young.detail, HasSubstr("12.0 s before the moment (not compared: the server is"));
    const auto old = judge(away, before(259200));
    EXPECT_FALSE(old.passed);
    EXPECT_THAT(old.detail, HasSubstr("259200.0 s before the moment"));
    EXPECT_FALSE(judge(away, before(35)).passed);
}

TEST(Markers, AreNotMissedWhereNobodyEverWroteOneAndThatIsSaid) {
    const auto none = judge({{}, "the live database has no marker"}, std::nullopt);
    EXPECT_TRUE(none.passed);
    EXPECT_THAT(none.detail, HasSubstr("not compared"));
}

TEST(Markers, TheRingReachesLessFarBackTheShorterItsInterval) {
    EXPECT_EQ(ring_span(1s), 15min);
    EXPECT_EQ(ring_span(10s), 150min);
}

}  // namespace
}  // namespace caisson::backups::physical
