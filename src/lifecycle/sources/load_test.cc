// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "lifecycle/sources/version.h"
#include "tests/support/postgres.h"

namespace caisson::sources {
namespace {

using testing::HasSubstr;
using testing::Not;

class LoadTest : public testing::Test {
 protected:
    std::vector<Migration> read() {
        return load({{"migrations", directory_.path() / "migrations", "plain"}},
                    {{"blockchain", false}});
    }
    void write(const std::string& name, std::string_view text) {
        directory_.write(fs::path("migrations") / name, text);
    }
    std::string complaint() {
        try {
            read();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::migration_invalid);
            return error.message();
        }
        return "";
    }
    test::Directory directory_;
};

TEST_F(LoadTest, VersionsAreOrderedAsNumbersOfAnyLength) {
    write("010_ten.sql", "");
    write("9_nine.sql", "");
    write("20260303080000_moment.sql", "");
    write("100000000000000000000000_far.sql", "");
    const auto files = read();
    ASSERT_EQ(files.size(), 4U);
    EXPECT_EQ(files[0].title(), "9_nine");
    EXPECT_EQ(files[1].title(), "010_ten");
    EXPECT_EQ(files[2].title(), "20260303080000_moment");
    EXPECT_EQ(files[3].title(), "100000000000000000000000_far");
    EXPECT_EQ(canonical_version("000"), "0");
    EXPECT_FALSE(version_before("001", "1"));
    EXPECT_FALSE(version_before("1", "001"));
}

TEST_F(LoadTest, LineEndsAndByteOrderMarkDoNotChangeTheChecksum) {
    write("001_a.sql", "select 1;\nselect 2;\n");
    write("002_b.sql", "\xEF\xBB\xBFselect 1;\r\nselect 2;\r\n");
    write("003_c.sql", "select 1;\nselect 3;\n");
    const auto files = read();
    EXPECT_EQ(files[0].up.checksum, files[1].up.checksum);
    EXPECT_NE(files[0].up.checksum, files[2].up.checksum);
    EXPECT_EQ(files[1].up.text.substr(0, 6), "select");
}

TEST_F(LoadTest, DirectivesAreReadFromLinesOfTheirOwn) {
    write("001_a.sql",
          "-- caisson: feature blockchain\n--caisson:   description one\n"
          "create table t(i int); -- caisson: no-transaction\n"
          "do $$\n-- caisson: no-transaction\nbegin end $$;\n/*\n-- caisson: nonsense\n*/\n"
          "select '\n-- caisson: nonsense\n';\n  -- caisson: description two\n");
    write("001_a.down.sql", "-- caisson: no-transaction\ndrop table t;");
    const auto files = read();
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(files[0].up.directives.feature, "blockchain");
    EXPECT_EQ(files[0].up.directives.description, "one two");
    EXPECT_FALSE(files[0].up.directives.no_transaction);
    ASSERT_TRUE(files[0].down);
    EXPECT_EQ(files[0].down->file, "migrations/001_a.down.sql");
    EXPECT_TRUE(files[0].down->directives.no_transaction);
}

TEST_F(LoadTest, EveryMistakeIsListedInOneError) {
    write("001_a.sql", "select 1;\n-- caisson: no-transacton\n");
    write("1_again.sql", "");
    write("002_lost.down.sql", "");
    write("003_dots.up.sql", "");
    write("005_gate.sql", "-- caisson: feature blokchain\n");
    write("006_two.sql", "-- caisson: feature blockchain\n-- caisson: feature\n");
    write("007_args.sql", "-- caisson: no-transaction please\n");
    write("008_x.sql", "");
    write("008_x.down.sql", "-- caisson: feature blockchain\n");
    const auto message = complaint();
    EXPECT_THAT(message, HasSubstr("8 mistakes"));
    EXPECT_THAT(message, HasSubstr("migrations/001_a.sql:2:1: unknown directive "
                                   "\"no-transacton\"; did you mean no-transaction?"));
    EXPECT_THAT(message, HasSubstr("has the same version as"));
    EXPECT_THAT(message, HasSubstr("migrations/002_lost.down.sql: undoes 002_lost.sql, which"));
    EXPECT_THAT(message, HasSubstr("migrations/003_dots.up.sql"));
    EXPECT_THAT(message, HasSubstr("did you mean blockchain?"));
    EXPECT_THAT(message, HasSubstr("feature takes one name"));
    EXPECT_THAT(message, HasSubstr("no-transaction takes nothing"));
    EXPECT_THAT(message, HasSubstr("belongs into the file that it undoes"));
}

TEST_F(LoadTest, PlainNamesMayBeSpelledInManyWays) {
    for (const auto* name : {"1.sql", "002-dashed.sql", "3 blank.sql", "V4_home_made.sql",
                             "5.1_dotted.sql", "5.10_dotted.sql", "2024-01-02_day.sql",
                             "2024-01-02_other.sql", "2024-01-03T10-20-30_moment.sql"}) {
        write(name, "");
    }
    std::vector<std::string> titles;
    for (const auto& migration : read()) {
        titles.push_back(migration.title());
    }
    EXPECT_THAT(titles, testing::ElementsAre("1", "002_dashed", "3_blank", "4_home_made",
                                             "5.1_dotted", "5.10_dotted", "2024-01-02_day",
                                             "2024-01-02_other", "2024-01-03T10-20-30_moment"));
}

TEST_F(LoadTest, AnEndNamesADirectionOnlyWhereBothDirectionsAreThere) {
    write("001_scale_down.sql", "up");
    write("002_a_up.sql", "up");
    write("002_a_down.sql", "down");
    write("003_b.sql", "up");
    write("003_b.rollback.sql", "down");
    const auto files = read();
    ASSERT_EQ(files.size(), 3U);
    EXPECT_EQ(files[0].title(), "001_scale_down");
    EXPECT_FALSE(files[0].down);
    EXPECT_EQ(files[1].title(), "002_a");
    ASSERT_TRUE(files[1].down);
    EXPECT_EQ(files[1].down->text, "down");
    ASSERT_TRUE(files[2].down);
}

TEST_F(LoadTest, WhatIsNoMigrationIsLeftOutAndNamed) {
    write("001_a.sql", "select 'caf\xE9';");
    write("schema.sql", "");
    write("README.md", "");
    write(".gitkeep", "");
    write("001_a.down.sql", "");
    std::vector<Mistake> notes;
    const auto files = load({{"migrations", directory_.path() / "migrations"}}, {}, &notes);
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(files[0].format, "plain");
    ASSERT_EQ(notes.size(), 2U);
    EXPECT_EQ(notes[0].place.file, "migrations/schema.sql");
    EXPECT_THAT(notes[1].message, HasSubstr("not UTF-8"));
}

TEST_F(LoadTest, TextOfSixteenBitsIsRefusedWithTheRemedy) {
    write("001_a.sql", std::string_view("\xFF\xFEs\0", 4));
    EXPECT_THAT(complaint(), HasSubstr("migrations/001_a.sql: is UTF-16"));
}

TEST_F(LoadTest, AFolderThatMixesFormatsIsExplained) {
    write("V1__a.sql", "");
    write("000002_b.up.sql", "");
    try {
        load({{"migrations", directory_.path() / "migrations"}}, {});
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.message(), HasSubstr("mixes two formats"));
        EXPECT_THAT(error.message(), HasSubstr("V1__a.sql"));
        EXPECT_THAT(error.hint(), HasSubstr("format = \"flyway\""));
    }
    EXPECT_EQ(load({{"migrations", directory_.path() / "migrations", "flyway"}}, {}).size(), 1U);
}

