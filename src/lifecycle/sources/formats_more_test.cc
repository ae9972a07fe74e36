// SPDX-License-Identifier: Apache-2.0
/// The formats with headers, sums and graphs, each by a small tree as its tool leaves it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/error.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/formats/alembic_revision.h"
#include "lifecycle/sources/formats/graphile_header.h"
#include "lifecycle/sources/load.h"
#include "lifecycle/sources/search.h"
#include "tests/support/postgres.h"

namespace caisson::sources {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class MoreFormatsTest : public testing::Test {
 protected:
    void write(const std::string& name, std::string_view text) {
        directory_.write(fs::path(folder_) / name, text);
    }
    std::vector<Migration> read() {
        source_.path = directory_.path() / folder_;
        const auto found = detect(Folder(source_.path));
        found_ = found.format ? found.format->name : "";
        return load({source_}, {});
    }
    std::vector<std::string> titles() {
        std::vector<std::string> all;
        for (const auto& migration : read()) {
            all.push_back(migration.title());
        }
        return all;
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
    std::string folder_ = "m";
    platform::Source source_{"m", {}};
    std::string found_;
};

TEST_F(MoreFormatsTest, DieselVersionsHaveNoDashes) {
    write("2024-01-02-030405_users/up.sql", "u");
    write("2024-01-02-030405_users/down.sql", "d");
    write("2024-01-02-030405_users/metadata.toml", "run_in_transaction = false # enum\n");
    write("00000000000000_diesel_initial_setup/up.sql", "");
    write("README.md", "");
    const auto files = read();
    EXPECT_EQ(found_, "diesel");
    ASSERT_EQ(files.size(), 2U);
    EXPECT_EQ(files[0].title(), "00000000000000_diesel_initial_setup");
    EXPECT_EQ(files[1].version, "20240102030405");
    EXPECT_EQ(files[1].name, "users");
    EXPECT_TRUE(files[1].up.directives.no_transaction);
    ASSERT_TRUE(files[1].down);
}

TEST_F(MoreFormatsTest, AFolderPerVersionMayHoldSeveralFiles) {
    write("10_ten/up.sql", "u");
    write("10_ten/down.sql", "d");
    write("9_nine/02_b.sql", "");
    write("9_nine/01_a.sql", "");
    write("docs/x.sql", "");
    EXPECT_THAT(titles(), ElementsAre("9_nine/01_a", "9_nine/02_b", "10_ten"));
    EXPECT_EQ(found_, "directories");
    ASSERT_TRUE(read()[2].down);
}

TEST_F(MoreFormatsTest, SupabaseIsKnownByItsPlace) {
    folder_ = "supabase/migrations";
    write("20200101000000_init.sql", "old");
    write("20240101000000_users.sql", "u");
    write("remote.sql", "");
    EXPECT_THAT(titles(), ElementsAre("20240101000000_users"));
    EXPECT_EQ(found_, "supabase");
}

TEST_F(MoreFormatsTest, GraphileMigrateVerifiesItsChain) {
    const auto hash = [](const std::string& text) { return "sha1:" + sha1_hex(text); };
    const auto first = hash("create 1;\n");
    const auto second = hash(first + "\n--! no-transaction\ncreate 2;\n");
    write("committed/000001.sql", "--! Previous: -\n--! Hash: " + first + "\n\ncreate 1;\n");
    write("committed/000002-more.sql",
          "--! Previous: " + first + "\n--! Hash: " + second +
              "\n--! Message: more\n\n--! no-transaction\ncreate 2;\n");
    write("current.sql", "-- soon\n");
    const auto files = read();
    EXPECT_EQ(found_, "graphile-migrate");
    ASSERT_EQ(files.size(), 2U);
    EXPECT_EQ(files[0].up.text, "\n\n\ncreate 1;\n");
    EXPECT_EQ(files[0].tool_checksum, first);
    EXPECT_EQ(files[1].title(), "000002_more");
    EXPECT_TRUE(files[1].up.directives.no_transaction);
    write("committed/000001.sql", "--! Previous: -\n--! Hash: " + first + "\n\ncreate 9;\n");
    EXPECT_THAT(complaint(), HasSubstr("m/committed/000001.sql: has been edited"));
    write("committed/000001.sql",
          "--! Previous: -\n--! Hash: " + first + "\n--! AllowInvalidHash\n\ncreate 9;\n");
    EXPECT_EQ(read().size(), 2U);
    write("committed/000001.sql", "--! Previous: -\n--! Hash: " + second + "\n\ncreate 2;\n");
    EXPECT_THAT(complaint(), HasSubstr("m/committed/000002-more.sql: follows"));
}

TEST_F(MoreFormatsTest, GraphileMigrateReplacesItsPlaceholders) {
    const auto body = std::string("grant x to :DATABASE_OWNER; select 1::DATABASE_OWNERS;");
    write("committed/000001.sql",
          "--! Previous: -\n--! Hash: sha1:" + sha1_hex(body + "\n") + "\n\n" + body + "\n");
    source_.placeholders = {{"DATABASE_OWNER", "me"}};
    EXPECT_THAT(read()[0].up.text, HasSubstr("grant x to me; select 1::DATABASE_OWNERS;"));
}

TEST_F(MoreFormatsTest, SqlMigrateKeysAreFileNames) {
    write("10_b.sql",
          "-- +migrate Up notransaction\nu1\n-- +migrate Down\nd\n-- +migrate Up\nu2\n");
    write("9-a.sql", "ignored\n-- +migrate Up\n-- +migrate StatementBegin\nx\n");
    EXPECT_THAT(complaint(), HasSubstr("m/9-a.sql: has no -- +migrate StatementEnd"));
    write("9-a.sql", "ignored\n-- +migrate Up\nselect 1;\n");
    const auto files = read();
    EXPECT_EQ(found_, "sql-migrate");
    EXPECT_THAT(titles(), ElementsAre("9-a.sql", "10_b.sql"));
    EXPECT_EQ(files[0].up.text, "\n-- +migrate Up\nselect 1;\n");
    EXPECT_TRUE(files[1].up.directives.no_transaction);
    EXPECT_EQ(files[1].up.text, "-- +migrate Up notransaction\nu1\n\n\n-- +migrate Up\nu2\n");
    ASSERT_TRUE(files[1].down);
}

TEST_F(MoreFormatsTest, PopxTakesTheFileOfOurDialect) {
    write("20200101000000_a.up.sql", "generic");
    write("20200101000000_a.postgres.up.sql", "ours");
    write("20200101000000_a.mysql.up.sql", "theirs");
    write("20200101000000_a.down.sql", "d");
    write("sub/20200102000000_b.cockroach.up.sql", "theirs");
    write("sub/20200103000000_c.postgres.autocommit.up.sql", "c");
    write("20200104000000_d.up.fizz", "create_table");
    const auto files = read();
    EXPECT_EQ(found_, "popx");
    ASSERT_EQ(files.size(), 3U);
    EXPECT_EQ(files[0].up.text, "ours");
    ASSERT_TRUE(files[0].down);
    EXPECT_EQ(files[1].title(), "20200103000000_c");
    EXPECT_TRUE(files[1].up.directives.no_transaction);
    EXPECT_EQ(files[2].kind, Kind::program);
}

TEST_F(MoreFormatsTest, AtlasIsVerifiedByItsSum) {
    source_.format = "atlas";
    const auto place = directory_.path() / "m";
    const platform::Source source{"m", place, "atlas"};
    find_format("atlas")->create(source, {"first", ""});
    const auto second = find_format("atlas")->create(source, {"second", ""});
    EXPECT_EQ(read().size(), 2U);
    EXPECT_EQ(found_, "atlas");
    EXPECT_EQ(read()[0].tool_checksum.size(), 44U);
    directory_.write(fs::path("m") / second.up.filename(), "edited");
    EXPECT_THAT(complaint(), HasSubstr("second.sql: is not what atlas.sum says"));
    fs::remove(second.up);
    EXPECT_THAT(complaint(), HasSubstr("second.sql: is in atlas.sum, and is not there"));
}

TEST_F(MoreFormatsTest, AtlasDirectivesStandAtTheTop) {
    source_.format = "atlas";
    write("1_a.sql", "-- atlas:txmode none\n\nselect 1;\n");
    write("2_b.sql", "-- atlas:checkpoint\n\nselect 1;\n");
    write("3.sql", "-- atlas:txmode none\nselect 1;\n");
    const auto files = read();
    ASSERT_EQ(files.size(), 3U);
    EXPECT_TRUE(files[0].up.directives.no_transaction);
    EXPECT_EQ(files[1].kind, Kind::baseline);
    // A comment of a statement speaks for the statement.
    EXPECT_FALSE(files[2].up.directives.no_transaction);
    EXPECT_EQ(files[2].title(), "3");
}

TEST_F(MoreFormatsTest, AlembicFollowsItsGraph) {
    write("env.py", "");
    write("versions/aaa_first.py",
          "\"\"\"first one\n\nCreate Date: 2024-01-03\n\"\"\"\nrevision = 'aaa'\ndown_revision = "
          "None\n");
    write("versions/ccc_merge.py",
          "revision: str = \"ccc\"\ndown_revision: tuple = (\n  'bb1',  # left\n"
          "  'bb2',\n)\ndepends_on = None\n");
    write("versions/bb1_x.py", "revision = 'bb1'\ndown_revision = 'aaa'\n");
    write("versions/bb2_y.py", "revision = 'bb2'\ndown_revision = 'aaa'\n");
    write("sql/aaa_first.sql", "create;");
    write("sql/aaa.down.sql", "drop;");
    const auto files = read();
    EXPECT_EQ(found_, "alembic");
    ASSERT_EQ(files.size(), 4U);
    EXPECT_EQ(files[0].title(), "aaa_first one");
    EXPECT_EQ(files[0].up.text, "create;");
    ASSERT_TRUE(files[0].down);
    EXPECT_EQ(files[1].kind, Kind::program);
    EXPECT_EQ(files[3].version, "ccc");
    EXPECT_THAT(files[3].parents, ElementsAre("bb1", "bb2"));
    write("versions/zzz.py", "revision = 'zzz'\ndown_revision = 'gone'\n");
    EXPECT_THAT(complaint(), HasSubstr("m/versions/zzz.py: revises gone, which no file declares"));
}

TEST_F(MoreFormatsTest, FoldersOfAProjectAreFound) {
    directory_.write("app/src/main/resources/db/migration/V1__a.sql", "");
    directory_.write("app/src/main/resources/db/migration/sub/V2__b.sql", "");
    directory_.write("prisma/migrations/20240101000000_a/migration.sql", "");
    directory_.write("node_modules/x/migrations/001_a.sql", "");
    directory_.write("README.md", "");
    const auto found = find_folders(directory_.path());
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].path, directory_.path() / "app/src/main/resources/db/migration");
    EXPECT_EQ(found[0].detection.format->name, "flyway");
    EXPECT_EQ(found[1].detection.format->name, "prisma");
}

}  // namespace
}  // namespace caisson::sources
