// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/binary.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace caisson::scale {
namespace {

using std::operator""s;

std::string field(const Value& value, Type type) {
    std::string out;
    append_field(out, value, {type, "type", 25});
    return out;
}

Value text(std::string_view content) {
    Value value;
    value.set_text(content);
    return value;
}

TEST(Binary, NumbersAreInNetworkOrder) {
    Value value;
    value.set_integer(-2);
    EXPECT_EQ(field(value, Type::int2), "\0\0\0\2\xff\xfe"s);
    value.set_integer(258);
    EXPECT_EQ(field(value, Type::int4), "\0\0\0\4\0\0\1\2"s);
    EXPECT_EQ(field(value, Type::int8), "\0\0\0\10\0\0\0\0\0\0\1\2"s);
    EXPECT_EQ(field(text("258"), Type::int4), field(value, Type::int4));
    value.set_decimal({25, 1});
    EXPECT_EQ(field(value, Type::float8), "\0\0\0\10\x40\4\0\0\0\0\0\0"s);
}

TEST(Binary, NumericIsGroupsOfFourDigits) {
    Value value;
    value.set_decimal({-1234567, 3});  // -1234.567
    EXPECT_EQ(field(value, Type::numeric), "\0\0\0\14\0\2\0\0\x40\0\0\3\4\xd2\x16\x26"s);
    value.set_decimal({5, 4});  // 0.0005
    EXPECT_EQ(field(value, Type::numeric), "\0\0\0\12\0\1\xff\xff\0\0\0\4\0\5"s);
    value.set_integer(120000);  // 12 * 10000
    EXPECT_EQ(field(value, Type::numeric), "\0\0\0\12\0\1\0\1\0\0\0\0\0\14"s);
}

TEST(Binary, TextsBecomeWhatTheirTypeIs) {
    EXPECT_EQ(field(text("true"), Type::boolean), "\0\0\0\1\1"s);
    EXPECT_EQ(field(text("\\x00ff"), Type::bytea), "\0\0\0\2\0\xff"s);
    EXPECT_EQ(field(text("00000000-0000-4000-8000-00000000000a"), Type::uuid),
              "\0\0\0\20\0\0\0\0\0\0\x40\0\x80\0\0\0\0\0\0\n"s);
    EXPECT_EQ(field(text("2000-01-02"), Type::date), "\0\0\0\4\0\0\0\1"s);
    EXPECT_EQ(field(text("2000-01-01 00:00:01+00"), Type::timestamptz),
              "\0\0\0\10\0\0\0\0\0\x0f\x42\x40"s);
    EXPECT_EQ(field(text("{}"), Type::jsonb), "\0\0\0\3\1{}"s);
    EXPECT_EQ(field(text("10.0.0.1"), Type::inet), "\0\0\0\10\2\x20\0\4\n\0\0\1"s);
    EXPECT_EQ(field({}, Type::text), "\xff\xff\xff\xff"s);
    Value list;
    list.kind = Value::Kind::list;
    list.items = {"a"};
    EXPECT_EQ(field(list, Type::array),
              "\0\0\0\x19\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\1\0\0\0\1\0\0\0\1"
              "a"s);
}

TEST(Binary, VectorsAreTheirCountAndSingleFloats) {
    EXPECT_EQ(field(text("[0.5, -1,2]"), Type::vector),
              "\0\0\0\x10\0\3\0\0\x3f\0\0\0\xbf\x80\0\0\x40\0\0\0"s);
    for (const auto* const none : {"", "[]", "[1", "1,2", "[1,]", "[1 2]", "[a]", "[1,2],[3]"}) {
        EXPECT_THROW(field(text(none), Type::vector), Error) << none;
    }
}

TEST(Binary, WhatATypeCannotHoldIsAnError) {
    Value large;
    large.set_integer(40000);
    Value list;
    list.kind = Value::Kind::list;
    for (const auto& [value, type] :
         std::vector<std::pair<Value, Type>>{{large, Type::int2},
                                             {text("many"), Type::int4},
                                             {text("maybe"), Type::boolean},
                                             {text("12"), Type::uuid},
                                             {text("\\x0"), Type::bytea},
                                             {text("yesterday"), Type::date},
                                             {text("10.0.0"), Type::inet},
                                             {text("10.0.0.1/40"), Type::cidr},
                                             {list, Type::numeric},
                                             {large, Type::array}}) {
        EXPECT_THROW(field(value, type), Error) << value.text << static_cast<int>(type);
    }
}

}  // namespace
}  // namespace caisson::scale
