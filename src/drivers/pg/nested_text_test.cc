// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/nested_text.h"

#include <tuple>

#include <gtest/gtest.h>

#include "base/error.h"
#include "drivers/pg/codec.h"

namespace caisson::pg {
namespace {

Field text(std::string_view bytes, TypeId type = type::unknown) {
    return {type, false, false, bytes};
}

using Texts = std::vector<std::optional<std::string>>;

TEST(NestedTextTest, ArraysAreCutAtTheirDelimitersAndUnescaped) {
    EXPECT_EQ(decode<Texts>(text(R"({a,"b, c",NULL,"NULL","",null,"\"\\","{x}"})")),
              (Texts{"a", "b, c", std::nullopt, "NULL", "", std::nullopt, "\"\\", "{x}"}));
    EXPECT_EQ(decode<Texts>(text("{}")), Texts());
    EXPECT_EQ(decode<std::vector<std::int64_t>>(text("{1,-2,3}", array_of(type::int8))),
              (std::vector<std::int64_t>{1, -2, 3}));
}

TEST(NestedTextTest, BoundsThatDoNotBeginWithOneAreSkipped) {
    using Numbers = std::vector<std::int32_t>;
    EXPECT_EQ(decode<Numbers>(text("[2:3]={5,6}")), (Numbers{5, 6}));
    EXPECT_EQ(decode<Numbers>(text("[-7:-6]={5,6}")), (Numbers{5, 6}));
    EXPECT_EQ(decode<std::vector<Numbers>>(text("[0:0][4:5]={{5,6}}")),
              (std::vector<Numbers>{{5, 6}}));
    for (const auto* const wrong : {"[2:3]{5,6}", "[2]={5,6}", "[a:3]={5}", "[2:3={5}", "[2:3]="}) {
        EXPECT_THROW(decode<Numbers>(text(wrong)), Error) << wrong;
    }
}

TEST(NestedTextTest, DimensionsAreThoseThatAreAskedFor) {
    using Rows = std::vector<std::vector<std::string>>;
    EXPECT_EQ(decode<Rows>(text(R"({{a,"}"},{"\"{",d}})")), (Rows{{"a", "}"}, {"\"{", "d"}}));
    EXPECT_EQ(decode<std::vector<Rows>>(text("{{{a},{b}}}")), (std::vector<Rows>{{{"a"}, {"b"}}}));
    // Otherwise braces would be read as the text of an element.
    EXPECT_THROW(decode<Texts>(text("{{a},{b}}")), Error);
    EXPECT_THROW(decode<Rows>(text("{a,b}")), Error);
    EXPECT_THROW(decode<Rows>(text("{{a},b}")), Error);
}

TEST(NestedTextTest, BoxesAreDelimitedBySemicolons) {
    EXPECT_EQ(decode<Texts>(text("{(1,1),(0,0);NULL}", 1020)),
              (Texts{"(1,1),(0,0)", std::nullopt}));
}

TEST(NestedTextTest, MembersOfCompositesMayBeQuotedEmptyOrNull) {
    const auto read =
        decode<std::tuple<std::string, std::optional<std::string>, std::optional<std::string>,
                          std::string>>(text(R"((a,"b ""c"" \\",,""))"));
    EXPECT_EQ(read, std::tuple("a", "b \"c\" \\", std::nullopt, ""));
    EXPECT_EQ((decode<std::tuple<std::optional<int>>>(text("()"))), std::tuple(std::nullopt));
    // One within the other: each level is escaped again.
    const auto nested = decode<std::tuple<int, std::tuple<std::string, std::vector<std::string>>>>(
        text(R"x((1,"(""a b"",""{x,""""y z""""}"")"))x"));
    EXPECT_EQ(nested, std::tuple(1, std::tuple("a b", std::vector<std::string>{"x", "y z"})));
}

TEST(NestedTextTest, RangesHaveBoundsOrNone) {
    using Numbers = Range<std::int32_t>;
    EXPECT_EQ(decode<Numbers>(text("[1,5)")), Numbers(1, 5));
    EXPECT_EQ(decode<Numbers>(text("(,5]")), Numbers(std::nullopt, 5, false, true));
    EXPECT_EQ(decode<Numbers>(text("(,)")), Numbers(std::nullopt, std::nullopt, false, false));
    EXPECT_TRUE(decode<Numbers>(text("empty")).is_empty);
    const auto days = decode<Range<Timestamp>>(text(R"(["2026-11-26 00:00:00+00",infinity))"));
    EXPECT_EQ(days.lower, std::chrono::sys_days(std::chrono::year(2026) / 11 / 26));
    EXPECT_EQ(days.upper, Timestamp::max());
    EXPECT_EQ(decode<Range<std::string>>(text(R"(["","a ""b""\\"])")),
              (Range<std::string>("", "a \"b\"\\", true, true)));
}

TEST(NestedTextTest, WhatBreaksOffOrGoesOnIsRefused) {
    const std::string array = R"([2:3]={"a \"b",c})";
    for (std::size_t size = 0; size < array.size(); ++size) {
        EXPECT_THROW(decode<Texts>(text(array.substr(0, size))), Error) << size;
    }
    const std::string composite = R"((1,"b ""c"))";
    for (std::size_t size = 0; size < composite.size(); ++size) {
        EXPECT_THROW((decode<std::tuple<int, std::string>>(text(composite.substr(0, size)))), Error)
            << size;
    }
    const std::string range = R"(["1","5"])";
    for (std::size_t size = 0; size < range.size(); ++size) {
        EXPECT_THROW(decode<Range<int>>(text(range.substr(0, size))), Error) << size;
    }
    for (const auto* const wrong :
         {"{a}b", "{a}}", "{a,}", "{,a}", "{,}", "{a;b", "", "a", "{a{b}}"}) {
        EXPECT_THROW(decode<Texts>(text(wrong)), Error) << wrong;
    }
    for (const auto* const wrong : {"(1,2)x", "1,2", "(1,2", "(1,\"2)", "(1)"}) {
        EXPECT_THROW((decode<std::tuple<int, int>>(text(wrong))), Error) << wrong;
    }
    for (const auto* const wrong : {"[1,5)x", "[1]", "[1,2,3]", "Empty", "1,5", "[1,5"}) {
        EXPECT_THROW(decode<Range<int>>(text(wrong)), Error) << wrong;
    }
}

}  // namespace
}  // namespace caisson::pg
