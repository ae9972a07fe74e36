// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/json.h"

#include <random>

#include <gtest/gtest.h>

namespace caisson::seeds {
namespace {

/// Offset and message of the mistake; "fine" when there is none.
std::string check(std::string_view text) {
    try {
        JsonCursor cursor(text);
        cursor.value();
        return "fine";
    } catch (const JsonMistake& mistake) {
        return std::to_string(mistake.offset) + " " + mistake.message;
    }
}

std::string decoded(std::string_view text) {
    JsonCursor cursor(text);
    return decode(cursor.value());
}

TEST(JsonTest, TakesWhatRfc8259Allows) {
    for (const auto* text :
         {"{}", "[]", "null", "-0.5e+10", "\"\"", " [1, {\"a\": [true, false]}] ", "0", "1E9",
          "\"\\ud83d\\ude00 \\/ \\u00e9\""}) {
        EXPECT_EQ(check(text), "fine") << text;
    }
}

TEST(JsonTest, NamesTheByteOfAMistake) {
    EXPECT_EQ(check("{\"a\" 1}").substr(0, 2), "5 ");
    EXPECT_EQ(check("{\"a\": 1,}").substr(0, 2), "8 ");
    EXPECT_EQ(check("[1, 2").substr(0, 2), "5 ");
    EXPECT_EQ(check("[01]").substr(0, 2), "1 ");
    EXPECT_EQ(check("[1.]").substr(0, 2), "3 ");
    EXPECT_EQ(check("\"abc").substr(0, 2), "0 ");
    EXPECT_EQ(check("\"a\nb\"").substr(0, 2), "2 ");
    EXPECT_EQ(check("\"\\x\"").substr(0, 2), "1 ");
    EXPECT_EQ(check("\"\\u00g0\"").substr(0, 2), "1 ");
    EXPECT_EQ(check("\"\\ud83d\"").substr(0, 2), "1 ");
    EXPECT_EQ(check("\"\\ude00\"").substr(0, 2), "1 ");
    EXPECT_EQ(check("\"\\u0000\"").substr(0, 2), "1 ");
    EXPECT_EQ(check("nul").substr(0, 2), "0 ");
    EXPECT_EQ(check("{'a': 1}").substr(0, 2), "1 ");
    EXPECT_EQ(check(std::string(100000, '[')).substr(0, 4), "513 ");
}

TEST(JsonTest, DecodesEscapes) {
    EXPECT_EQ(decoded("\"a\\\"b\\\\c\\n\\t\\/\\u00e9\\u20ac\\ud83d\\ude00\""), "a\"b\\c\n\t/é€😀");
}

TEST(JsonTest, GivesMembersAndElementsWithTheirOffsets) {
    const std::string text = R"(  {"a": 1.50, "b": [null, "x"]})";
    JsonCursor cursor(text);
    const auto object = cursor.value();
    std::string seen;
    each_member(object, [&](const JsonValue& name, const JsonValue& value) {
        seen +=
            decode(name) + "=" + std::string(value.raw) + "@" + std::to_string(value.offset) + " ";
        if (value.kind == JsonValue::Kind::array) {
            each_element(value, [&](const JsonValue& element) {
                seen += std::string(element.raw) + "@" + std::to_string(element.offset) + " ";
            });
        }
    });
    EXPECT_EQ(seen, "a=1.50@8 b=[null, \"x\"]@19 null@20 \"x\"@26 ");
}

TEST(JsonTest, MutationsNeverCrash) {
    const std::string good =
        R"([{"a": "x\u00e9\ud83d\ude00\n", "b": [1, -2.5e3, null], "c": {"d": true}}, {}])";
    const std::string alphabet = "{}[]\",:\\u0d8eE+-.1tfn \n";
    std::mt19937 random(20261121);
    for (int round = 0; round < 50000; ++round) {
        auto text = good;
        for (int changes = 0; changes < 3; ++changes) {
            const auto at = random() % text.size();
            const auto kind = random() % 3;
            if (kind == 0) {
                text[at] = alphabet[random() % alphabet.size()];
            } else if (kind == 1) {
                text.erase(at, 1 + random() % 4);
            } else {
                text.resize(std::max<std::size_t>(at, 1));
            }
            text += text.empty() ? " " : "";
        }
        JsonCursor cursor(text);
        try {
            const auto value = cursor.value();
            if (value.kind == JsonValue::Kind::array) {
                each_element(value, [](const JsonValue& element) {
                    if (element.kind == JsonValue::Kind::string) {
                        decode(element);
                    }
                });
            }
        } catch (const JsonMistake& mistake) {
            ASSERT_LE(mistake.offset, text.size());
        }
    }
}

}  // namespace
}  // namespace caisson::seeds
