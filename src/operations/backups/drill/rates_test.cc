// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/drill/rates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::backups {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t mb = std::uint64_t{1} << 20U;

KeptReceipt drill(double copying, double replaying, std::uint64_t bytes, bool passed = true) {
    Receipt receipt;
    receipt.bytes = bytes;
    receipt.copy_seconds = copying;
    receipt.replay_seconds = replaying;
    receipt.segments = replaying > 0 ? 100 : 0;
    receipt.restore_seconds = copying + replaying + 3;
    receipt.trials = {{"restore", passed, "", 1}};
    return {receipt, true};
}

TEST(Rates, AreTheMedianOfWhatDrillsMeasured) {
    const auto rates =
        rates_of({drill(10, 5, 100 * mb), drill(10, 10, 300 * mb), drill(10, 20, 200 * mb)}, true);
    EXPECT_EQ(rates.drills, 3U);
    EXPECT_DOUBLE_EQ(rates.bytes_a_second.value(), 20.0 * mb);
    EXPECT_DOUBLE_EQ(rates.segments_a_second.value(), 10);
    EXPECT_DOUBLE_EQ(rates.other_seconds, 3);
}

TEST(Rates, OfTheNewestTenThatPassed) {
    std::vector<KeptReceipt> receipts;
    for (int i = 0; i < 30; ++i) {
        receipts.push_back(drill(1, 1, 100 * mb));
    }
    for (int i = 0; i < 10; ++i) {
        receipts.push_back(drill(1, 1, 1000 * mb));
    }
    receipts.push_back(drill(1, 1, 50 * mb, false));
    EXPECT_DOUBLE_EQ(rates_of(receipts, true).bytes_a_second.value(), 1000.0 * mb);
}

TEST(Rates, OfLogicalAndPhysicalRestoresAreApart) {
    auto logical = drill(0, 0, 60 * mb);
    EXPECT_EQ(rates_of({logical}, true).drills, 0U);
    const auto rates = rates_of({logical, drill(1, 1, 1)}, false);
    EXPECT_EQ(rates.drills, 1U);
    EXPECT_EQ(logical_estimate(rates, 200 * mb).value().count(), 10'000);
    EXPECT_FALSE(logical_estimate(rates_of({}, false), 20'000));
}

TEST(Rates, OfSmallDrillsTellWhatEveryRestoreTakes) {
    const auto rates = rates_of({drill(0, 0, 6000)}, false);
    EXPECT_FALSE(rates.bytes_a_second);
    EXPECT_NEAR(rates.other_seconds, 3, 0.01);
    const auto estimate = logical_estimate(rates, 3 * mb).value().count();
    EXPECT_GT(estimate, 3000);
    EXPECT_LT(estimate, 4000);
}

TEST(Rates, SayWhereTheyComeFrom) {
    using namespace std::chrono_literals;
    EXPECT_THAT(estimate_text(12s, 3), HasSubstr("as 3 drills took"));
    EXPECT_THAT(estimate_text(12s, 0), HasSubstr("a guess: no drill"));
    EXPECT_THAT(estimate_text(std::nullopt, 0), HasSubstr("not known"));
}

}  // namespace
}  // namespace caisson::backups
