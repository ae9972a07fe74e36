// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/scanner.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::sql {
namespace {

using testing::ElementsAre;

std::vector<std::string> pieces(std::string_view text, bool with_comments = false) {
    std::vector<std::string> found;
    Scanner scanner(text, 0, with_comments);
    while (const auto token = scanner.next()) {
        found.emplace_back(text.substr(token->offset, token->length));
    }
    return found;
}

TEST(ScannerTest, QuotesHoldWhatTheyHold) {
    EXPECT_THAT(pieces("'it''s; --x' E'a\\';b' \"a\"\"; b\""),
                ElementsAre("'it''s; --x'", "E'a\\';b'", "\"a\"\"; b\""));
    // Without E a backslash is a character like any other.
    EXPECT_THAT(pieces("'a\\' ;"), ElementsAre("'a\\'", ";"));
    EXPECT_THAT(pieces("U&'\\0041' b'01' type'x'"),
                ElementsAre("U", "&", "'\\0041'", "b", "'01'", "type", "'x'"));
}

TEST(ScannerTest, DollarQuotesNestByTheirTags) {
    EXPECT_THAT(pieces("$$a;$x$;$$ $f$ $$;$$ $f$"), ElementsAre("$$a;$x$;$$", "$f$ $$;$$ $f$"));
    EXPECT_THAT(pieces("$1 + a$b$c"), ElementsAre("$1", "+", "a$b$c"));
    EXPECT_THAT(pieces("$ä$;$ä$ $2x $"), ElementsAre("$ä$;$ä$", "$2x", "$"));
}

TEST(ScannerTest, CommentsNestAndAreLeftOutUnlessAskedFor) {
    EXPECT_THAT(pieces("a /* x /* ; */ y */ b -- ; c\n d"), ElementsAre("a", "b", "d"));
    EXPECT_THAT(pieces("a--;\rb", true), ElementsAre("a", "--;", "b"));
    EXPECT_THAT(pieces("a /*/ b */ c"), ElementsAre("a", "c"));
}

TEST(ScannerTest, TextThatBreaksOffIsSaidToDoSo) {
    for (const auto* text : {"'abc", "$$abc", "\"abc", "/* abc", "E'abc\\'", "E'\\"}) {
        Scanner scanner(text);
        const auto token = scanner.next();
        ASSERT_TRUE(token) << text;
        EXPECT_FALSE(token->terminated) << text;
        EXPECT_EQ(token->length, std::string_view(text).size());
        EXPECT_FALSE(scanner.next());
    }
}

TEST(ScannerTest, NamesMayHoldAnyCharacterBeyondAscii) {
    EXPECT_THAT(pieces("größe.übung"), ElementsAre("größe", ".", "übung"));
}

}  // namespace
}  // namespace caisson::sql