TEST_F(LoadTest, RevisionsFollowTheirParents) {
    write("a_merge.sql", "-- caisson: revision ccc\n-- caisson: parent bb1, bb2\n");
    write("b.sql", "-- caisson: revision bb1\n-- caisson: parent aaa\n");
    write("c.sql", "-- caisson: revision bb2\n-- caisson: parent aaa\n");
    write("z_root.sql", "-- caisson: revision aaa\n");
    std::vector<std::string> versions;
    for (const auto& migration : read()) {
        versions.push_back(migration.version);
    }
    EXPECT_THAT(versions, testing::ElementsAre("aaa", "bb1", "bb2", "ccc"));
    write("d.sql", "-- caisson: revision ddd\n-- caisson: parent gone\n");
    EXPECT_THAT(complaint(), HasSubstr("migrations/d.sql: builds on gone, which no file declares"));
}

TEST_F(LoadTest, AFolderWithoutFilesIsNoMistake) {
    EXPECT_TRUE(read().empty());
    write("README.md", "not SQL");
    EXPECT_TRUE(read().empty());
}

TEST_F(LoadTest, SourcesKeepTheirDeclaredOrder) {
    write("002_late.sql", "");
    directory_.write("infra/001_early.sql", "");
    const auto files = load({{"migrations", directory_.path() / "migrations", "plain"},
                             {"infra", directory_.path() / "infra", "plain", true}},
                            {});
    ASSERT_EQ(files.size(), 2U);
    EXPECT_EQ(files[0].up.file, "migrations/002_late.sql");
    EXPECT_EQ(files[1].up.file, "infra/001_early.sql");
    EXPECT_TRUE(files[1].as_admin);
}

}  // namespace
}  // namespace caisson::sources
