// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/command.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::sql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> arguments(std::string_view line, const Lookup& lookup = {}) {
    CommandScanner command(line, lookup, [](const std::string& text) { return "<" + text + ">"; });
    std::vector<std::string> found;
    while (const auto argument = command.next()) {
        found.push_back(*argument);
    }
    return found;
}

TEST(CommandTest, ArgumentsAreCutAsPsqlCutsThem) {
    EXPECT_THAT(arguments("set  a 'it''s' b'c'd\t\"e f\""),
                ElementsAre("a", "it's", "bcd", "\"e f\""));
    EXPECT_THAT(arguments("echo 'a\\tb\\n\\101\\x41\\q' ''"), ElementsAre("a\tb\nAAq", ""));
    EXPECT_THAT(arguments("set x `date` a`b`"), ElementsAre("x", "<date>", "a<b>"));
    EXPECT_THAT(arguments("endif"), IsEmpty());
    EXPECT_THAT(arguments("echo 'a"), IsEmpty());
}

TEST(CommandTest, VariablesArePutInOutsideOfQuotes) {
    const Lookup lookup = [](std::string_view name,
                             VariableForm form) -> std::optional<std::string> {
        if (form == VariableForm::test) {
            return name == "v" ? "TRUE" : "FALSE";
        }
        return name != "v"                     ? std::nullopt
               : form == VariableForm::literal ? std::optional<std::string>("'x y'")
                                               : std::optional<std::string>("x y");
    };
    EXPECT_THAT(arguments("echo :v :'v' ':v' :w :{?v} :{?w} a:v::v", lookup),
                ElementsAre("x y", "'x y'", ":v", ":w", "TRUE", "FALSE", "ax y:x y"));
    EXPECT_THAT(arguments("set x `echo :v :'v'`", lookup), ElementsAre("x", "<echo x y 'x y'>"));
}

TEST(CommandTest, ACommandEndsAtItsSeparator) {
    EXPECT_EQ(length_of_command("set a 'b \\\\ c' \\\\ select 1;"), 17U);
    EXPECT_EQ(length_of_command("gset \\echo x"), 5U);
    EXPECT_EQ(length_of_command("! echo \\\\ x"), 11U);
    EXPECT_EQ(length_of_command("copy t from 'a\\\\b'"), 18U);
    EXPECT_EQ(length_of_command("g | cat \\\\ x"), 12U);
    EXPECT_EQ(length_of_command("; select 1"), 1U);
    EXPECT_EQ(length_of_command(""), 0U);
}

TEST(CommandTest, SemicolonsAtTheEndOfANameAreNotPartOfIt) {
    CommandScanner command("i a;b.sql;;");
    EXPECT_EQ(command.next(CommandScanner::Argument::normal, true), "a;b.sql");
    CommandScanner quoted("i 'a;'");
    EXPECT_EQ(quoted.next(CommandScanner::Argument::normal, true), "a;");
}

}  // namespace
}  // namespace caisson::sql
