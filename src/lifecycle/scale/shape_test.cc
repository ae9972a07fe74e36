// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/shape.h"

#include <cmath>
#include <map>
#include <set>

#include <gtest/gtest.h>

namespace caisson::scale {
namespace {

constexpr std::uint64_t many = 60'000;

Shape shape(Shape::Kind kind, std::int64_t from, std::int64_t to, std::optional<double> mean = {},
            std::optional<double> deviation = {}, double exponent = 1) {
    return Shape({kind, from, to, mean, deviation, exponent});
}

struct Moments {
    double mean = 0;
    double deviation = 0;
    std::int64_t least = 0;
    std::int64_t most = 0;
};
Moments moments_of(const Shape& shape) {
    const auto key = key_of(1, "shape");
    double sum = 0;
    double squares = 0;
    Moments moments;
    for (std::uint64_t row = 0; row < many; ++row) {
        const auto number = static_cast<std::int64_t>(shape.number(key, row));
        const auto value = static_cast<double>(number);
        sum += value;
        squares += value * value;
        moments.least = row == 0 ? number : std::min(moments.least, number);
        moments.most = row == 0 ? number : std::max(moments.most, number);
    }
    moments.mean = sum / many;
    moments.deviation = std::sqrt(squares / many - moments.mean * moments.mean);
    return moments;
}

TEST(Shape, UniformTakesEveryNumberAlike) {
    const auto dice = shape(Shape::Kind::uniform, 1, 6);
    std::map<std::int64_t, int> counts;
    const auto key = key_of(1, "dice");
    for (std::uint64_t row = 0; row < many; ++row) {
        ++counts[static_cast<std::int64_t>(dice.number(key, row))];
    }
    ASSERT_EQ(counts.size(), 6U);
    for (const auto& [number, count] : counts) {
        EXPECT_NEAR(count, many / 6.0, 5 * std::sqrt(many / 6.0)) << number;
    }
}

TEST(Shape, UniformReachesBeyondSixtyFourBits) {
    const Int128 wide = Int128{1} << 100;
    const Shape numbers({Shape::Kind::uniform, -wide, wide, {}, {}, 1});
    const auto key = key_of(1, "wide");
    int beyond = 0;
    for (std::uint64_t row = 0; row < 1000; ++row) {
        const auto number = numbers.number(key, row);
        EXPECT_LE(number, wide);
        EXPECT_GE(number, -wide);
        beyond += number > wide / 2 || number < -wide / 2 ? 1 : 0;
    }
    EXPECT_NEAR(beyond, 500, 100);
}

TEST(Shape, NormalGathersAroundItsMeanAndStaysWithinItsBounds) {
    const auto found = moments_of(shape(Shape::Kind::normal, 0, 1000, 400, 50));
    EXPECT_NEAR(found.mean, 400, 1.5);
    EXPECT_NEAR(found.deviation, 50, 1);
    const auto cut = moments_of(shape(Shape::Kind::normal, 0, 10, 5, 100));
    EXPECT_EQ(cut.least, 0);
    EXPECT_EQ(cut.most, 10);
    EXPECT_NEAR(cut.mean, 5, 0.15);
}

TEST(Shape, ExponentialFallsFromItsLowerBound) {
    const auto found = moments_of(shape(Shape::Kind::exponential, 100, 1'000'000, 600));
    EXPECT_NEAR(found.mean, 600, 10);
    EXPECT_NEAR(found.deviation, 500, 15);
    EXPECT_EQ(found.least, 100);
}

TEST(Shape, ZipfFollowsItsLaw) {
    for (const double exponent : {0.7, 1.0, 1.5}) {
        const std::uint64_t count = 1000;
        double whole = 0;
        for (std::uint64_t k = 1; k <= count; ++k) {
            whole += std::pow(static_cast<double>(k), -exponent);
        }
        const Zipf zipf(count, exponent);
        std::map<std::uint64_t, double> found;
        const auto key = key_of(1, "zipf");
        for (std::uint64_t row = 0; row < many; ++row) {
            const auto rank = zipf.rank(key, row);
            ASSERT_GE(rank, 1U);
            ASSERT_LE(rank, count);
            ++found[rank];
        }
        for (const std::uint64_t k : {1, 2, 3, 10, 100}) {
            const double expected = many * std::pow(static_cast<double>(k), -exponent) / whole;
            EXPECT_NEAR(found[k], expected, 5 * std::sqrt(expected)) << exponent << " " << k;
        }
    }
}

TEST(Shape, ZipfOfOneAndOfVeryManyRanksWorks) {
    const Zipf one(1, 1);
    const Zipf huge(std::uint64_t{1} << 50, 1.1);
    const auto key = key_of(1, "edges");
    for (std::uint64_t row = 0; row < 1000; ++row) {
        EXPECT_EQ(one.rank(key, row), 1U);
        EXPECT_GE(huge.rank(key, row), 1U);
    }
}

TEST(Shape, ScatterTouchesEachNumberOnce) {
    for (const std::uint64_t count : {1, 2, 6, 10, 997, 1000, 30030}) {
        const Scatter scatter(count);
        std::set<std::uint64_t> seen;
        for (std::uint64_t k = 0; k < count; ++k) {
            seen.insert(scatter.at(k));
        }
        EXPECT_EQ(seen.size(), count);
        EXPECT_EQ(*seen.rbegin(), count - 1);
    }
}

}  // namespace
}  // namespace caisson::scale
