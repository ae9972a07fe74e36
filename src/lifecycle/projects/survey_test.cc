// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/projects/survey.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "platform/platform.h"
#include "tests/support/postgres.h"

namespace caisson::projects {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class SurveyTest : public testing::Test {
 protected:
    /// The manifest that is written, read again by the parser.
    platform::Manifest manifest(const Survey& found) {
        for (const auto& file : files_for(found)) {
            directory.write(file.name, file.text);
        }
        return platform::load(directory.path());
    }
    test::Directory directory;
};

TEST_F(SurveyTest, AProjectOfDbmateBecomesAPlatformThatTheParserTakes) {
    directory.write("db/migrations/20240101000000_users.sql",
                    "-- migrate:up\ncreate extension if not exists citext;\ncreate table users (id "
                    "int);\n-- migrate:down\ndrop table users;\n");
    directory.write("node_modules/other/migrations/001_x.sql", "select 1;");
    directory.write(".env",
                    "DATABASE_URL=postgres://me:s3cret@localhost:5432/shop?sslmode=disable\n"
                    "JWT_SECRET=hush\nPORT=3000\nREDIS_URL=redis://localhost\n");
    directory.write(".env.example", "PORT=8080\nLOG_LEVEL=info\nJWT_SECRET=change-me\n");
    const auto found = survey(directory.path());
    ASSERT_EQ(found.sources.size(), 1U);
    EXPECT_EQ(found.sources[0].path, "db/migrations");
    EXPECT_EQ(found.sources[0].format, "dbmate");
    EXPECT_EQ(found.database, "shop");
    const auto read = manifest(found);
    EXPECT_EQ(read.databases[0].name, "shop");
    EXPECT_EQ(read.databases[0].migrations[0].format, "dbmate");
    EXPECT_EQ(read.databases[0].extensions[0].name, "citext");
    EXPECT_TRUE(read.server.has_redis);
    const auto text = read_file(directory.path() / "caisson.toml");
    EXPECT_THAT(text, Not(HasSubstr("s3cret")));
    EXPECT_THAT(text, Not(HasSubstr("hush")));
    EXPECT_THAT(text, Not(HasSubstr("change-me")));
    EXPECT_THAT(text, HasSubstr("[variables.LOG_LEVEL]  # .env.example\nexample = \"info\""));
    EXPECT_THAT(text, HasSubstr("url = \"${DATABASE_URL}\""));
}

TEST_F(SurveyTest, RolesThatNobodyMakesGetAMigrationOfTheirOwn) {
    directory.write("migrations/001_init.sql",
                    "create table t (id int);\nalter table t owner to legacy_owner;\n"
                    "grant select on t to \"Read Only\";\n");
    const auto found = survey(directory.path());
    EXPECT_THAT(found.roles, ElementsAre("Read Only", "legacy_owner"));
    EXPECT_THAT(found.sources[0].needs_admin, HasSubstr("001_init.sql"));
    const auto read = manifest(found);
    ASSERT_EQ(read.databases[0].migrations.size(), 2U);
    EXPECT_TRUE(read.databases[0].migrations[0].as_admin);
    EXPECT_TRUE(read.databases[0].migrations[1].as_admin);
    EXPECT_THAT(read_file(directory.path() / "caisson-roles/001_roles.sql"),
                HasSubstr("create role \"Read Only\" nologin"));
}

TEST_F(SurveyTest, AnEnvFileThatCannotBeReadIsNamedAndTheRestIsFound) {
    directory.write("migrations/1_a.sql", "select 1;");
    directory.write(".env", "not a line\n");
    const auto found = survey(directory.path());
    EXPECT_EQ(found.sources.size(), 1U);
    ASSERT_EQ(found.notes.size(), 1U);
    EXPECT_THAT(found.notes[0], HasSubstr(".env:1:1"));
}

TEST_F(SurveyTest, AProjectWithoutMigrationsIsRefusedWithWhatWasLookedFor) {
    directory.write("src/main.go", "package main");
    try {
        survey(directory.path());
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::usage);
        EXPECT_THAT(error.hint(), HasSubstr("Flyway"));
    }
}

}  // namespace
}  // namespace caisson::projects
