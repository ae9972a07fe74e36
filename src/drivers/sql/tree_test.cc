// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/tree.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::sql {
namespace {

TEST(Tree, NamesWhatAStatementIsAndWhatItSays) {
    const auto parsed =
        parse_tree("alter table s.t add column a varchar(20), drop column if exists b");
    ASSERT_TRUE(parsed.tree);
    const auto root = parsed.tree->root();
    EXPECT_EQ(root.kind(), "AlterTableStmt");
    EXPECT_EQ(root["relation"].text("schemaname"), "s");
    EXPECT_EQ(root["relation"].text("relname"), "t");
    const auto commands = root.list("cmds");
    ASSERT_EQ(commands.size(), 2U);
    EXPECT_EQ(commands[0].text("subtype"), "AT_AddColumn");
    EXPECT_EQ(commands[0]["def"].text("colname"), "a");
    EXPECT_EQ(commands[0]["def"].location(), 27U);
    EXPECT_TRUE(commands[1].flag("missing_ok"));
    EXPECT_FALSE(commands[0].flag("missing_ok"));
}

TEST(Tree, WhatIsNotThereIsEmptyAllTheWay) {
    const auto parsed = parse_tree("select 1");
    ASSERT_TRUE(parsed.tree);
    const auto nothing = parsed.tree->root()["relation"]["anything"];
    EXPECT_FALSE(nothing);
    EXPECT_EQ(nothing.text("relname"), "");
    EXPECT_EQ(nothing.number("typmod"), 0);
    EXPECT_TRUE(nothing.list("cmds").empty());
}

TEST(Tree, EachVisitsParentsBeforeChildrenInTheirOrder) {
    const auto parsed = parse_tree("select * from a join b on true");
    std::string tables;
    parsed.tree->root().each([&](Node node) {
        if (node.is("RangeVar")) {
            tables += node.text("relname");
        }
    });
    EXPECT_EQ(tables, "ab");
}

TEST(Tree, APlaceIsGivenWhereTheGrammarStumbles) {
    const auto parsed = parse_tree("create tabel t (a int)");
    EXPECT_FALSE(parsed.tree);
    ASSERT_TRUE(parsed.mistake);
    EXPECT_EQ(parsed.mistake->offset, 7U);
    EXPECT_THAT(parsed.mistake->message, testing::HasSubstr("tabel"));
}

TEST(Tree, NothingIsNeitherATreeNorAMistake) {
    const auto parsed = parse_tree("");
    EXPECT_FALSE(parsed.tree);
    EXPECT_FALSE(parsed.mistake);
}

TEST(Tree, LongChainsOfOperatorsEndNoProcess) {
    std::string fits = "select 1";
    for (std::size_t i = 0; i < longest_tree / 2 - 2; ++i) {
        fits += "+1";
    }
    ASSERT_TRUE(parse_tree(fits).tree);
    std::size_t nodes = 0;
    parse_tree(fits).tree->root().each([&](Node) { ++nodes; });
    EXPECT_GT(nodes, longest_tree / 2);
    for (std::size_t i = 0; i < 200'000; ++i) {
        fits += "+1";
    }
    EXPECT_FALSE(parse_tree(fits).tree);
    EXPECT_FALSE(parse_tree(fits).mistake);
}

TEST(Tree, ManyRowsAreOneFlatList) {
    std::string rows = "insert into t values (1)";
    for (int i = 0; i < 5'000; ++i) {
        rows += ",(1)";
    }
    EXPECT_TRUE(parse_tree(rows).tree);
}

}  // namespace
}  // namespace caisson::sql
