// SPDX-License-Identifier: Apache-2.0
#include "app/cli/advice_draft.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::cli {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

TEST(AdviceDraft, WhatRunsConcurrentlyHasAMigrationOfItsOwnWithItsWayBack) {
    const auto drafts = drafts_of(
        {{.rule = "partial_index",
          .summary = "mostly NULL",
          .apply = {"create index concurrently b on t (x)", "drop index concurrently a"},
          .undo = {"CREATE INDEX CONCURRENTLY a ON t (x)", "drop index concurrently b"}}});
    ASSERT_THAT(drafts, SizeIs(2));
    EXPECT_EQ(
        drafts[0].up.sql,
        "-- partial_index: mostly NULL\ncreate index concurrently if not exists b on t (x);\n");
    EXPECT_THAT(drafts[0].down.sql, HasSubstr("\ndrop index concurrently if exists b;\n"));
    EXPECT_THAT(drafts[1].up.sql, HasSubstr("\ndrop index concurrently if exists a;\n"));
    EXPECT_THAT(drafts[1].down.sql,
                HasSubstr("\nCREATE INDEX CONCURRENTLY if not exists a ON t (x);\n"));
    for (const auto& draft : drafts) {
        EXPECT_TRUE(draft.up.is_alone && draft.down.is_alone);
    }
}

TEST(AdviceDraft, WhatMayStandInATransactionStandsInOne) {
    const auto drafts = drafts_of({{.rule = "sequence_end",
                                    .apply = {"alter sequence s no maxvalue", "alter table t"},
                                    .undo = {"alter table t", "alter sequence s maxvalue 9"}}});
    ASSERT_THAT(drafts, SizeIs(1));
    EXPECT_FALSE(drafts[0].up.is_alone || drafts[0].down.is_alone);
    EXPECT_THAT(drafts[0].up.sql, HasSubstr("alter sequence s no maxvalue;\nalter table t;\n"));
}

TEST(AdviceDraft, ARestThatIsDroppedHasNoWayBack) {
    const auto drafts =
        drafts_of({{.rule = "invalid_index", .apply = {"drop index concurrently a"}, .undo = {}}});
    ASSERT_THAT(drafts, SizeIs(1));
    EXPECT_FALSE(drafts[0].down.is_alone);
}

}  // namespace
}  // namespace caisson::cli
