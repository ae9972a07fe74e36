// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/cuts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::backups::physical {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Moment noon = std::chrono::sys_days(std::chrono::year(2026) / 11 / 27);
constexpr std::uint64_t size = usual_segment_bytes;

/// One stretch on timeline 1, up to the end of a segment.
Coverage whole(const std::string& repository = "local", std::uint64_t last = 9) {
    Coverage coverage;
    coverage.repository = repository;
    coverage.is_current = true;
    coverage.timeline = 1;
    Stretch stretch;
    stretch.window.timeline = 1;
    stretch.window.to = (last + 1) * size;
    stretch.from = "2026-11-26T00:00:00.000000Z";
    stretch.to = "2026-11-26T12:00:00.000000Z";
    coverage.stretches = {stretch};
    return coverage;
}
Coverage cut(const std::string& repository = "local", std::uint64_t last = 9) {
    auto coverage = whole(repository, last);
    coverage.stretches.back().window.is_cut_off = true;
    coverage.awaits = false;
    return coverage;
}
Coverage waiting() {
    auto coverage = cut();
    coverage.awaits = true;
    return coverage;
}
/// What continuity() gives of a server that is away.
Coverage without_server() {
    auto coverage = cut();
    coverage.is_current = false;
    coverage.timeline = 0;
    coverage.awaits.reset();
    return coverage;
}
Coverage without_repository() {
    Coverage coverage;
    coverage.repository = "local";
    coverage.problem = "it is not there";
    return coverage;
}

Cuts believed(const std::vector<Coverage>& coverage) {
    return settle(settle({}, coverage, noon).cuts, coverage, noon).cuts;
}

TEST(Gaps, OfATimelineThatARestoreHasLeftConcernNothingSince) {
    Gap gap;
    gap.first.timeline = 1;
    gap.first.number = 20;
    gap.count = 3;
    auto coverage = whole();
    EXPECT_FALSE(coverage.has_left(gap));
    coverage.timeline = 2;
    coverage.stretches.back().window.timeline = 2;
    EXPECT_TRUE(coverage.has_left(gap));
    // A stretch that begins behind it has it on its way.
    coverage.stretches.back().window.from = 30 * size;
    EXPECT_FALSE(coverage.has_left(gap));
}

TEST(Cuts, AreBelievedWhenTheSameOneIsSeenTwiceAndToldOnce) {
    const auto first = settle({}, {cut()}, noon);
    EXPECT_THAT(first.begun, IsEmpty());
    EXPECT_THAT(first.cuts.believed, IsEmpty());
    EXPECT_TRUE(first.is_to_confirm);
    const auto second = settle(first.cuts, {cut()}, noon + seconds(10));
    ASSERT_EQ(second.begun.size(), 1U);
    EXPECT_EQ(second.begun[0].from, "2026-11-26T12:00:00.000000Z");
    EXPECT_EQ(second.cuts.believed.at("local").noticed, noon);
    const auto third = settle(second.cuts, {cut()}, noon + seconds(20));
    EXPECT_THAT(third.begun, IsEmpty());
    EXPECT_EQ(third.cuts.believed.at("local").noticed, noon);
    EXPECT_TRUE(third.is_to_confirm);
}

TEST(Cuts, ThatMoveOrPassAreNone) {
    const auto first = settle({}, {cut("local", 9)}, noon);
    const auto moved = settle(first.cuts, {cut("local", 10)}, noon);
    EXPECT_THAT(moved.begun, IsEmpty());
    const auto passed = settle(moved.cuts, {whole()}, noon);
    EXPECT_FALSE(passed.is_to_confirm);
    // And what comes later is seen for the first time.
    EXPECT_THAT(settle(passed.cuts, {cut("local", 10)}, noon).begun, IsEmpty());
}

