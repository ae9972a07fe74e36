// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/logical/parts.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/process.h"
#include "operations/backups/sets/stored.h"
#include "tests/support/postgres.h"

namespace caisson::backups {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Error error_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error;
    }
    throw std::logic_error("there was no error");
}

struct PartsTest : testing::Test {
    PartsTest() {
        repository.prepare();
        set.id = "20261126T210633Z-logical-5f3a";
        const auto beside = directory.path() / "platform";
        fs::create_directories(beside / "migrations");
        write_file(beside / "caisson.toml", "[platform]\n");
        write_file(beside / "migrations" / "001_users.sql", "create table users ();\n");
        Command tar;
        tar.arguments = {"tar",          "--create",  "--file=-", "--directory=" + beside.string(),
                         "caisson.toml", "migrations"};
        const auto archive = run(tar, std::chrono::seconds(30));
        const auto making = repository.begin(set.id);
        add(making, "roles", "roles.sql", "create role lumina_db_app;\n");
        add(making, "redis", "redis.rdb", std::string("REDIS0010\0\xff", 11));
        add(making, "platform", "platform.tar", archive.output);
        Origin origin;
        origin.key = "main";
        origin.database = "lumina_db";
        origin.parameters = {{"", "work_mem", "8MB"}, {"app", "search_path", "public"}};
        set.origins = {origin};
        repository.finish(set, std::nullopt);
    }
    void add(const fs::path& making, const std::string& kind, const std::string& name,
             const std::string& text) {
        Storing storing(making, name, std::nullopt, {});
        storing.add(text);
        const auto stored = storing.finish();
        set.parts.push_back({kind, "", stored.file.name,
                             "2026-11-26T21:06:3" + std::to_string(set.parts.size()) + ".000Z",
                             stored.plain_bytes, stored.plain_sha256});
        set.files.push_back(stored.file);
    }
    RestoredPart restored(const std::string& kind, const std::string& to) {
        return restore_part(repository, set, kind, std::nullopt, directory.path() / to);
    }

    test::Directory directory;
    Repository repository{"local", directory.path() / "local"};
    Set set;
};

TEST_F(PartsTest, RolesComeWithTheSettingsOfDatabases) {
    const auto part = restored("roles", "roles");
    EXPECT_EQ(part.at, "2026-11-26T21:06:30.000Z");
    EXPECT_THAT(part.files, ElementsAre("roles.sql", "settings.sql"));
    const auto place = directory.path() / "roles";
    EXPECT_EQ(read_file(place / "roles.sql"), "create role lumina_db_app;\n");
    const auto settings = read_file(place / "settings.sql");
    EXPECT_THAT(settings, HasSubstr("alter database \"lumina_db\" set"));
    EXPECT_THAT(settings, HasSubstr("alter role \"app\" in database \"lumina_db\" set"));
    struct stat status {};
    ASSERT_EQ(::stat(place.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
    ASSERT_EQ(::stat((place / "roles.sql").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(PartsTest, RedisComesAsAFileThatAServerLoadsAndThePlatformAsItsFolders) {
    EXPECT_EQ(restored("redis", "redis").at, "2026-11-26T21:06:31.000Z");
    EXPECT_EQ(read_file(directory.path() / "redis" / "dump.rdb").substr(0, 9), "REDIS0010");
    EXPECT_THAT(restored("platform", "files").files, ElementsAre("caisson.toml", "migrations"));
    EXPECT_EQ(read_file(directory.path() / "files" / "migrations" / "001_users.sql"),
              "create table users ();\n");
}

TEST_F(PartsTest, NothingIsPutOverWhatIsThere) {
    fs::create_directories(directory.path() / "place");
    restored("roles", "place");  // Empty.
    EXPECT_EQ(error_of([&] { restored("redis", "place"); }).code(), Code::usage);
    EXPECT_FALSE(fs::exists(directory.path() / "place" / "dump.rdb"));
}

TEST_F(PartsTest, AlteredOrMissingOnesLeaveNoDirectory) {
    auto error = error_of([&] { restored("cluster", "place"); });
    EXPECT_EQ(error.code(), Code::backup_missing);
    EXPECT_THAT(error.hint(), HasSubstr("roles, redis, platform"));
    // The manifest says something else than what lies in the file.
    set.parts[0].bytes += 1;
    EXPECT_EQ(error_of([&] { restored("roles", "place"); }).code(), Code::backup_damaged);
    const auto file = repository.directory_of(set.id) / set.files[1].name;
    auto text = read_file(file);
    text[text.size() / 2] ^= 1;
    write_file(file, text);
    EXPECT_EQ(error_of([&] { restored("redis", "place"); }).code(), Code::backup_damaged);
    EXPECT_FALSE(fs::exists(directory.path() / "place"));
    // What somebody has beside it is neither in the way nor touched, and nothing of ours is left.
    fs::create_directories(directory.path() / "place.part" / "theirs");
    restored("platform", "place");
    EXPECT_TRUE(fs::exists(directory.path() / "place.part" / "theirs"));
    int beside = 0;
    for (const auto& entry : fs::directory_iterator(directory.path())) {
        beside += entry.path().filename().string().starts_with("place") ? 1 : 0;
    }
    EXPECT_EQ(beside, 2);
}

}  // namespace
}  // namespace caisson::backups
