// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/alerts/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::alerts {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;

class Outbox : public testing::Test {
 protected:
    void add(const std::string& id, const std::string& delivery = "hook") {
        book_.outbox.push_back({.id = id, .delivery = delivery});
    }
    Book book_;
};

TEST_F(Outbox, SendsAllOfAReceiverTogether) {
    add("1");
    add("2");
    add("3", "mail");
    const auto parcels = due(book_, 0s);
    ASSERT_THAT(parcels, SizeIs(2));
    EXPECT_THAT(parcels[0].messages, SizeIs(2));
    arrived(book_, parcels[0], {});
    ASSERT_THAT(book_.outbox, SizeIs(1));
    EXPECT_EQ(book_.outbox[0].delivery, "mail");
}

TEST_F(Outbox, TriesAgainLaterAndLaterAndForEver) {
    add("1");
    std::vector<milliseconds> pauses;
    for (int i = 0; i < 12; ++i) {
        const auto parcels = due(book_, book_.receivers["hook"].pause);
        ASSERT_THAT(parcels, SizeIs(1)) << i;
        failed(book_, parcels[0], "away", {});
        pauses.push_back(book_.receivers["hook"].pause);
        EXPECT_THAT(due(book_, pauses.back() - 1ms), IsEmpty());
        book_.receivers["hook"].pause = pauses.back();
    }
    EXPECT_EQ(pauses[0], 5s);
    EXPECT_EQ(pauses[1], 10s);
    EXPECT_EQ(pauses[11], 5min);
    EXPECT_EQ(book_.receivers["hook"].error, "away");
    EXPECT_THAT(book_.outbox, SizeIs(1));
    arrived(book_, due(book_, 5min)[0], {});
    EXPECT_EQ(book_.receivers["hook"].failures, 0U);
    EXPECT_EQ(book_.receivers["hook"].error, "");
}

TEST_F(Outbox, OneReceiverThatIsAwayKeepsNoOtherWaiting) {
    add("1");
    add("2", "mail");
    failed(book_, due(book_, 0s)[0], "away", {});
    const auto parcels = due(book_, 1s);
    ASSERT_THAT(parcels, SizeIs(1));
    EXPECT_EQ(parcels[0].delivery, "mail");
}

TEST_F(Outbox, WhatWasReplacedOnTheWayGoesNext) {
    add("1");
    const auto parcels = due(book_, 0s);
    book_.outbox[0].id = "2";
    arrived(book_, parcels[0], {});
    EXPECT_THAT(book_.outbox, SizeIs(1));
}

TEST_F(Outbox, AFloodGoesInParcels) {
    for (int i = 0; i < 120; ++i) {
        add(std::to_string(i));
    }
    int parcels = 0;
    while (!book_.outbox.empty()) {
        arrived(book_, due(book_, 0s).at(0), {});
        ++parcels;
    }
    EXPECT_EQ(parcels, 3);
}

}  // namespace
}  // namespace caisson::alerts
