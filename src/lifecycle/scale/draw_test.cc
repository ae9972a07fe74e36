// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/draw.h"

#include <array>
#include <set>

#include <gtest/gtest.h>

namespace caisson::scale {
namespace {

std::array<std::uint32_t, 4> made(Philox counter, Key key) {
    const auto result = philox(counter, key);
    return {result.words[0], result.words[1], result.words[2], result.words[3]};
}

// Source: the known answers that Random123 is published with (kat_vectors, philox4x32 10).
TEST(Draw, PhiloxGivesItsKnownAnswers) {
    EXPECT_EQ(made({{0, 0, 0, 0}}, {0, 0}),
              (std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    const std::uint32_t all = 0xffffffff;
    EXPECT_EQ(made({{all, all, all, all}}, {all, all}),
              (std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
    EXPECT_EQ(made({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, {0xa4093822, 0x299f31d0}),
              (std::array<std::uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Draw, RowsTurnsNamesAndSeedsAllMatter) {
    const auto key = key_of(1, "public.users.id");
    std::set<std::uint64_t> seen;
    for (const auto& bits :
         {draw(key, 0), draw(key, 1), draw(key, 0, 1), draw(key_of(2, "public.users.id"), 0),
          draw(key_of(1, "public.users.email"), 0)}) {
        seen.insert(bits.first);
        seen.insert(bits.second);
    }
    EXPECT_EQ(seen.size(), 10U);
    EXPECT_EQ(draw(key, 7).first, draw(key_of(1, "public.users.id"), 7).first);
}

TEST(Draw, BitsBecomeNumbersWithinTheirBounds) {
    EXPECT_EQ(unit(0), 0);
    EXPECT_LT(unit(~std::uint64_t{0}), 1);
    EXPECT_GT(inner_unit(0), 0);
    EXPECT_LT(inner_unit(~std::uint64_t{0}), 1);
    EXPECT_EQ(below(0, 10), 0U);
    EXPECT_EQ(below(~std::uint64_t{0}, 10), 9U);
    EXPECT_EQ(below(~std::uint64_t{0}, 1), 0U);
}

}  // namespace
}  // namespace caisson::scale
