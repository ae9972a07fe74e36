// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/lint/type.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::lint {
namespace {

Type type(const std::string& text) {
    const auto parsed = sql::parse_tree("create table t (a " + text + ")");
    return type_of(parsed.tree->root().list("tableElts").front()["typeName"]);
}

TEST(Type, IsNamedAsTheCatalogueDoesAndSpelledAsPeopleDo) {
    EXPECT_EQ(type("integer").name, "int4");
    EXPECT_EQ(type("INT").text(), "integer");
    EXPECT_EQ(type("character varying(20)").text(), "varchar(20)");
    EXPECT_EQ(type("numeric(10, 2)[]").text(), "numeric(10,2)[]");
    EXPECT_EQ(type("timestamp with time zone").name, "timestamptz");
    EXPECT_EQ(type("app.mood").name, "app.mood");
    EXPECT_TRUE(type("bigserial").is_serial());
}

TEST(Type, SomeChangesLeaveTheRowsAlone) {
    EXPECT_TRUE(changes_without_rewrite(type("varchar(10)"), type("varchar(20)")));
    EXPECT_TRUE(changes_without_rewrite(type("varchar(10)"), type("varchar")));
    EXPECT_TRUE(changes_without_rewrite(type("varchar(10)"), type("text")));
    EXPECT_TRUE(changes_without_rewrite(type("text"), type("varchar")));
    EXPECT_TRUE(changes_without_rewrite(type("numeric(8,2)"), type("numeric(10,2)")));
    EXPECT_TRUE(changes_without_rewrite(type("numeric(8,2)"), type("numeric")));
    EXPECT_TRUE(changes_without_rewrite(type("timestamptz(3)"), type("timestamptz")));
    EXPECT_TRUE(changes_without_rewrite(type("cidr"), type("inet")));
}

TEST(Type, OthersDoNot) {
    EXPECT_FALSE(changes_without_rewrite(type("varchar(20)"), type("varchar(10)")));
    EXPECT_FALSE(changes_without_rewrite(type("varchar"), type("varchar(10)")));
    EXPECT_FALSE(changes_without_rewrite(type("text"), type("varchar(10)")));
    EXPECT_FALSE(changes_without_rewrite(type("char(10)"), type("text")));
    EXPECT_FALSE(changes_without_rewrite(type("integer"), type("bigint")));
    EXPECT_FALSE(changes_without_rewrite(type("numeric(8,2)"), type("numeric(10,3)")));
    EXPECT_FALSE(changes_without_rewrite(type("numeric"), type("numeric(10,3)")));
    EXPECT_FALSE(changes_without_rewrite(type("text"), type("text[]")));
    EXPECT_FALSE(changes_without_rewrite(Type(), type("text")));
}

}  // namespace
}  // namespace caisson::lint
