// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "platform/platform.h"
#include "tests/support/postgres.h"

namespace caisson::platform {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> names(const std::vector<File>& files) {
    std::vector<std::string> result;
    for (const auto& file : files) {
        result.push_back(file.name);
    }
    return result;
}

TEST(Files, ComeInByteOrderWithTheirText) {
    const test::Directory directory;
    for (const char* name :
         {"b.sql", "a.sql", "B.sql", "010_x.sql", "9_x.sql", "ä.sql", "a.txt", "a.SQL"}) {
        directory.write(name, name);
    }
    const auto files = files_of(directory.path(), {".sql"});
    EXPECT_THAT(names(files),
                ElementsAre("010_x.sql", "9_x.sql", "B.sql", "a.SQL", "a.sql", "b.sql", "ä.sql"));
    EXPECT_EQ(files[0].text, "010_x.sql");
    EXPECT_EQ(files[0].path, directory.path() / "010_x.sql");
}

TEST(Files, HiddenOnesAndWhatEditorsLeaveAreNotSeen) {
    const test::Directory directory;
    for (const char* name :
         {".hidden.sql", "a.sql~", "#a.sql#", ".#a.sql", ".a.sql.swp", ".git/x.sql", "a.sql"}) {
        directory.write(name, "");
    }
    EXPECT_THAT(names(files_of(directory.path(), {}, 9)), ElementsAre("a.sql"));
}

TEST(Files, AreLookedForAsDeepAsAsked) {
    const test::Directory directory;
    directory.write("one/two/c.sql", "");
    directory.write("one/b.sql", "");
    directory.write("a.sql", "");
    directory.write("folder.sql/d.sql", "");
    EXPECT_THAT(names(files_of(directory.path(), {".sql"})), ElementsAre("a.sql"));
    EXPECT_THAT(names(files_of(directory.path(), {".sql"}, 1)),
                ElementsAre("a.sql", "folder.sql/d.sql", "one/b.sql"));
    EXPECT_THAT(names(files_of(directory.path(), {".sql"}, 2)),
                ElementsAre("a.sql", "folder.sql/d.sql", "one/b.sql", "one/two/c.sql"));
}

TEST(Files, LinksAreFollowedButNotInCircles) {
    const test::Directory directory;
    const test::Directory other;
    other.write("linked.sql", "text");
    directory.write("one/a.sql", "");
    fs::create_directory_symlink(directory.path(), directory.path() / "one" / "up");
    fs::create_directory_symlink(other.path(), directory.path() / "away");
    fs::create_symlink(other.path() / "linked.sql", directory.path() / "b.sql");
    EXPECT_THAT(names(files_of(directory.path(), {".sql"}, 50)),
                ElementsAre("away/linked.sql", "b.sql", "one/a.sql"));
}

TEST(Files, OfNoFolderAreNone) {
    const test::Directory directory;
    EXPECT_THAT(files_of(directory.path() / "nowhere", {".sql"}), IsEmpty());
    directory.write("file", "");
    EXPECT_THROW(files_of(directory.path() / "file", {".sql"}), Error);
}

TEST(Files, ThatCannotBeReadAreNamedTogetherWithTheirPlaces) {
    const test::Directory directory;
    directory.write("a.sql", "select 1;\nselect 'é\xE9';\n");
    directory.write("b.sql", std::string("s\0e", 3));
    directory.write("c.sql", "cut \xE2\x82");
    directory.write("fine.sql", "select '€';");
    fs::create_symlink("nowhere.sql", directory.path() / "d.sql");
    fs::create_symlink("e.sql", directory.path() / "e.sql");
    ::mkfifo((directory.path() / "f.sql").c_str(), 0600);
    try {
        files_of(directory.path(), {".sql"});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::platform_invalid);
        for (const char* part : {"a.sql:2:10: the byte 0xE9 is not UTF-8", "b.sql:1:2: a zero byte",
                                 "c.sql:1:5: the byte 0xE2", "d.sql: the link leads to no file",
                                 "e.sql: the link", "f.sql: this is no regular file"}) {
            EXPECT_THAT(error.message(), HasSubstr(part));
        }
        EXPECT_THAT(error.message(), testing::Not(HasSubstr("fine.sql")));
    }
}

}  // namespace
}  // namespace caisson::platform
