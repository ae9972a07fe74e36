// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/schema/difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace caisson::schema {
namespace {

const Snapshot before{{{"column", "public.users.email", "text not null"},
                       {"column", "public.users.id", "bigint"},
                       {"enum", "public.state", "'on', 'off'"},
                       {"table", "public.users", "table"}}};

TEST(DifferenceTest, NamesWhatIsMissingUnexpectedAndChanged) {
    auto after = before;
    after.objects[0].definition = "text";
    after.objects[2].name = "public.status";
    const auto differences = diff(before, after);
    ASSERT_EQ(differences.size(), 3U);
    EXPECT_EQ(differences[0].name, "public.users.email");
    EXPECT_EQ(differences[0].change, Change::changed);
    EXPECT_EQ(differences[0].expected, "text not null");
    EXPECT_EQ(differences[0].found, "text");
    EXPECT_EQ(differences[1].name, "public.state");
    EXPECT_EQ(differences[1].change, Change::missing);
    EXPECT_EQ(differences[2].name, "public.status");
    EXPECT_EQ(differences[2].change, Change::unexpected);
}

TEST(DifferenceTest, AMissingTableIsOneDifferenceNotOneForEachColumn) {
    const Snapshot after{{{"enum", "public.state", "'on', 'off'"}}};
    const auto differences = diff(before, after);
    ASSERT_EQ(differences.size(), 1U);
    EXPECT_EQ(differences[0].name, "public.users");
    ASSERT_EQ(diff(after, before).size(), 1U);
}

TEST(DifferenceTest, EqualSnapshotsDoNotDiffer) {
    EXPECT_TRUE(diff(before, before).empty());
    EXPECT_TRUE(diff({}, {}).empty());
}

TEST(SnapshotTextTest, ComesBackAsItWas) {
    const Snapshot odd{{{"function", "public.f(text)", "a\nb\t\\n\r\\"}, {"table", "", ""}}};
    EXPECT_EQ(parse(to_text(odd)), odd);
    EXPECT_EQ(parse(to_text(Snapshot{})), Snapshot{});
    EXPECT_NE(hash(odd), hash(before));
    EXPECT_EQ(hash(before), hash(parse(to_text(before))));
}

TEST(SnapshotTextTest, ADamagedTextIsRefusedWhereverItWasCut) {
    const auto text = to_text(before);
    for (std::size_t length = 0; length < text.size(); ++length) {
        try {
            // A cut behind a line is a shorter snapshot: the hash beside it tells.
            EXPECT_NE(parse(text.substr(0, length)), before);
        } catch (const Error& error) {
            EXPECT_THAT(error.message(), testing::HasSubstr("structure"));
        }
    }
    EXPECT_THROW(parse("caisson structure 2\ntable\ta\\x\t\n"), Error);
    try {
        parse("caisson structure 3\n");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::catalogue_newer);
    }
}

}  // namespace
}  // namespace caisson::schema
