// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/quote.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace caisson::pg {
namespace {

TEST(Quote, IdentifiersAreAlwaysQuotedAndQuotesDoubled) {
    EXPECT_EQ(identifier("users"), "\"users\"");
    EXPECT_EQ(identifier("a\"; drop table x; --"), "\"a\"\"; drop table x; --\"");
    EXPECT_EQ(identifiers({"a", "b"}), "\"a\", \"b\"");
}

TEST(Quote, RefusesNamesThatPostgresWouldCutOrCannotHold) {
    EXPECT_THROW(identifier(""), Error);
    EXPECT_THROW(identifier(std::string(64, 'x')), Error);
    EXPECT_THROW(identifier(std::string_view("a\0b", 3)), Error);
}

TEST(Quote, LiteralsMeanTheSameUnderEverySetting) {
    EXPECT_EQ(literal("it's"), "'it''s'");
    EXPECT_EQ(literal("a\\b"), "E'a\\\\b'");
}

TEST(Quote, NamesMaySayTheirSchema) {
    EXPECT_EQ(qualified_name("sanctions.wallets").quoted(), "\"sanctions\".\"wallets\"");
    EXPECT_EQ(qualified_name("users").text(), "users");
}

}  // namespace
}  // namespace caisson::pg
