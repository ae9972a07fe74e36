// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/history/packing.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"

namespace caisson::monitor {
namespace {

TEST(Packing, ASampleComesBackAsItWas) {
    const std::vector<Numbered> figures = {{1, 0}, {2, -1.5}, {700, 1e300}, {1'000'000, 3}};
    EXPECT_EQ(unpack_sample(pack_sample(figures)), figures);
    EXPECT_TRUE(unpack_sample(pack_sample({})).empty());
}

TEST(Packing, ARowComesBackWithItsHoles) {
    const auto hole = std::numeric_limits<float>::quiet_NaN();
    const auto row = unpack_row(pack_row({1, 1, 1, hole, 2.5F}), 8);
    ASSERT_EQ(row.size(), 8U);
    EXPECT_EQ(row[2], 1);
    EXPECT_TRUE(std::isnan(row[3]));
    EXPECT_EQ(row[4], 2.5F);
    EXPECT_TRUE(std::isnan(row[7]));
}

TEST(Packing, WhatDoesNotChangeTakesNoRoom) {
    EXPECT_EQ(pack_row(std::vector<float>(60, 7)).size(), 5U);
}

TEST(Packing, EveryDamagedTextIsRefusedOrRead) {
    const auto whole = pack_sample({{1, 2}, {3, 4}, {5, 6}});
    for (std::size_t i = 0; i < whole.size(); ++i) {
        try {
            unpack_sample(whole.substr(0, i));
            ADD_FAILURE() << i;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::internal);
        }
        auto changed = whole;
        changed[i] = static_cast<char>(changed[i] ^ 0x55);
        try {
            unpack_sample(changed);
        } catch (const Error&) {
            continue;  // Either is fine, as long as it ends.
        }
    }
    EXPECT_THROW(unpack_row(std::string("\xFF\0\0\0\0", 5), 8), Error);
    EXPECT_THROW(unpack_row("ab", 8), Error);
}

}  // namespace
}  // namespace caisson::monitor
