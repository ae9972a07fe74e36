// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/lint/ignore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/lint/lint.h"

namespace caisson::lint {
namespace {

/// Ids of what is found in one file, in order.
std::vector<std::string_view> found(const std::string& text) {
    std::vector<std::string_view> ids;
    for (const auto& finding : lint({{"a.sql", text}}, {})) {
        ids.push_back(finding.rule->id);
    }
    return ids;
}

const std::string drop = "alter table t drop column a;\n";

TEST(Ignore, SilencesTheNextStatementAndNoOther) {
    EXPECT_THAT(found(drop), testing::ElementsAre("ban-drop-column"));
    EXPECT_THAT(found("-- caisson: lint-ignore ban-drop-column\n" + drop), testing::IsEmpty());
    EXPECT_THAT(found("-- caisson: lint-ignore ban-drop-column nobody reads it\n\n" + drop + drop),
                testing::ElementsAre("ban-drop-column"));
    EXPECT_THAT(found("--caisson:lint-ignore ban-drop-column\n" + drop), testing::IsEmpty());
}

TEST(Ignore, AtTheEndOfALineItIsForTheStatementBefore) {
    EXPECT_THAT(found("alter table t drop column a; -- caisson: lint-ignore DS103\n" + drop),
                testing::ElementsAre("ban-drop-column"));
    EXPECT_THAT(found("alter table t\n  -- caisson: lint-ignore DS103\n  drop column a;\n"),
                testing::IsEmpty());
}

TEST(Ignore, OfAFileSilencesAllOfIt) {
    EXPECT_THAT(found(drop + drop + "-- caisson: lint-ignore-file ban-drop-column\n"),
                testing::IsEmpty());
    EXPECT_THAT(found("-- squawk-ignore-file ban-drop-column\n" + drop + drop), testing::IsEmpty());
}

TEST(Ignore, CommentsOfSquawkAndAtlasCount) {
    EXPECT_THAT(found("-- squawk-ignore ban-drop-column\n" + drop), testing::IsEmpty());
    EXPECT_THAT(found("-- squawk-ignore ban-drop-column, prefer-text-field\n" + drop),
                testing::ElementsAre("unused-ignore"));
    EXPECT_THAT(found("/* squawk-ignore ban-drop-column */\n" + drop), testing::IsEmpty());
    EXPECT_THAT(found("-- atlas:nolint\n" + drop), testing::IsEmpty());
    EXPECT_THAT(found("-- atlas:nolint destructive\n" + drop + drop),
                testing::ElementsAre("ban-drop-column"));
    EXPECT_THAT(found("-- atlas:nolint destructive\n\n" + drop + drop), testing::IsEmpty());
    EXPECT_THAT(found("-- atlas:nolint DS101 DS103\n" + drop),
                testing::ElementsAre("unused-ignore"));
}

TEST(Ignore, SeveralRulesAreSeparatedByCommas) {
    const auto ignores =
        read_ignores("-- caisson: lint-ignore a , b,c why not\nselect 1", sql::split("select 1"));
    ASSERT_EQ(ignores.size(), 1U);
    ASSERT_EQ(ignores[0].names.size(), 3U);
    EXPECT_EQ(ignores[0].names[1].text, "b");
    EXPECT_EQ(ignores[0].names[2].text, "c");
}

TEST(Ignore, AMisspeltRuleIsSaid) {
    const std::string text = "-- caisson: lint-ignore ban-drop-colum\n" + drop;
    const auto findings = lint({{"a.sql", text}}, {});
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_EQ(findings[0].rule->id, "unused-ignore");
    EXPECT_EQ(findings[0].line, 1U);
    EXPECT_THAT(findings[0].message, testing::HasSubstr("did you mean ban-drop-column?"));
}

TEST(Ignore, InsideQuotesItIsText) {
    EXPECT_THAT(found("select '-- caisson: lint-ignore ban-drop-column';\n" + drop),
                testing::ElementsAre("ban-drop-column"));
}

}  // namespace
}  // namespace caisson::lint
