// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/checks/expectation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/checks/decimal.h"

namespace caisson::checks {
namespace {

Expectation expectation(std::string_view text) {
    auto read = parse_expectation(text);
    if (const auto* wrong = std::get_if<Misreading>(&read)) {
        ADD_FAILURE() << text << ": " << wrong->message;
        return {};
    }
    return std::get<Expectation>(read);
}

bool holds_for_rows(std::string_view text, std::size_t rows) {
    return judge(expectation(text), {rows, 1, "x"}).holds;
}

bool holds_for(std::string_view text, std::optional<std::string> value) {
    return judge(expectation(text), {1, 1, std::move(value)}).holds;
}

TEST(ExpectationTest, CountsRows) {
    EXPECT_TRUE(holds_for_rows("rows = 9", 9));
    EXPECT_FALSE(holds_for_rows("rows = 9", 10));
    EXPECT_TRUE(holds_for_rows("rows != 9", 10));
    EXPECT_TRUE(holds_for_rows("ROWS<>9", 10));
    EXPECT_TRUE(holds_for_rows("rows >= 3", 3));
    EXPECT_FALSE(holds_for_rows("rows < 3", 3));
    EXPECT_TRUE(holds_for_rows("rows between 3 and 9", 9));
    EXPECT_FALSE(holds_for_rows("rows between 3 and 9", 10));
    EXPECT_TRUE(holds_for_rows("empty", 0));
    EXPECT_FALSE(holds_for_rows("empty", 1));
    EXPECT_TRUE(holds_for_rows("not  empty", 1));
    EXPECT_FALSE(holds_for_rows("not empty", 0));
}

TEST(ExpectationTest, ComparesNumbersExactly) {
    EXPECT_TRUE(holds_for("value = 9", "9"));
    EXPECT_TRUE(holds_for("value = 9", "9.000"));
    EXPECT_TRUE(holds_for("value = 0.1", "0.10"));
    EXPECT_FALSE(holds_for("value = 9007199254740993", "9007199254740992"));
    EXPECT_FALSE(holds_for("value = 0.3", "0.30000000000000000001"));
    EXPECT_TRUE(holds_for("value > -10", "-9.99"));
    EXPECT_TRUE(holds_for("value = 1e3", "1000"));
    EXPECT_TRUE(holds_for("value = -0", "0"));
    EXPECT_TRUE(holds_for("value between 3 and 9", "3"));
    EXPECT_FALSE(holds_for("value between 3 and 9", "9.0001"));
}

TEST(ExpectationTest, AValueOfAnotherKindNeverHolds) {
    for (const std::string text :
         {"value = 9", "value != 9", "value < 9", "value between 1 and 9"}) {
        EXPECT_FALSE(holds_for(text, "nine")) << text;
        EXPECT_FALSE(holds_for(text, "NaN")) << text;
        EXPECT_FALSE(holds_for(text, std::nullopt)) << text;
    }
    EXPECT_FALSE(holds_for("value = true", "yes"));
    EXPECT_FALSE(holds_for("value != true", "9"));
    EXPECT_FALSE(holds_for("value != 'a'", std::nullopt));
}

TEST(ExpectationTest, KnowsTextsBooleansAndNull) {
    EXPECT_TRUE(holds_for("value = 'it''s'", "it's"));
    EXPECT_FALSE(holds_for("value = '9'", "9.0"));
    EXPECT_TRUE(holds_for("value >= '2026-01-01'", "2026-03-03"));
    EXPECT_TRUE(holds_for("value = ''", ""));
    EXPECT_TRUE(holds_for("value = true", "t"));
    EXPECT_TRUE(holds_for("value != false", "true"));
    EXPECT_FALSE(holds_for("value = true", "f"));
    EXPECT_TRUE(holds_for("value is null", std::nullopt));
    EXPECT_TRUE(holds_for("value = null", std::nullopt));
    EXPECT_FALSE(holds_for("value is null", ""));
    EXPECT_TRUE(holds_for("value is not null", "x"));
    EXPECT_FALSE(holds_for("value != null", std::nullopt));
}

TEST(ExpectationTest, AValueIsOneRowWithOneColumn) {
    const auto expected = expectation("value = 9");
    EXPECT_EQ(judge(expected, {0, 1, std::nullopt}).found, "no row");
    EXPECT_FALSE(judge(expected, {2, 1, "9"}).holds);
    EXPECT_EQ(judge(expected, {2, 1, "9"}).found, "2 rows instead of one value");
    EXPECT_FALSE(judge(expected, {1, 2, "9"}).holds);
    EXPECT_FALSE(judge(expectation("value is null"), {0, 1, std::nullopt}).holds);
}

TEST(ExpectationTest, SaysWhatWasFound) {
    EXPECT_EQ(judge(expectation("rows = 9"), {1, 1, "x"}).found, "1 row");
    EXPECT_EQ(judge(expectation("value = true"), {1, 1, "f"}).found, "false");
    EXPECT_EQ(judge(expectation("value = 9"), {1, 1, std::nullopt}).found, "null");
}

TEST(ExpectationTest, RefusesWithThePlaceAndWhatWasExpected) {
    const auto refusal = [](std::string_view text) {
        const auto read = parse_expectation(text);
        const auto* wrong = std::get_if<Misreading>(&read);
        return wrong ? std::pair(wrong->offset, wrong->message)
                     : std::pair(std::size_t{999}, text.data() + std::string(" was taken"));
    };
    EXPECT_EQ(refusal("rows == 9").first, 6U);
    EXPECT_EQ(refusal("").first, 0U);
    EXPECT_EQ(refusal("nine").first, 0U);
    EXPECT_EQ(refusal("not full").first, 4U);
    EXPECT_EQ(refusal("rows = -1").first, 7U);
    EXPECT_EQ(refusal("rows = 1.5").first, 7U);
    EXPECT_EQ(refusal("rows = 'a'").first, 7U);
    EXPECT_EQ(refusal("rows is null").first, 5U);
    EXPECT_EQ(refusal("value 9").first, 6U);
    EXPECT_EQ(refusal("value =").first, 7U);
    EXPECT_EQ(refusal("value = 'open").first, 8U);
    EXPECT_EQ(refusal("value < true").first, 8U);
    EXPECT_EQ(refusal("value between 3").first, 15U);
    EXPECT_EQ(refusal("value between 3 and 'x'").first, 20U);
    EXPECT_EQ(refusal("value = 9 or 10").first, 10U);
    EXPECT_EQ(refusal("value = nine").first, 8U);
    EXPECT_EQ(refusal("empty rows").first, 6U);
    EXPECT_THAT(refusal("value = 9 or 10").second, testing::HasSubstr("found \"or 10\""));
}

TEST(ExpectationTest, KnowsWhenRowsAreTheObjection) {
    EXPECT_TRUE(wants_no_rows(expectation("empty")));
    EXPECT_TRUE(wants_no_rows(expectation("rows < 1")));
    EXPECT_FALSE(wants_no_rows(expectation("rows < 2")));
    EXPECT_FALSE(wants_no_rows(expectation("value = 0")));
}

TEST(DecimalTest, RefusesWhatIsNoDecimalNumber) {
    for (const std::string_view text :
         {"", "-", ".", "e5", "1e", "1e+", "1e--5", "0x10", "1_000", "NaN", "Infinity", "1.2.3",
          " 1", "1 ", "1e999999", "--1", "1e5.5"}) {
        EXPECT_FALSE(Decimal::parse(text)) << text;
    }
    EXPECT_EQ(Decimal::parse("0012.3400"), Decimal::parse("+12.34"));
    EXPECT_LT(Decimal::parse("1e-99999"), Decimal::parse("1e99999"));
    EXPECT_LT(Decimal::parse("-12"), Decimal::parse("-9"));
    EXPECT_GT(Decimal::parse("0.02"), Decimal::parse("0.0199999"));
    EXPECT_LT(Decimal::parse("-5"), Decimal::parse("0"));
    EXPECT_LT(Decimal::parse("0"), Decimal::parse("0.001"));
}

}  // namespace
}  // namespace caisson::checks
