// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/syntax.h"

#include <thread>

#include <gtest/gtest.h>

namespace caisson::sql {
namespace {

TEST(SyntaxTest, AMistakeIsFoundWhereItIsAlsoAfterCharactersOfManyBytes) {
    const std::string text = "select 'äöü€'; create tabel t(i int);";
    const auto mistake = syntax_mistake(text);
    ASSERT_TRUE(mistake);
    EXPECT_EQ(text.substr(mistake->offset, 5), "tabel");
    EXPECT_NE(mistake->message.find("tabel"), std::string::npos);
    EXPECT_FALSE(syntax_mistake("select 1; create table t(i int)"));
    EXPECT_FALSE(syntax_mistake(""));
}

TEST(SyntaxTest, TextThatBreaksOffIsAMistake) {
    EXPECT_TRUE(syntax_mistake("select 'abc"));
    EXPECT_TRUE(syntax_mistake("select ("));
}

TEST(SyntaxTest, EveryThreadHasAParserOfItsOwn) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([] {
            for (int k = 0; k < 200; ++k) {
                EXPECT_TRUE(syntax_mistake("selct 1"));
                EXPECT_FALSE(syntax_mistake("select 1"));
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
}

}  // namespace
}  // namespace caisson::sql
