// SPDX-License-Identifier: Apache-2.0
#include "platform/key_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::platform {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = KeyPart::Kind;

TEST(KeyPattern, IsLiteralsAndPlaceholdersByTurns) {
    const auto pattern = parse_key_pattern("checkpoint:{session_id}:{step}");
    EXPECT_EQ(pattern.mistake, "");
    EXPECT_THAT(
        pattern.parts,
        ElementsAre(KeyPart{Kind::literal, "checkpoint:"}, KeyPart{Kind::word, "session_id"},
                    KeyPart{Kind::literal, ":"}, KeyPart{Kind::word, "step"}));
    EXPECT_THAT(parse_key_pattern("bull:{queue*}").parts,
                ElementsAre(KeyPart{Kind::literal, "bull:"}, KeyPart{Kind::rest, "queue"}));
    EXPECT_THAT(parse_key_pattern("leader").parts, ElementsAre(KeyPart{Kind::literal, "leader"}));
    EXPECT_THAT(parse_key_pattern("{key}").parts, ElementsAre(KeyPart{Kind::word, "key"}));
}

TEST(KeyPattern, DoubledBracesAreTheBracesOfAHashTag) {
    const auto pattern = parse_key_pattern("{{{user-id}}}.following");
    EXPECT_EQ(pattern.mistake, "");
    EXPECT_THAT(pattern.parts,
                ElementsAre(KeyPart{Kind::literal, "{"}, KeyPart{Kind::word, "user-id"},
                            KeyPart{Kind::literal, "}.following"}));
}

TEST(KeyPattern, SaysWhatIsWrong) {
    EXPECT_THAT(parse_key_pattern("").mistake, HasSubstr("empty"));
    EXPECT_THAT(parse_key_pattern("a{b").mistake, HasSubstr("not closed"));
    EXPECT_THAT(parse_key_pattern("a}b").mistake, HasSubstr("stands alone"));
    EXPECT_THAT(parse_key_pattern("a:{}").mistake, HasSubstr("{} is no placeholder"));
    EXPECT_THAT(parse_key_pattern("a:{b c}").mistake, HasSubstr("{b c} is no placeholder"));
    EXPECT_THAT(parse_key_pattern("a:{b}{c}").mistake, HasSubstr("between {b} and {c}"));
    EXPECT_THAT(parse_key_pattern("a:{b}:{b*}").mistake, HasSubstr("{b} stands in it twice"));
}

TEST(KeyPattern, MeansTheSameWhateverItsPlaceholdersAreCalled) {
    const auto meaning = [](std::string_view text) { return parse_key_pattern(text).meaning(); };
    EXPECT_EQ(meaning("session:{id}"), meaning("session:{session_id}"));
    EXPECT_NE(meaning("session:{id}"), meaning("session:{id*}"));
    EXPECT_NE(meaning("session:{id}"), meaning("session:{{}}"));
}

}  // namespace
}  // namespace caisson::platform
