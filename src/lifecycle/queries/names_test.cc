// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/queries/names.h"

#include <gtest/gtest.h>

namespace caisson::queries {
namespace {

TEST(Names, AreSnakeCaseInFunctionsAndCamelCaseInTypes) {
    EXPECT_EQ(snake_case("FindBusiness"), "find_business");
    EXPECT_EQ(snake_case("HTTPServer"), "http_server");
    EXPECT_EQ(snake_case("createdAt"), "created_at");
    EXPECT_EQ(snake_case("find-business by.id"), "find_business_by_id");
    EXPECT_EQ(camel_case("find_business"), "FindBusiness");
    EXPECT_EQ(camel_case("2fa_codes"), "X2faCodes");
}

TEST(Names, WhatCppDoesNotTakeIsMadeSoThatItDoes) {
    EXPECT_EQ(identifier("class"), "class_");
    EXPECT_EQ(identifier("Class"), "class_");
    EXPECT_EQ(identifier("2fa"), "x2fa");
    EXPECT_EQ(identifier("order total (€)"), "order_total");
    EXPECT_EQ(identifier("delete"), "delete_");
    EXPECT_EQ(identifier("pg"), "pg_");
    EXPECT_EQ(identifier("__x__y"), "x_y");
    EXPECT_EQ(identifier("名前"), "xe5908de5898d");
    EXPECT_EQ(identifier("_"), "x5f");
}

TEST(Names, ThoseThatWouldBeTheSameAreTold) {
    DistinctNames names({"row"});
    EXPECT_EQ(names.name("id"), "id");
    EXPECT_EQ(names.name("id"), "id_2");
    EXPECT_EQ(names.name("id_2"), "id_2_2");
    EXPECT_EQ(names.name("row"), "row_2");
}

TEST(Names, TextOfALiteralIsEscaped) { EXPECT_EQ(escaped("a\"b\\c\n\x01"), "a\\\"b\\\\c\\n\\001"); }

}  // namespace
}  // namespace caisson::queries
