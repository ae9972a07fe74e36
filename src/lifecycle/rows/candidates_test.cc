// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/rows/candidates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::rows {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

const Tag tag{"a17", 10017, "aaaaaaaa-0000-4000-8000-000000000000"};

Column column(const std::string& base, char category) {
    Column column;
    column.name = "thing";
    column.bare = "thing";
    column.type = "pg_catalog." + base;
    column.base = base;
    column.category = category;
    return column;
}

TEST(HintsOf, TellsConstantsByTheOperatorBeforeThem) {
    const auto hints = hints_of(
        "((email ~ '^[a-z]+$'::text) AND (name ~~ 'x%'::text) AND (kind = ANY "
        "(ARRAY['it''s'::text, 'b'::text])) AND (n >= '-1'::integer) AND (m <= 100))");
    EXPECT_THAT(hints.patterns, ElementsAre("^[a-z]+$"));
    EXPECT_THAT(hints.likes, ElementsAre("x%"));
    EXPECT_THAT(hints.texts, ElementsAre("it's", "b", "-1"));
    EXPECT_THAT(hints.numbers, ElementsAre("100", "-1"));
}

TEST(Candidates, OfATextThatChecksNameAreWhatTheyName) {
    EXPECT_EQ(
        candidates(column("text", 'S'), 1, false, hints_of("x = ANY (ARRAY['open'::text])"), tag)
            .front(),
        "'open'");
}

TEST(Candidates, OfAUniqueColumnAreItsOwn) {
    EXPECT_EQ(candidates(column("text", 'S'), 1, true, {}, tag).front(), "'a17 thing'");
    EXPECT_EQ(candidates(column("uuid", 'U'), 3, true, {}, tag).front(),
              "'aaaaaaaa-0000-4000-8000-000010017003'");
    EXPECT_EQ(candidates(column("int4", 'N'), 1, true, {}, tag).front(), "'1010017'");
}

TEST(Candidates, KeepToWhatTheTypeHolds) {
    auto name = column("varchar", 'S');
    name.length = 5;
    EXPECT_EQ(candidates(name, 1, false, {}, tag).front(), "'a17 t'");
    auto ratio = column("numeric", 'N');
    ratio.precision = 3;
    ratio.scale = 2;
    EXPECT_THAT(candidates(ratio, 1, false, hints_of("(r <= 100)"), tag),
                ElementsAre("'1'", "'0'", "'0.5'"));
    EXPECT_THAT(candidates(column("_int4", 'A'), 1, false, hints_of("x <> 'a'"), tag),
                ElementsAre("'{}'"));
}

TEST(Candidates, HaveTheLengthsThatChecksAskFor) {
    EXPECT_THAT(candidates(column("bytea", 'U'), 1, true, hints_of("(octet_length(h) = 4)"), tag),
                Contains("'\\x61313761'").Times(0));
    EXPECT_EQ(
        candidates(column("bytea", 'U'), 1, true, hints_of("(octet_length(h) = 4)"), tag).front(),
        "E'\\\\x61313761'");
}

TEST(Variations, AreUnlikeTheValueTheyComeFrom) {
    EXPECT_THAT(variations(column("text", 'S'), "layla@example.com", tag),
                Contains("'a17layla@example.com'"));
    auto code = column("varchar", 'S');
    code.length = 4;
    EXPECT_EQ(variations(code, "ABCD", tag).front(), "'Da17'");
    EXPECT_THAT(variations(column("uuid", 'U'), "x", tag), IsEmpty());
}

}  // namespace
}  // namespace caisson::rows
