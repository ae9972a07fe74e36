// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/template.h"

#include <regex>

#include <gtest/gtest.h>

namespace caisson::scale {
namespace {

std::string filled(std::string_view text, std::uint64_t row = 0,
                   const std::string& name = "Ünal Ö'Brien & Co.") {
    std::string why;
    const auto made = Template::parse(text, why);
    if (!made) {
        return "wrong: " + why;
    }
    Value value;
    value.set_text(name);
    std::string out;
    made->append(out, key_of(1, "t"), row, [&](std::size_t) -> const Value& { return value; });
    return out;
}

TEST(Template, ColumnsAndNumbersOfRowsAreFilledIn) {
    EXPECT_EQ(filled("{name:slug}-{n}@example.com", 41), "uenal-oebrien-co-42@example.com");
    EXPECT_EQ(filled("HRB {n:6}", 41), "HRB 000042");
    EXPECT_EQ(filled("{name:upper}|{name:lower}", 0, "Ab1"), "AB1|ab1");
    EXPECT_EQ(filled("{{{n}}}"), "{1}");
}

TEST(Template, DrawnCharactersAreOfTheirAlphabet) {
    for (std::uint64_t row = 0; row < 200; ++row) {
        const auto text = filled("{digits:20}-{letters:3}-{hex:40}-{number:5-12}", row);
        EXPECT_TRUE(
            std::regex_match(text, std::regex("[0-9]{20}-[A-Z]{3}-[0-9a-f]{40}-([5-9]|1[0-2])")))
            << text;
        EXPECT_TRUE(std::regex_match(filled("{name:fill}", row, "M# #@@"),
                                     std::regex("M[0-9] [0-9][A-Z]{2}")));
    }
    EXPECT_NE(filled("{hex:16}", 1), filled("{hex:16}", 2));
    EXPECT_EQ(filled("{hex:16}", 1), filled("{hex:16}", 1));
}

TEST(Template, MistakesSayWhatWasExpected) {
    for (const auto& [text, why] : std::vector<std::pair<std::string, std::string>>{
             {"{name", "a { without its }"},
             {"name}", "a } without its {"},
             {"{name:shout}", "is no place to fill"},
             {"{number:9-1}", "is no range"},
             {"{number:1}", "is no range"},
             {"{hex:99999}", "more than 10000 characters"}}) {
        EXPECT_NE(filled(text).find("wrong: "), std::string::npos) << text;
        EXPECT_NE(filled(text).find(why), std::string::npos) << filled(text);
    }
}

TEST(Template, SlugsAreNeverEmpty) {
    EXPECT_EQ(slug("東京"), "x");
    EXPECT_EQ(slug(" --Straße 7-- "), "strasse-7");
}

}  // namespace
}  // namespace caisson::scale
