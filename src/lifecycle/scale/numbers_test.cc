// SPDX-License-Identifier: Apache-2.0
// Decimals, logarithms, expressions, dates: what makers compute with.
#include <cmath>

#include <gtest/gtest.h>

#include "base/error.h"
#include "lifecycle/scale/arithmetic.h"
#include "lifecycle/scale/decimal.h"
#include "lifecycle/scale/expression.h"
#include "lifecycle/scale/moment.h"

namespace caisson::scale {
namespace {

std::string shown(std::string_view text) {
    const auto value = parse_decimal(text);
    return value ? to_text(*value) : "none";
}

TEST(Decimal, TextGoesThereAndBack) {
    for (const auto* const text : {"0", "-12.50", "0.05", "58750003716598352816469",
                                   "99999999999999999999.999999999999999999"}) {
        EXPECT_EQ(shown(text), text);
    }
    EXPECT_EQ(shown("+7"), "7");
    EXPECT_EQ(shown("1.5e18"), "1500000000000000000");
    EXPECT_EQ(shown("25e-3"), "0.025");
    for (const auto* const text : {"", "-", ".", "1.2.3", "12x", "1e", "1e99",
                                   "999999999999999999999999999999999999999999"}) {
        EXPECT_EQ(shown(text), "none") << text;
    }
}

TEST(Decimal, IsRoundedAwayFromZeroAtHalves) {
    const auto rounded = [](std::string_view text, int scale) {
        return to_text(rescaled(*parse_decimal(text), scale));
    };
    EXPECT_EQ(rounded("2.345", 2), "2.35");
    EXPECT_EQ(rounded("-2.345", 2), "-2.35");
    EXPECT_EQ(rounded("2.3449", 2), "2.34");
    EXPECT_EQ(rounded("7", 3), "7.000");
    EXPECT_EQ(to_text(divide({2, 0}, {3, 0}, 4)), "0.6667");
    EXPECT_EQ(to_text(divide({-1, 0}, {8, 0}, 2)), "-0.13");
}

TEST(Decimal, WhatDoesNotFitIsAnError) {
    const Decimal large = *parse_decimal("99999999999999999999");
    EXPECT_THROW(multiply(large, multiply(large, large)), Error);
    EXPECT_THROW(divide(large, {0, 0}, 2), Error);
    EXPECT_THROW(rescaled(multiply(large, {1'000'000'000'000'000'000, 0}), 18), Error);
}

TEST(Arithmetic, AgreesWithTheLibraryOfC) {
    for (const double x :
         {1e-300, 1e-9, 0.3, 0.70710678, 0.99999, 1.0, 1.5, 2.0, 10.0, 1e9, 1e300}) {
        EXPECT_NEAR(ln(x), std::log(x), 4e-15 * std::max(1.0, std::fabs(std::log(x)))) << x;
    }
    for (const double x : {-700.0, -20.0, -1.0, -1e-9, 0.0, 1e-9, 0.5, 1.0, 3.3, 50.0, 700.0}) {
        EXPECT_NEAR(exp_of(x) / std::exp(x), 1, 1e-13) << x;
    }
    EXPECT_EQ(ln(1), 0);
    EXPECT_EQ(exp_of(0), 1);
}

TEST(Arithmetic, QuantilesOfTheNormalDistributionAreRight) {
    EXPECT_NEAR(normal_quantile(0.5), 0, 1e-15);
    EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-12);
    EXPECT_NEAR(normal_quantile(0.001), -3.090232306167813, 1e-12);
    EXPECT_NEAR(normal_quantile(1e-12), -7.034483825301132, 1e-10);
}

std::string computed(std::string_view text) {
    std::string why;
    const auto expression = Expression::parse(text, why);
    return expression ? to_text(expression->evaluate(
                            [](std::size_t) {
                                return Decimal{250, 2};
                            },
                            2))
                      : why;
}

TEST(Expression, ProductsComeBeforeSums) {
    EXPECT_EQ(computed("1 + 2 * 3 - 4"), "3");
    EXPECT_EQ(computed("(1 + 2) * -price"), "-7.50");
    EXPECT_EQ(computed("price * price"), "6.2500");
    EXPECT_EQ(computed("10 / 4 / 5"), "0.50000");
    EXPECT_EQ(computed("- - 2"), "2");
}

TEST(Expression, KnowsWholeNumbersAndWhatDivisionsLeave) {
    EXPECT_EQ(computed("floor(price)"), "2");
    EXPECT_EQ(computed("floor(-price)"), "-3");
    EXPECT_EQ(computed("floor(-2)"), "-2");
    EXPECT_EQ(computed("7 % 3"), "1");
    EXPECT_EQ(computed("-7 % 3"), "-1");  // As SQL's.
    EXPECT_EQ(computed("5.5 % price"), "0.50");
    EXPECT_EQ(computed("1 + 2 * 7 % 4"), "3");
    // Rounded first, it would be a whole one more.
    EXPECT_EQ(computed("floor(1999999999 / 2000000000)"), "0");
    EXPECT_EQ(computed("floor(-1 / 2000000000)"), "-1");
    EXPECT_EQ(computed("floor(6 / -3)"), "-2");
    EXPECT_EQ(computed("floor(floor(29 / 10) / 2) + 1"), "2");
    EXPECT_EQ(computed("floor + 1"), "3.50");  // A column may be called so.
    EXPECT_THROW(computed("1 % (price - 2.5)"), Error);
    EXPECT_THROW(computed("floor(1 / 0)"), Error);
}

TEST(Expression, SaysWhereItStopsBeingOne) {
    EXPECT_NE(computed("ceil(2)").find("the one function is floor"), std::string::npos);
    EXPECT_NE(computed("floor(2").find("expected )"), std::string::npos);
    EXPECT_NE(computed("floor()").find("expected a number"), std::string::npos);
    EXPECT_EQ(computed("1 +"),
              "\"1 +\" is no expression: expected a number or the name of a column "
              "at character 4");
    EXPECT_EQ(computed("(a"), "\"(a\" is no expression: expected ) at character 3");
    EXPECT_EQ(computed("a b"), "\"a b\" is no expression: expected an operator at character 3");
    EXPECT_NE(computed(std::string(500, '(')).find("nested too deep"), std::string::npos);
    EXPECT_NE(computed(std::string(500, '-')).find("nested too deep"), std::string::npos);
}

std::string moment(std::string_view text) {
    const auto value = parse_moment(text);
    std::string out = value ? "" : "none";
    if (value) {
        append_moment(out, *value);
    }
    return out;
}

TEST(Moment, IsReadAsPeopleAndPostgresqlWriteIt) {
    EXPECT_EQ(*parse_moment("2000-01-01"), 0);
    EXPECT_EQ(*parse_moment("1999-12-31T23:59:59Z"), -1'000'000);
    EXPECT_EQ(moment("2026-01-05"), "2026-01-05T00:00:00Z");
    EXPECT_EQ(moment("2026-01-05 08:15:00.25+02"), "2026-01-05T06:15:00.250000Z");
    EXPECT_EQ(moment("2026-01-05T08:15-05:30"), "2026-01-05T13:45:00Z");
    EXPECT_EQ(moment("1969-07-20T20:17:40Z"), "1969-07-20T20:17:40Z");
    EXPECT_EQ(moment("2024-02-29"), "2024-02-29T00:00:00Z");
    for (const auto* const text : {"", "2026", "2026-02-29", "2026-01-05T", "2026-01-05T25:00:00Z",
                                   "2026-01-05T08:00:00X", "2026-01-05T08:00:61Z"}) {
        EXPECT_EQ(moment(text), "none") << text;
    }
}

}  // namespace
}  // namespace caisson::scale
