// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/pace.h"

#include <gtest/gtest.h>

namespace caisson::cache {
namespace {

using namespace std::chrono_literals;

/// Steps of a server that takes so long for a key, until the pace has settled.
void settle(Pace& pace, Pace::Duration round_trip, Pace::Duration key) {
    for (int i = 0; i < 200; ++i) {
        pace.took(round_trip + key * pace.keys(), pace.keys());
    }
}

TEST(Pace, AStepTakesTheServerAsLongAsARoundTripTakesAnyway) {
    Pace near(100us);
    settle(near, 100us, 2us);
    EXPECT_NEAR(static_cast<double>(near.keys()), 50, 2);
    Pace far(400us);
    settle(far, 400us, 2us);
    EXPECT_NEAR(static_cast<double>(far.keys()), 200, 5);
}

TEST(Pace, StaysWithinBoundsWhateverIsMeasured) {
    Pace slow(20us);
    settle(slow, 20us, 50ms);
    EXPECT_EQ(slow.keys(), 8U);
    Pace quick(50ms);
    settle(quick, 50ms, 1ns);
    EXPECT_EQ(quick.keys(), 256U);
    Pace odd(0ns);
    odd.took(0ns, 1000);
    odd.took(-5ms, 1);
    EXPECT_GE(odd.keys(), 8U);
    EXPECT_LE(odd.keys(), 256U);
}

TEST(Pace, OneHiccupChangesLittle) {
    Pace pace(100us);
    settle(pace, 100us, 2us);
    const auto before = pace.keys();
    pace.took(80ms, before);
    EXPECT_GT(pace.keys() * 3, before);
    settle(pace, 100us, 2us);
    EXPECT_NEAR(static_cast<double>(pace.keys()), static_cast<double>(before), 2);
}

TEST(Pace, WhatAStepWaitedForOthersIsNotTheCostOfItsKeys) {
    Pace pace(100us);
    for (int i = 0; i < 400; ++i) {
        const bool was_alone = i % 2 == 0;
        pace.took(100us + 2us * pace.keys() + (was_alone ? 0us : 500us), pace.keys());
    }
    EXPECT_GT(pace.keys(), 30U);
}

TEST(Pace, RestsOnlyWhenTheServerIsBusyWithOthers) {
    Pace pace(100us);
    settle(pace, 100us, 2us);
    EXPECT_EQ(pace.took(200us, pace.keys()), 0ns);
    EXPECT_EQ(pace.took(4ms, pace.keys()), 2ms);
    EXPECT_EQ(pace.took(3s, pace.keys()), 10ms);
}

TEST(Pace, FollowsTheRoundTrip) {
    Pace pace(100us);
    settle(pace, 100us, 2us);
    for (int i = 0; i < 100; ++i) {
        pace.pinged(300us);
    }
    settle(pace, 300us, 2us);
    EXPECT_NEAR(static_cast<double>(pace.keys()), 150, 5);
}

TEST(Pace, LooksAtMorePlacesOfATableThatIsMostlyEmpty) {
    Pace pace(100us);
    const auto dense = pace.scan_count();
    EXPECT_EQ(dense, pace.keys());
    for (int i = 0; i < 20; ++i) {
        pace.scanned(0);
    }
    EXPECT_EQ(pace.scan_count(), 64 * dense);
    for (int i = 0; i < 20; ++i) {
        pace.scanned(1000 * dense);
    }
    EXPECT_EQ(pace.scan_count(), dense);
}

}  // namespace
}  // namespace caisson::cache
