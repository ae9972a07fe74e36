// SPDX-License-Identifier: Apache-2.0
/// Each format by a small tree as its tool leaves it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/error.h"
#include "lifecycle/sources/flyway_names.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/load.h"
#include "lifecycle/sources/sqitch_plan.h"
#include "tests/support/postgres.h"

namespace caisson::sources {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class FormatsTest : public testing::Test {
 protected:
    void write(const std::string& name, std::string_view text) {
        directory_.write(fs::path("m") / name, text);
    }
    /// What is loaded when nothing is declared; the format that was found is kept.
    std::vector<Migration> read() {
        source_.path = directory_.path() / "m";
        const Folder folder(source_.path);
        const auto found = detect(folder);
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
    platform::Source source_{"m", {}};
    std::string found_;
};

TEST_F(FormatsTest, FlywayOrdersVersionsByPartsAndRepeatablesLast) {
    write("V1__first.sql", "");
    write("V1_10__tenth.sql", "");
    write("V1.2__second.sql", "");
    write("sub/V2__deep.sql", "");
    write("R__b_views.sql", "");
    write("R__a_views.sql", "");
    write("B1_2__base.sql", "");
    write("U2__deep.sql", "drop");
    write("V3__Program.java", "");
    write("beforeMigrate.sql", "");
    write("Vendor.sql", "");
    EXPECT_THAT(titles(), ElementsAre("1_first", "1.2_base", "1.2_second", "1.10_tenth", "2_deep",
                                      "3_Program", "a views", "b views"));
    EXPECT_EQ(found_, "flyway");
    const auto files = read();
    EXPECT_EQ(files[1].kind, Kind::baseline);
    EXPECT_EQ(files[4].up.file, "m/sub/V2__deep.sql");
    ASSERT_TRUE(files[4].down);
    EXPECT_EQ(files[5].kind, Kind::program);
    EXPECT_EQ(files[6].kind, Kind::repeatable);
}

TEST_F(FormatsTest, FlywayChecksumsAreThoseOfItsHistory) {
    const auto sum = [](std::string_view text) {
        flyway::Checksum checksum;
        checksum.add(text);
        return checksum.text();
    };
    // The CRC-32 of "123456789" is 0xCBF43926, which is negative as a signed number.
    EXPECT_EQ(sum("123456789"), "-873187034");
    EXPECT_EQ(sum("\xEF\xBB\xBF"
                  "123\r\n456\n789\r"),
              "-873187034");
    EXPECT_EQ(sum(""), "0");
}

TEST_F(FormatsTest, FlywayPlaceholdersAreReplacedAndTheMissingOnesNamed) {
    write("V1__a.sql", "create schema ${owner};\n-- ${flyway:defaultSchema} ${Flyway:Filename}\n");
    write("R__b.sql", "select '${owner}';");
    source_.placeholders = {{"owner", "me"}};
    const auto files = read();
    EXPECT_EQ(files[0].up.text, "create schema me;\n-- public V1__a.sql\n");
    EXPECT_EQ(
        files[0].up.checksum,
        sha256_hex("create schema ${owner};\n-- ${flyway:defaultSchema} ${Flyway:Filename}\n"));
    flyway::Checksum replaced;
    replaced.add("select 'me';");
    EXPECT_EQ(files[1].tool_checksum, replaced.text());
    source_.placeholders.clear();
    EXPECT_THAT(complaint(), HasSubstr("m/V1__a.sql:1: ${owner} has no value"));
}

TEST_F(FormatsTest, FlywaySettingsAreObeyed) {
    write("flyway.conf", "flyway.sqlMigrationPrefix=D\nflyway.placeholders.x = 1\n");
    write("D1__a.sql", "select ${x};");
    write("D1__a.sql.conf", "executeInTransaction=false\n");
    const auto files = read();
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(files[0].up.text, "select 1;");
    EXPECT_TRUE(files[0].up.directives.no_transaction);
}

TEST_F(FormatsTest, DbmateKeepsSeveralPairsAndTheirLines) {
    write("20240101000000_users.sql",
          "-- about\n--migrate:up  transaction:false\ncreate 1;\n-- migrate:down\r\ndrop 1;\n"
          "-- migrate:up\ncreate 2;\n--   migrate:down   \ndrop 2;");
    write("20240102000000.sql", "-- migrate:up\n-- migrate:down\n");
    const auto files = read();
    EXPECT_EQ(found_, "dbmate");
    ASSERT_EQ(files.size(), 2U);
    EXPECT_EQ(files[0].version, "20240101000000");
    EXPECT_EQ(files[0].name, "users");
    EXPECT_EQ(files[0].up.text,
              "\n--migrate:up  transaction:false\ncreate 1;\n\n\n-- migrate:up\ncreate 2;\n");
    EXPECT_TRUE(files[0].up.directives.no_transaction);
    ASSERT_TRUE(files[0].down);
    EXPECT_FALSE(files[0].down->directives.no_transaction);
    EXPECT_THAT(files[0].down->text, HasSubstr("drop 2;"));
    EXPECT_EQ(files[1].title(), "20240102000000");
}

TEST_F(FormatsTest, DbmateRefusesWhatDbmateRefuses) {
    write("1_a.sql", "create 1;\n-- migrate:up\n-- migrate:down\n");
    write("2_b.sql", "-- migrate:up\ncreate 1;\n-- migrate:donw\n");
    write("3_c.sql", "-- migrate:down\n-- migrate:up\n");
    const auto message = complaint();
    EXPECT_THAT(message, HasSubstr("m/1_a.sql:1: a statement before"));
    EXPECT_THAT(message, HasSubstr("m/2_b.sql: has no line -- migrate:down"));
    EXPECT_THAT(message, HasSubstr("m/3_c.sql:1: -- migrate:down without"));
}

TEST_F(FormatsTest, GooseReadsItsAnnotationsHoweverSpelled) {
    write("00001_a.sql",
          "-- +goose up\n--+goose StatementBegin\ncreate;\n-- +goose statementend\n"
          "--  +goose   DOWN\ndrop;\n-- +goose no transaction\n");
    write("00003_c.go", "package m // github.com/pressly/goose");
    write("2_b.sql", "-- +goose Up\nselect 1;\n");
    write("helpers_test.go", "");
    EXPECT_THAT(titles(), ElementsAre("1_a", "2_b", "3_c.go"));
    EXPECT_EQ(found_, "goose");
    const auto files = read();
    EXPECT_TRUE(files[0].up.directives.no_transaction);
    ASSERT_TRUE(files[0].down);
    EXPECT_EQ(files[0].down->text, "\n\n\n\n--  +goose   DOWN\ndrop;\n-- +goose no transaction\n");
    EXPECT_FALSE(files[1].down);
    EXPECT_EQ(files[2].kind, Kind::program);
}

TEST_F(FormatsTest, GooseReplacesVariablesOnlyWhereItIsToldTo) {
    write("1_a.sql",
          "-- +goose Up\nselect '$A';\n-- +goose ENVSUB ON\nselect '${A} $A ${B:-b} $1 $$';\n"
          "-- +goose ENVSUB OFF\nselect '${A}';\n-- +goose Down\n");
    source_.placeholders = {{"A", "x"}};
    EXPECT_THAT(read()[0].up.text,
                HasSubstr("select '$A';\n-- +goose ENVSUB ON\nselect 'x x b $1 $$';"));
    source_.placeholders.clear();
    EXPECT_THAT(complaint(), HasSubstr("m/1_a.sql:4: ${A} has no value"));
}

TEST_F(FormatsTest, GooseNamesWhatItDoesNotUnderstand) {
    write("1_a.sql", "-- +goose Up\n-- +goose StatmentBegin\n-- +goose Down\n-- +goose Up\n");
    write("2_b.sql", "-- +goose Up\n-- +goose StatementBegin\n");
    write("3_c.sql", "select 1;\n");
    const auto message = complaint();
    EXPECT_THAT(message, HasSubstr("m/1_a.sql:2: unknown annotation \"+goose statmentbegin\"; did "
                                   "you mean statementbegin?"));
    EXPECT_THAT(message, HasSubstr("m/1_a.sql:4: a second -- +goose Up"));
    EXPECT_THAT(message, HasSubstr("m/2_b.sql: has no -- +goose StatementEnd"));
    EXPECT_THAT(message, HasSubstr("m/3_c.sql: has no line -- +goose Up"));
}

TEST_F(FormatsTest, GolangMigratePairsByVersion) {
    write("000010_ten.up.sql", "u10");
    write("000010_renamed.down.sql", "d10");
    write("9_nine.up.sql", "u9");
    write("11_gone.down.sql", "d11");
    write("README.md", "");
    const auto files = read();
    EXPECT_EQ(found_, "golang-migrate");
    ASSERT_EQ(files.size(), 3U);
    EXPECT_EQ(files[0].title(), "9_nine");
    EXPECT_EQ(files[1].version, "10");
    ASSERT_TRUE(files[1].down);
    EXPECT_EQ(files[1].down->text, "d10");
    EXPECT_EQ(files[2].up.text, "");
    write("09_again.up.sql", "");
    EXPECT_THAT(complaint(), HasSubstr("has the same version as"));
}

TEST_F(FormatsTest, PrismaKeysAreFoldersAndItsChecksumIsOfTheBytes) {
    write("migration_lock.toml", "# edited by nobody\nprovider = \"postgresql\"\n");
    write("20240101000000_init/migration.sql", "\xEF\xBB\xBFselect 1;\r\n");
    write("20240101000000_init/down.sql", "select 2;");
    write("20240102000000_empty/README.md", "");
    const auto files = read();
    EXPECT_EQ(found_, "prisma");
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(files[0].version, "20240101000000_init");
    EXPECT_EQ(files[0].tool_checksum, sha256_hex("\xEF\xBB\xBFselect 1;\r\n"));
    EXPECT_EQ(files[0].up.checksum, sha256_hex("select 1;\n"));
    ASSERT_TRUE(files[0].down);
    write("migration_lock.toml", "provider = \"mysql\"\n");
    EXPECT_THAT(complaint(), HasSubstr("says provider \"mysql\""));
}

TEST_F(FormatsTest, NodePgMigrateSortsByPrefixAndNamesPrograms) {
    // 17 digits are a moment: it lies before the milliseconds that follow.
    write("20200513070724505_moment.sql", "-- Up Migration\nu\n--- down   MIGRATION\nd\n");
    write("1589354000000_later.js", "exports.up = (pgm) => {};");
    write("1000000000000_first.sql", "all");
    write("index.d.ts", "");
    const auto files = read();
    EXPECT_EQ(found_, "node-pg-migrate");
    ASSERT_EQ(files.size(), 3U);
    EXPECT_EQ(files[0].version, "1000000000000_first");
    EXPECT_EQ(files[0].up.text, "all");
    EXPECT_FALSE(files[0].down);
    EXPECT_EQ(files[1].version, "20200513070724505_moment");
    EXPECT_EQ(files[1].up.text, "-- Up Migration\nu\n");
    ASSERT_TRUE(files[1].down);
    EXPECT_EQ(files[1].down->text, "\n\n--- down   MIGRATION\nd\n");
    EXPECT_EQ(files[2].version, "1589354000000_later");
    EXPECT_EQ(files[2].kind, Kind::program);
}

TEST_F(FormatsTest, SqitchFollowsItsPlan) {
    write("sqitch.conf",
          "[core]\n\tengine = pg\n\ttop_dir = db\n[engine \"pg\"]\n\tregistry = sq\n");
    write("db/sqitch.plan",
          "%syntax-version=1.0.0\n%project=shop\n%uri=https://example.com/shop\n\n"
          "# first\nusers 2024-01-02T03:04:05Z A B <a@b.c> # Adds \\n users\n"
          "z/deep [users !old] 2024-01-02T03:04:06Z A B <a@b.c>\n"
          "@v1 2024-01-02T03:04:07Z A B <a@b.c> # first\n\n"
          "users [users@v1] 2024-01-02T03:04:08Z A B <a@b.c>\n");
    write("db/deploy/users.sql", "new");
    write("db/deploy/users@v1.sql", "old");
    write("db/revert/users@v1.sql", "undo old");
    write("db/verify/users.sql", "check");
    write("db/deploy/z/deep.sql", "deep");
    const auto files = read();
    EXPECT_EQ(found_, "sqitch");
    ASSERT_EQ(files.size(), 3U);
    EXPECT_EQ(files[0].version, "users@v1");
    EXPECT_EQ(files[0].up.text, "old");
    EXPECT_EQ(files[0].tool_checksum, sha1_hex("old"));
    ASSERT_TRUE(files[0].down);
    EXPECT_EQ(files[1].version, "z/deep");
    EXPECT_THAT(files[1].parents, ElementsAre("users"));
    EXPECT_FALSE(files[1].down);
    EXPECT_EQ(files[2].version, "users");
    EXPECT_EQ(files[2].up.text, "new");
    ASSERT_TRUE(files[2].verify);
    const Folder folder(directory_.path() / "m");
    EXPECT_EQ(sqitch::read_project(folder).registry, "sq");
    std::vector<Mistake> mistakes;
    const auto plan = sqitch::read_plan(folder, "m", mistakes);
    EXPECT_EQ(plan.project, "shop");
    EXPECT_EQ(plan.changes[0].note, "Adds \n users");
    EXPECT_EQ(plan.changes[1].tags[0].name, "v1");
    EXPECT_TRUE(plan.changes[1].dependencies[1].is_conflict);
}

TEST_F(FormatsTest, SqitchPlansAreCheckedLineByLine) {
    write("sqitch.plan",
          "%project=shop\n\n@early 2024-01-02T03:04:07Z A <a@b.c>\nusers A <a@b.c>\n"
          "users 2024-01-02T03:04:05Z\nu 2024-01-02T03:04:05Z A <a@b.c>\n"
          "u 2024-01-02T03:04:05Z A <a@b.c>\n");
    write("deploy/u.sql", "");
    const auto message = complaint();
    EXPECT_THAT(message, HasSubstr("m/sqitch.plan:3: the tag @early has no change before it"));
    EXPECT_THAT(message, HasSubstr("m/sqitch.plan:4: no time"));
    EXPECT_THAT(message, HasSubstr("m/sqitch.plan:5: no planner"));
    EXPECT_THAT(message, HasSubstr("m/sqitch.plan:7: the change u is there twice"));
}

TEST_F(FormatsTest, NewMigrationsAreLoadedByTheirFormat) {
    for (const auto& format : formats()) {
        const test::Directory place;
        const platform::Source source{"m", place.path() / "m", std::string(format.name)};
        const auto created = format.create(source, {"Add customers", "who buys"});
        EXPECT_TRUE(fs::exists(created.up)) << format.name;
        format.create(source, {"Second", ""});
        const auto files = load({source}, {});
        ASSERT_GE(files.size(), 1U) << format.name;
        // Supabase's files are known by their place alone.
        if (format.name != "supabase") {
            EXPECT_EQ(detect(Folder(source.path)).format, &format) << format.name;
        }
    }
}

}  // namespace
}  // namespace caisson::sources
