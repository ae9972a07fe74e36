// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/csv.h"

#include <random>

#include <gtest/gtest.h>

namespace caisson::seeds {
namespace {

/// Fields joined by |, quoted ones in brackets, records by /; mistakes as !offset.
std::string read(std::string_view text) {
    CsvReader reader(text);
    std::vector<CsvReader::Field> record;
    std::string all;
    while (reader.next(record)) {
        all += all.empty() ? "" : "/";
        bool first = true;
        for (const auto& field : record) {
            all += first ? "" : "|";
            first = false;
            all += field.quoted ? "[" + std::string(field.text) + "]" : std::string(field.text);
        }
        for (const auto& mistake : reader.mistakes()) {
            all += "!" + std::to_string(mistake.offset);
        }
    }
    return all;
}

TEST(CsvTest, ReadsWhatRfc4180Defines) {
    EXPECT_EQ(read("a,b\r\n1,2\r\n"), "a|b/1|2");
    EXPECT_EQ(read("a,b\n1,\n,2"), "a|b/1|/|2");
    EXPECT_EQ(read("\"a\"\"b\",\"c,\nd\",\"\"\n"), "[a\"b]|[c,\nd]|[]");
    EXPECT_EQ(read("\"\"\"\"\"\"\n"), "[\"\"]");
    EXPECT_EQ(read("a\rb\r"), "a/b");
    EXPECT_EQ(read("a\n\n\r\n\nb\n"), "a/b") << "empty lines are no records";
    EXPECT_EQ(read(",\n,"), "|/|");
    EXPECT_EQ(read(""), "");
    EXPECT_EQ(read(" a , b "), " a | b ") << "blanks belong to the field";
}

TEST(CsvTest, NamesTheByteOfAMistakeAndGoesOn) {
    EXPECT_EQ(read("a,\"b\n1,2\n"), "a|[]!2") << "never closed: the opening quote";
    EXPECT_EQ(read("\"a\"x,b\n1\n"), "[a]|b!3/1");
    EXPECT_EQ(read("a\"b,c\n"), "a\"b|c!1");
}

TEST(CsvTest, AnyBytesComeToAnEnd) {
    std::mt19937 random(20261121);
    const std::string alphabet = "a,\"\n\r;\\ \xC3\xA9";
    for (int round = 0; round < 20000; ++round) {
        std::string text;
        for (auto size = random() % 24; size > 0; --size) {
            text += alphabet[random() % alphabet.size()];
        }
        CsvReader reader(text);
        std::vector<CsvReader::Field> record;
        std::size_t records = 0;
        while (reader.next(record)) {
            ASSERT_LE(++records, text.size()) << text;
            for (const auto& field : record) {
                ASSERT_LE(field.offset, text.size());
            }
        }
    }
}

}  // namespace
}  // namespace caisson::seeds
