// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <gtest/gtest.h>

namespace caisson {
namespace {

using namespace std::chrono_literals;

TEST(Text, SplitKeepsEmptyPartsAndNothingOfNothing) {
    EXPECT_EQ(split("a,,b", ','), (std::vector<std::string>{"a", "", "b"}));
    EXPECT_TRUE(split("", ',').empty());
}

TEST(Text, PositionsCountCharactersNotBytes) {
    const std::string text = "one\n\xC3\xA9t\xC3\xA9 x";
    const auto position = position_of(text, text.find('x'));
    EXPECT_EQ(position.line, 2U);
    EXPECT_EQ(position.column, 5U);
    EXPECT_EQ(byte_of_character("\xC3\xA9x", 1), 2U);
    EXPECT_EQ(byte_of_character("ab", 9), 2U);
}

TEST(Text, RecognisesWhatIsNotUtf8) {
    EXPECT_TRUE(is_utf8("\xE2\x82\xAC plain \xF0\x9F\x98\x80"));
    EXPECT_FALSE(is_utf8("\xC0\xAF"));          // overlong
    EXPECT_FALSE(is_utf8("\xED\xA0\x80"));      // surrogate
    EXPECT_FALSE(is_utf8("\xF4\x90\x80\x80"));  // beyond U+10FFFF
    EXPECT_FALSE(is_utf8("\xE2\x82"));          // cut off
}

TEST(Text, NormalisesLineEndingsAndTheByteOrderMark) {
    EXPECT_EQ(normalise_lines("\xEF\xBB\xBF"
                              "a\r\nb\rc\n"),
              "a\nb\nc\n");
    EXPECT_EQ(normalise_lines("a\nb"), "a\nb");
}

TEST(Text, SuggestsWhatIsNearAndNothingElse) {
    const std::vector<std::string> verbs = {"migrate", "verify", "seed"};
    EXPECT_EQ(nearest("migrat", verbs), "migrate");
    EXPECT_EQ(nearest("verfiy", verbs), "verify");
    EXPECT_EQ(nearest("zzzzzz", verbs), "");
}

TEST(Text, FiguresReadWell) {
    EXPECT_EQ(human(400us), "0.4 ms");
    EXPECT_EQ(human(12ms), "12 ms");
    EXPECT_EQ(human(1240ms), "1.2 s");
    EXPECT_EQ(human(200s), "3 min 20 s");
    EXPECT_EQ(human_bytes(512), "512 B");
    EXPECT_EQ(human_bytes(1536), "1.5 kB");
    EXPECT_EQ(human_bytes(25165824), "24 MB");
    EXPECT_EQ(counted(1, "table"), "1 table");
    EXPECT_EQ(counted(2, "entry", "entries"), "2 entries");
}

}  // namespace
}  // namespace caisson