TEST(Cuts, ASegmentThatTheServerStillHoldsIsNotLost) {
    auto settled = settle({}, {waiting()}, noon);
    for (int look = 0; look < 20; ++look) {
        settled = settle(settled.cuts, {waiting()}, noon + seconds(10 * look));
        EXPECT_THAT(settled.begun, IsEmpty());
        EXPECT_FALSE(settled.is_to_confirm);
    }
    // Where it does not say whether it has it, too.
    auto unknown = cut();
    unknown.awaits.reset();
    EXPECT_FALSE(unknown.is_cut_off());
    EXPECT_THAT(believed({unknown}).believed, IsEmpty());
    // A cut that is believed does not end by it either.
    EXPECT_THAT(settle(believed({cut()}), {waiting()}, noon).ended, IsEmpty());
}

TEST(Cuts, StayWhereNothingIsKnown) {
    const auto known = believed({cut()});
    for (const auto& nothing :
         {std::vector<Coverage>(), {without_server()}, {without_repository()}}) {
        const auto settled = settle(known, nothing, noon + seconds(60));
        EXPECT_THAT(settled.ended, IsEmpty());
        EXPECT_EQ(settled.cuts.believed.size(), 1U);
        // And it is not told a second time when they are back.
        EXPECT_THAT(settle(settled.cuts, {cut()}, noon + seconds(70)).begun, IsEmpty());
    }
    // A suspicion is neither confirmed nor ended.
    const auto suspicion = settle({}, {cut()}, noon).cuts;
    const auto away = settle(suspicion, {without_server()}, noon);
    EXPECT_THAT(away.begun, IsEmpty());
    EXPECT_EQ(settle(away.cuts, {cut()}, noon).begun.size(), 1U);
}

TEST(Cuts, EndWithASetBehindThemAndTellFromWhenOn) {
    auto mended = whole("local", 14);
    mended.stretches.insert(mended.stretches.begin(), cut().stretches.front());
    mended.stretches.back().from = "2026-11-26T13:00:00.000000Z";
    const auto settled = settle(believed({cut()}), {mended}, noon);
    ASSERT_EQ(settled.ended.size(), 1U);
    EXPECT_EQ(settled.ended[0].cut.from, "2026-11-26T12:00:00.000000Z");
    EXPECT_EQ(settled.ended[0].beginning, "2026-11-26T13:00:00.000000Z");
    EXPECT_FALSE(settled.is_to_confirm);
}

TEST(Cuts, AreOfEachRepositoryAlone) {
    const auto both = believed({cut("local"), cut("offsite", 5)});
    ASSERT_EQ(both.believed.size(), 2U);
    const auto settled = settle(both, {whole("local"), cut("offsite", 5)}, noon);
    ASSERT_EQ(settled.ended.size(), 1U);
    EXPECT_EQ(settled.ended[0].cut.repository, "local");
    EXPECT_EQ(settled.cuts.believed.count("offsite"), 1U);
}

TEST(Cuts, ATimelineThatNoSetLeadsToIsOne) {
    auto promoted = whole();
    promoted.timeline = 2;
    promoted.awaits = false;
    EXPECT_TRUE(promoted.is_cut_off());
    EXPECT_THAT(believed({promoted}).believed.at("local").text, HasSubstr("timeline 2"));
    // Its history is on its way.
    promoted.awaits = true;
    EXPECT_THAT(believed({promoted}).believed, IsEmpty());
    // A later timeline that was left behind does not hide the one that is written.
    auto returned = whole();
    returned.stretches.push_back(returned.stretches.front());
    returned.stretches.back().window.timeline = 2;
    returned.stretches.back().window.is_cut_off = true;
    EXPECT_FALSE(returned.is_cut_off());
    EXPECT_EQ(returned.present(), &returned.stretches.front());
    // And of a timeline that is not known nothing is said but by the newest.
    promoted.timeline = 0;
    promoted.awaits = false;
    EXPECT_FALSE(promoted.is_cut_off());
}

TEST(Cuts, ARepositoryOfBrokenSetsAloneIsOneAndOneWithoutSetsIsNone) {
    auto broken = cut();
    broken.stretches.clear();
    EXPECT_FALSE(broken.is_cut_off());
    broken.broken = {"20261126T000000Z-full-0000"};
    EXPECT_TRUE(broken.is_cut_off());
    EXPECT_EQ(believed({broken}).believed.at("local").from, "");
}

}  // namespace
}  // namespace caisson::backups::physical
