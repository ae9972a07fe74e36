// SPDX-License-Identifier: Apache-2.0
#include "trust/journal/entry.h"

#include <gtest/gtest.h>

namespace caisson::journal {
namespace {

Entry example() {
    return {1,
            1,
            "2026-03-03T08:00:00.000123Z",
            "finish",
            "shop_migrator",
            "ada@host caisson 0.1.0",
            "0b0e7a52-6b8e-4f0e-9a43-0d6a7d3f5c11",
            "migrations/001",
            R"({"name":"Größe"})",
            no_hash(),
            ""};
}

// Pinned: an auditor's own verifier depends on these bytes.
TEST(Entry, IsHashedOverTheseBytes) {
    EXPECT_EQ(canonical(example()),
              "caisson-journal-1\n"
              "1:1,1:1,27:2026-03-03T08:00:00.000123Z,6:finish,13:shop_migrator,"
              "22:ada@host caisson 0.1.0,36:0b0e7a52-6b8e-4f0e-9a43-0d6a7d3f5c11,"
              "14:migrations/001,18:{\"name\":\"Größe\"},"
              "64:0000000000000000000000000000000000000000000000000000000000000000,");
    EXPECT_EQ(hash_of(example()),
              "a1d44f8fc59221503927c133cf9fb608387ab6879e40e00a7f82b6bba8d054f2");
}

TEST(Entry, EveryFieldCounts) {
    const auto whole = hash_of(example());
    for (auto field : {&Entry::at, &Entry::kind, &Entry::actor, &Entry::origin, &Entry::run,
                       &Entry::subject, &Entry::detail, &Entry::previous}) {
        auto entry = example();
        (entry.*field) += " ";
        EXPECT_NE(hash_of(entry), whole) << entry.*field;
    }
    for (auto field : {&Entry::sequence, &Entry::epoch}) {
        auto entry = example();
        ++(entry.*field);
        EXPECT_NE(hash_of(entry), whole);
    }
}

TEST(Entry, TextCannotMoveFromOneFieldToTheNext) {
    auto one = example();
    auto other = example();
    one.actor = "ab";
    one.origin = "c";
    other.actor = "a";
    other.origin = "bc";
    EXPECT_NE(hash_of(one), hash_of(other));
}

TEST(Entry, ComesBackFromItsLine) {
    auto entry = example();
    entry.hash = hash_of(entry);
    entry.subject = "quote \" backslash \\ newline \n tab \t";
    std::string mistake;
    const auto line = to_line(entry);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_EQ(parse_line(line, mistake), entry) << mistake;
    EXPECT_EQ(to_line(*parse_line(line, mistake)), line);
}

TEST(Entry, ALineThatSaysLessOrMoreIsNone) {
    std::string mistake;
    auto line = to_line(example());
    EXPECT_FALSE(parse_line("", mistake));
    EXPECT_FALSE(parse_line("[]", mistake));
    EXPECT_FALSE(parse_line("{}", mistake));
    EXPECT_FALSE(parse_line(line + "x", mistake));
    line.back() = ',';
    EXPECT_FALSE(parse_line(line + R"("note":"not hashed"})", mistake));
    EXPECT_EQ(mistake, "it has members that an entry does not have");
    EXPECT_FALSE(parse_line(R"({"sequence":-1})", mistake));
    EXPECT_EQ(mistake, "\"sequence\" is missing, or no number from 1");
}

}  // namespace
}  // namespace caisson::journal
