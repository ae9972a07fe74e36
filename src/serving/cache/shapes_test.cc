// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/shapes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::cache {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> names(const Shapes& shapes) {
    std::vector<std::string> all;
    for (const auto& shape : shapes.shapes()) {
        all.push_back(shape.shape);
    }
    return all;
}

TEST(Shapes, PutKeysTogetherThatDifferInNumbersOnly) {
    Shapes shapes;
    for (int i = 0; i < 40; ++i) {
        shapes.add("tmp:import:" + std::to_string(i), i % 2 == 0, 100);
    }
    shapes.add("tmp:import:7f3a9c0d11", false, 1);
    shapes.add("tmp:import:0f0f0f0f-1111-2222-3333-444444444444", false, 1);
    shapes.add("tmp:import:a b", false, 1);
    const auto all = shapes.shapes();
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[0].shape, "tmp:import:{number}");
    EXPECT_EQ(all[0].keys, 40U);
    EXPECT_EQ(all[0].without_ttl, 20U);
    EXPECT_EQ(all[0].bytes, 4000U);
    EXPECT_THAT(all[0].examples, ElementsAre("tmp:import:0", "tmp:import:1", "tmp:import:10"));
    EXPECT_THAT(names(shapes), Contains("tmp:import:{hex}"));
    EXPECT_THAT(names(shapes), Contains("tmp:import:{uuid}"));
    EXPECT_THAT(names(shapes), Contains("tmp:import:{text}"));
}

TEST(Shapes, KeepAWordOnlyWhereItStandsForManyKeysAndHasFewBesideIt) {
    Shapes shapes;
    for (int i = 0; i < 10; ++i) {
        shapes.add("queue:mails:" + std::to_string(i), false, 0);
        shapes.add("queue:alice:" + std::to_string(i % 9), false, 0);
    }
    shapes.add("bob", false, 0);
    shapes.add("carol@example.com", false, 0);
    EXPECT_THAT(names(shapes), Contains("queue:mails:{number}"));
    EXPECT_THAT(names(shapes), Contains("queue:alice:{number}"));
    EXPECT_THAT(names(shapes), Contains("{word}"));
    EXPECT_THAT(names(shapes), Contains("{text}"));
    EXPECT_THAT(names(shapes), Not(Contains(HasSubstr("bob"))));
    // Once there are many names in the place, none of them is shown.
    for (char c = 'a'; c <= 'z'; ++c) {
        for (int i = 0; i < 20; ++i) {
            shapes.add(std::string("queue:person-") + c + ":" + std::to_string(i), false, 0);
        }
    }
    EXPECT_THAT(names(shapes), Contains("queue:{word}:{number}"));
    EXPECT_THAT(names(shapes), Not(Contains(HasSubstr("alice"))));
    EXPECT_THAT(names(shapes), Not(Contains(HasSubstr("mails"))));
}

TEST(Shapes, CountEveryKeyOnceWhateverTheyAre) {
    Shapes shapes;
    std::uint64_t added = 0;
    for (int a = 0; a < 26; ++a) {
        for (int b = 0; b < 26; ++b) {
            for (int c = 0; c < 26; ++c) {
                std::string key;
                for (const int part : {a, b, c, a, c, b, a, b, c, a}) {
                    key += std::string(1, static_cast<char>('a' + part)) + ":";
                }
                shapes.add(key, true, 1);
                ++added;
            }
        }
    }
    for (const auto* key : {"", ":", "::", "a::b", "{rest}", "{word}:1", ":a"}) {
        shapes.add(key, true, 1);
        ++added;
    }
    std::uint64_t found = 0;
    for (const auto& shape : shapes.shapes()) {
        found += shape.keys;
        EXPECT_LE(shape.examples.size(), 3U);
    }
    EXPECT_EQ(found, added);
    EXPECT_LT(shapes.shapes().size(), 12'000U);
}

TEST(Shapes, OfNoKeysAreNone) { EXPECT_TRUE(Shapes().shapes().empty()); }

}  // namespace
}  // namespace caisson::cache
