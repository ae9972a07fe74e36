// SPDX-License-Identifier: Apache-2.0
#include "trust/passfile.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace caisson::trust {
namespace {

std::string password_of(const Passfile& passfile, std::string_view host, std::uint16_t port,
                        std::string_view database, std::string_view user) {
    const auto found = passfile.find(host, port, database, user);
    return found ? found->reveal() : "none";
}

TEST(Passfile, FindsWhatLibpqWouldTakeTheFirstThatMatches) {
    const auto passfile = Passfile::parse(
        "# comment\n/run/x:5432:*:alice:one\n*:*:db:*:two\r\nbroken line\n*:*:*:*:three");
    EXPECT_EQ(password_of(passfile, "/run/x", 5432, "any", "alice"), "one");
    EXPECT_EQ(password_of(passfile, "/run/x", 5433, "db", "alice"), "two");
    EXPECT_EQ(password_of(passfile, "h", 1, "other", "bob"), "three");
    EXPECT_EQ(password_of(Passfile::parse(""), "h", 1, "d", "u"), "none");
}

TEST(Passfile, ColonsAndBackslashesSurvive) {
    Passfile passfile;
    passfile.set({"C:\\dir", "*", "a:b", "u\\", Secret("p:a\\ss:")});
    EXPECT_EQ(passfile.text(), "C\\:\\\\dir:*:a\\:b:u\\\\:p\\:a\\\\ss\\:\n");
    EXPECT_EQ(password_of(Passfile::parse(passfile.text()), "C:\\dir", 5432, "a:b", "u\\"),
              "p:a\\ss:");
    EXPECT_EQ(password_of(Passfile::parse("h:1:d:u:bare:colon"), "h", 1, "d", "u"), "bare:colon");
}

TEST(Passfile, SetReplacesItsEntryAndKeepsEverythingElse) {
    auto passfile = Passfile::parse("# mine\n*:*:*:bob:old\n*:*:*:carol:c\n");
    passfile.set({"*", "*", "*", "bob", Secret("new")});
    EXPECT_EQ(passfile.text(), "# mine\n*:*:*:bob:new\n*:*:*:carol:c\n");
}

TEST(Passfile, SetIsNeverHiddenByAWiderEntry) {
    auto passfile = Passfile::parse("*:*:*:*:everybody\n/run/x:*:*:bob:hidden\n");
    passfile.set({"/run/x", "*", "*", "bob", Secret("mine")});
    EXPECT_EQ(password_of(passfile, "/run/x", 5432, "d", "bob"), "mine");
    EXPECT_EQ(password_of(passfile, "/run/x", 5432, "d", "eve"), "everybody");
    EXPECT_EQ(passfile.entries().size(), 2U);
}

TEST(Passfile, APasswordWithALineBreakIsRefused) {
    Passfile passfile;
    EXPECT_THROW(passfile.set({"*", "*", "*", "u", Secret("a\nb")}), Error);
}

TEST(Passfile, IsWrittenForTheOwnerAlone) {
    const fs::path path = fs::temp_directory_path() / ("passfile-" + std::to_string(::getpid()));
    Passfile passfile;
    passfile.set({"*", "*", "*", "u", Secret("p")});
    passfile.remove_user("nobody");
    passfile.write(path);
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    EXPECT_EQ(password_of(Passfile::read(path), "h", 1, "d", "u"), "p");
    fs::remove(path);
    EXPECT_TRUE(Passfile::read(path).entries().empty());
}

}  // namespace
}  // namespace caisson::trust
