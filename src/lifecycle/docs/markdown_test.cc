// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/markdown.h"

#include <gtest/gtest.h>

namespace caisson::docs {
namespace {

TEST(Markdown, TakesNothingOfAProseForItsOwn) {
    EXPECT_EQ(inline_text("a|b *c* <d> [e](f) `g` ~h~ $1 and $2 & \\"),
              "a\\|b \\*c\\* \\<d> \\[e\\](f) \\`g\\` \\~h\\~ \\$1 and \\$2 &amp; \\\\");
    EXPECT_EQ(inline_text("user_id and _this_"), "user_id and \\_this\\_");
    EXPECT_EQ(cell_text("one\r\ntwo\n\nthree"), "one<br>two<br><br>three");
    EXPECT_EQ(inline_text(std::string("a\x01 b\tc\x7f")), "a b c");
}

TEST(Markdown, ALineNeverBeginsABlock) {
    EXPECT_EQ(paragraphs("# no heading\n- no list\n1. no number\n> no quotation\n===\n\nnext"),
              "\\# no heading\n\\- no list\n1\\. no number\n\\> no quotation\n\\===\n\nnext\n");
    EXPECT_EQ(paragraphs(""), "");
    EXPECT_EQ(paragraphs("2026 was"), "2026 was\n");
}

TEST(Markdown, CodeIsShownAsItIsWhateverIsInIt) {
    EXPECT_EQ(code("a = 'b'"), "`a = 'b'`");
    EXPECT_EQ(code("a `b` c"), "``a `b` c``");
    EXPECT_EQ(code("`a`"), "`` `a` ``");
    EXPECT_EQ(code("a\n   b"), "`a b`");
    EXPECT_EQ(code(""), "");
    // In a table a pipe would end the cell even inside a span of code.
    EXPECT_EQ(code("a || '<b>*'"), "<code>a &#124;&#124; '&#60;b&#62;&#42;'</code>");
}

TEST(Markdown, AFenceIsLongerThanAnyInItsText) {
    EXPECT_EQ(code_block("sql", "select 1;\n"), "```sql\nselect 1;\n```\n");
    EXPECT_EQ(code_block("sql", "a\r\n````\n"), "`````sql\na\n````\n`````\n");
}

TEST(Markdown, AnchorsAreThoseOfGitHub) {
    EXPECT_EQ(anchor("Table users"), "table-users");
    EXPECT_EQ(anchor("Table sanctions.wallets"), "table-sanctionswallets");
    EXPECT_EQ(anchor("View \"Odd Name\".\"a-b_c\""), "view-odd-namea-b_c");
    EXPECT_EQ(anchor("Tabelle größe"), "tabelle-größe");
}

TEST(Markdown, AGridLeavesOutColumnsThatSayNothing) {
    Grid grid({"a", "b", "n>"});
    EXPECT_EQ(grid.text(), "");
    grid.add({"x", "", "1"});
    grid.add({"", "", ""});
    EXPECT_EQ(grid.text(), "| a | n |\n|---|---:|\n| x | 1 |\n| | |\n");
    EXPECT_EQ(grid.whole_text(), "| a | b | n |\n|---|---|---:|\n| x | | 1 |\n| | | |\n");
}

TEST(Markdown, LeavesEmptyLinesOfCodeAlone) {
    EXPECT_EQ(tidy("a\n\n\nb\n```sql\nx\n\n\ny\n```\n\n\n"), "a\n\nb\n```sql\nx\n\n\ny\n```\n\n");
}

TEST(Markdown, EnumeratesAsPeopleDo) {
    EXPECT_EQ(enumeration({}), "");
    EXPECT_EQ(enumeration({"a"}), "a");
    EXPECT_EQ(enumeration({"a", "b", "c"}), "a, b and c");
}

}  // namespace
}  // namespace caisson::docs
