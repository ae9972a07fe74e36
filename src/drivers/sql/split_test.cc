// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/split.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/sql/syntax.h"

namespace caisson::sql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> texts(std::string_view text) {
    std::vector<std::string> found;
    for (const auto& statement : split(text)) {
        found.emplace_back(statement.text(text));
    }
    return found;
}

TEST(SplitTest, SemicolonsSeparateAndEmptyStatementsVanish) {
    EXPECT_THAT(texts("select 1;; -- x\n ;select 2"), ElementsAre("select 1", "select 2"));
    EXPECT_THAT(texts(" /* only a comment */ ; \n"), IsEmpty());
    EXPECT_THAT(texts(""), IsEmpty());
    EXPECT_THAT(texts("select 'a;b', \"c;d\", $$e;f$$, 1 /* ; */ ; x"),
                ElementsAre("select 'a;b', \"c;d\", $$e;f$$, 1", "x"));
}

TEST(SplitTest, ARuleWithSeveralActionsIsOneStatement) {
    EXPECT_THAT(texts("create rule r as on insert to t do (select 1; select 2); select 3"),
                ElementsAre("create rule r as on insert to t do (select 1; select 2)", "select 3"));
}

TEST(SplitTest, ABodyInBeginAtomicIsOneStatement) {
    const std::string function =
        "CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC\n"
        "  select case when a > 0 then 1 else 2 end; select t.end, 1 as case from t;\n"
        "  select a;\nEND";
    EXPECT_THAT(texts(function + "; select 1;"), ElementsAre(function, "select 1"));
    const std::string procedure = "create procedure p() begin atomic insert into t values (1); end";
    EXPECT_THAT(texts(procedure + ";select 2"), ElementsAre(procedure, "select 2"));
}

TEST(SplitTest, NamesThatContainAtomicOrBeginAreNothingSpecial) {
    EXPECT_THAT(texts("create table atomic_swaps(i int); create table begin_atomic(j int);"
                      "create function begin() returns int language sql as 'select 1'; select 2"),
                testing::SizeIs(4));
    EXPECT_THAT(texts("begin; select 1; end; select 2"),
                ElementsAre("begin", "select 1", "end", "select 2"));
}

TEST(SplitTest, DataOfACopyAreNotStatements) {
    const std::string text =
        "copy t(a, b) from stdin;\n1\tit's; \\N\n2\t$$\n\\.\nselect 1;\ncopy t from stdin;\nlast\n";
    const auto statements = split(text);
    ASSERT_EQ(statements.size(), 3U);
    EXPECT_EQ(text.substr(statements[0].data_offset, statements[0].data_length),
              "1\tit's; \\N\n2\t$$\n");
    EXPECT_EQ(statements[1].text(text), "select 1");
    EXPECT_EQ(text.substr(statements[2].data_offset, statements[2].data_length), "last\n");
}

TEST(SplitTest, CommandsOfPsqlAreLinesOfTheirOwn) {
    const std::string text = "\\set ON_ERROR_STOP on\r\nselect 1 \\gexec\n\\echo it's\nselect 2;";
    const auto statements = split(text);
    ASSERT_EQ(statements.size(), 5U);
    EXPECT_EQ(statements[0].kind, StatementKind::psql_command);
    EXPECT_EQ(statements[0].text(text), "\\set ON_ERROR_STOP on");
    EXPECT_EQ(statements[1].text(text), "select 1");
    EXPECT_EQ(statements[2].text(text), "\\gexec");
    EXPECT_EQ(statements[3].text(text), "\\echo it's");
    EXPECT_EQ(statements[4].text(text), "select 2");
}

TEST(SplitTest, TextThatBreaksOffIsOneStatementToItsEnd) {
    EXPECT_THAT(texts("select 1; select 'abc; select 2;"),
                ElementsAre("select 1", "select 'abc; select 2;"));
    EXPECT_THAT(texts("select 1; /* abc"), ElementsAre("select 1", "/* abc"));
    const auto statements = split("select 1; select $$abc; select 2;");
    EXPECT_TRUE(statements.front().terminated);
    EXPECT_FALSE(statements.back().terminated);
}

TEST(SplitTest, AgreesWithTheParserOnWhatBothUnderstand) {
    for (const auto* text : {
             "select 1; select 2",
             "create function f() returns int begin atomic select 1; select 2; end; select 3",
             "create rule r as on insert to t do (select 1; select 2); select 3;",
             "do $$ begin perform 1; end $$; select e'\\';', u&'\\0041;'; select 'ä;'",
         }) {
        ASSERT_FALSE(syntax_mistake(text)) << text;
        for (const auto& statement : split(text)) {
            EXPECT_FALSE(syntax_mistake(statement.text(text))) << statement.text(text);
        }
    }
}

}  // namespace
}  // namespace caisson::sql
