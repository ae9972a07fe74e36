// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/codec.h"

#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"
#include "drivers/pg/arguments.h"
#include "drivers/pg/statement.h"
#include "drivers/pg/text_format.h"

namespace caisson::pg {
namespace {

using namespace std::chrono_literals;

/// Through the binary form and back.
template <typename T>
T again(const T& value) {
    std::string bytes;
    encode(bytes, value);
    return decode<T>(Field{type_id<T>, true, false, bytes});
}

TEST(CodecTest, NumericsKeepEveryDigit) {
    for (const std::string digits :
         {"0", "1", "-1", "10000", "9999", "12.50", "0.0001", "0.00001", "-0.10",
          "123456789.000000", "100000000000000000000000000000000000000000.5", "NaN", "Infinity",
          "-Infinity", "0.00", "99990000", "0.00990000", "1000000000000"}) {
        EXPECT_EQ(again(Numeric{digits}).digits, digits);
    }
    EXPECT_EQ(again(Numeric{"1e3"}).digits, "1000");
    EXPECT_EQ(again(Numeric{"-1.5e-3"}).digits, "-0.0015");
    EXPECT_EQ(again(Numeric{"+007.1"}).digits, "7.1");
    for (const std::string wrong : {"", ".", "1.2.3", "12a", "0x10", "1e", "--1", "1e999999"}) {
        EXPECT_THROW(again(Numeric{wrong}), Error) << wrong;
    }
}

TEST(CodecTest, AddressesKeepTheirPrefix) {
    for (const std::string text : {"10.0.0.1", "192.168.0.0/24", "::1", "2001:db8::/32"}) {
        EXPECT_EQ(again(Inet{text}).text, text);
    }
    EXPECT_EQ(again(Inet{"10.0.0.1/32"}).text, "10.0.0.1");
    for (const std::string wrong : {"", "10.0.0", "10.0.0.1/33", "::1/129", "10.0.0.1/"}) {
        EXPECT_THROW(again(Inet{wrong}), Error) << wrong;
    }
}

TEST(CodecTest, UuidsAreReadInEitherFormAndWrittenInOne) {
    const std::string text = "3d1a8e52-0b7c-4f1e-9a55-0123456789ab";
    EXPECT_EQ(Uuid::from(text).text(), text);
    EXPECT_EQ(Uuid::from("3D1A8E520B7C4F1E9A550123456789AB").text(), text);
    EXPECT_EQ(again(Uuid::from(text)), Uuid::from(text));
    for (const std::string_view wrong : {"", "3d1a8e52", "3d1a8e52-0b7c-4f1e-9a55-0123456789ag",
                                         "3d1a8e520-b7c-4f1e-9a55-0123456789ab"}) {
        EXPECT_THROW(Uuid::from(wrong), Error) << wrong;
    }
}

TEST(CodecTest, TimesHaveTheirEndsAndInfinities) {
    const Timestamp moment = std::chrono::sys_days(std::chrono::year(2026) / 11 / 26) + 14h + 3us;
    EXPECT_EQ(again(moment), moment);
    EXPECT_EQ(again(Timestamp::max()), Timestamp::max());
    EXPECT_EQ(again(Timestamp::min()), Timestamp::min());
    EXPECT_EQ(again(Date::max()), Date::max());
    EXPECT_EQ(again(Date::min()), Date::min());
    EXPECT_THROW(again(Timestamp::min() + 1us), Error);
}

TEST(CodecTest, ArraysHoldNullsWhereTheirElementsMay) {
    const std::vector<std::optional<std::int32_t>> some = {1, std::nullopt, 3};
    std::string bytes;
    encode(bytes, some);
    const Field field{array_of(type::int4), true, false, bytes};
    EXPECT_EQ(decode<std::vector<std::optional<std::int32_t>>>(field), some);
    EXPECT_THROW(decode<std::vector<std::int32_t>>(field), Error);
}

TEST(CodecTest, BytesThatBreakOffAreRefusedAndNeverReadPast) {
    std::string array;
    encode(array, std::vector<std::int64_t>{1, 2, 3});
    for (std::size_t size = 0; size < array.size(); ++size) {
        const Field field{array_of(type::int8), true, false,
                          std::string_view(array).substr(0, size)};
        EXPECT_THROW(decode<std::vector<std::int64_t>>(field), Error) << size;
    }
    std::string number;
    encode(number, Numeric{"123456.789"});
    for (std::size_t size = 0; size < number.size(); ++size) {
        const Field field{type::numeric, true, false, std::string_view(number).substr(0, size)};
        EXPECT_THROW(decode<Numeric>(field), Error) << size;
    }
}

TEST(CodecTest, WhatDoesNotFitIsAnErrorAndNotANumber) {
    std::string bytes;
    encode(bytes, std::int64_t{1} << 40U);
    const Field field{type::int8, true, false, bytes};
    EXPECT_EQ(decode<std::int64_t>(field), std::int64_t{1} << 40U);
    EXPECT_THROW(decode<std::int32_t>(field), Error);
    EXPECT_THROW(decode<std::string>(field), Error);
    EXPECT_THROW(decode<std::int64_t>(Field{type::int8, true, true, {}}), Error);
    EXPECT_EQ(decode<std::optional<std::int64_t>>(Field{type::int8, true, true, {}}), std::nullopt);
}

TEST(CodecTest, TextIsReadAsBinaryIs) {
    const auto text = [](TypeId type, std::string_view bytes) {
        return Field{type, false, false, bytes};
    };
    EXPECT_EQ(decode<std::int64_t>(text(type::int8, "-42")), -42);
    EXPECT_EQ(decode<bool>(text(type::boolean, "t")), true);
    EXPECT_EQ(decode<Bytes>(text(type::bytea, "\\x00ff")).data, std::string("\0\xff", 2));
    EXPECT_EQ(decode<Timestamp>(text(type::timestamptz, "2026-11-26 14:05:06.25+02")),
              std::chrono::sys_days(std::chrono::year(2026) / 11 / 26) + 12h + 5min + 6s + 250ms);
    EXPECT_EQ(decode<Timestamp>(text(type::timestamptz, "2026-11-26 14:05:06-03:30")),
              std::chrono::sys_days(std::chrono::year(2026) / 11 / 26) + 17h + 35min + 6s);
    EXPECT_THROW(decode<std::int64_t>(text(type::int8, "4x")), Error);
    EXPECT_THROW(decode<Timestamp>(text(type::timestamptz, "yesterday")), Error);
}

TEST(ArgumentsTest, IntegersAreFittedAndNothingIsCut) {
    Arguments arguments(std::int64_t{7}, std::int32_t{7}, 7);
    arguments.fit({type::int4, type::int8, type::int2});
    EXPECT_EQ(arguments.field(0).bytes.size(), 4U);
    EXPECT_EQ(arguments.field(1).bytes.size(), 8U);
    EXPECT_EQ(arguments.field(2).bytes.size(), 2U);
    Arguments large(std::int64_t{1} << 40U);
    EXPECT_THROW(large.fit({type::int4}), Error);
    EXPECT_THROW(large.fit({type::int8, type::int8}), Error);
    EXPECT_THROW(large.fit({}), Error);
}

TEST(ArgumentsTest, WhatTheServerReadsAnotherWayIsSentAsText) {
    const TypeId some_enum = 16'500;
    Arguments arguments("approved", 12, true, Uuid{}, std::vector<std::string>{"a\"b", "c\\"});
    arguments.fit({some_enum, type::numeric, type::text, type::text, 2951});
    EXPECT_EQ(arguments.field(0).bytes, "approved");
    EXPECT_EQ(arguments.field(1).bytes, "12");
    EXPECT_EQ(arguments.field(2).bytes, "t");
    EXPECT_EQ(arguments.field(3).bytes, "00000000-0000-0000-0000-000000000000");
    EXPECT_EQ(arguments.field(4).bytes, R"({"a\"b","c\\"})");
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        EXPECT_EQ(arguments.slot(i).type, type::unknown);
    }
    Arguments zero(std::string_view("a\0b", 3));
    EXPECT_THROW(zero.fit({some_enum}), Error);
}

TEST(StatementTest, WhatChangesAConnectionNeedsALaneOfItsOwn) {
    for (const auto* const text :
         {"begin", "  SET x = 1", "-- note\nlisten a", "/* a /* b */ c */ Copy t from stdin",
          "DISCARD all", "start transaction", "reset role", "prepare a as select 1"}) {
        EXPECT_FALSE(Statement(text).needs_own_lane().empty()) << text;
    }
    for (const auto* const text :
         {"select 1", "with a as (select 1) select * from a", "insert into settings values (1)",
          "/* set */ select 1", "update t set a = 1", "notify a", "", "/*"}) {
        EXPECT_TRUE(Statement(text).needs_own_lane().empty()) << text;
    }
}

}  // namespace
}  // namespace caisson::pg
