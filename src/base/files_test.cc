// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"

#include <chrono>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"

namespace caisson {
namespace {

class Files : public testing::Test {
 protected:
    Files()
        : directory_(fs::temp_directory_path() / ("caisson-files-" + std::to_string(::getpid()))) {
        make_directory(directory_, 0700);
    }
    ~Files() override { remove_tree(directory_); }
    fs::path directory_;
};

mode_t mode_of(const fs::path& path) {
    struct stat status {};
    ::stat(path.c_str(), &status);
    return status.st_mode & 07777U;
}

TEST_F(Files, WritesWithTheRightsAskedForAndLeavesNoTemporaryFile) {
    write_file(directory_ / "secret", "s", 0600);
    EXPECT_EQ(mode_of(directory_ / "secret"), 0600U);
    write_file(directory_ / "secret", "t", 0600);
    EXPECT_EQ(read_file(directory_ / "secret"), "t");
    EXPECT_EQ(std::distance(fs::directory_iterator(directory_), fs::directory_iterator()), 1);
}

TEST_F(Files, AMissingFileIsNothingAndAnUnreadableOneAnError) {
    EXPECT_EQ(read_if_exists(directory_ / "absent"), std::nullopt);
    EXPECT_THROW(read_file(directory_ / "absent"), Error);
    EXPECT_THROW(read_file(directory_), Error);
}

TEST_F(Files, AWriteThatFailsNamesThePathAndTheCause) {
    try {
        write_file(directory_ / "no" / "such", "x");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::state_unusable);
        EXPECT_NE(error.message().find("No such file"), std::string::npos) << error.message();
    }
}

TEST_F(Files, WhatIsOurOwnIsNotReadThroughALink) {
    write_file(directory_ / "elsewhere", "of somebody else", 0600);
    fs::create_symlink(directory_ / "elsewhere", directory_ / "secret");
    EXPECT_EQ(read_if_exists(directory_ / "secret"), "of somebody else");
    EXPECT_THROW(read_own(directory_ / "secret"), Error);
    EXPECT_EQ(read_own(directory_ / "elsewhere"), "of somebody else");
    EXPECT_EQ(read_own(directory_ / "absent"), std::nullopt);
}

TEST_F(Files, ADirectoryThatIsOnlyNeededKeepsItsRights) {
    make_directory(directory_ / "closed", 0500);
    ensure_directory(directory_ / "closed");
    EXPECT_EQ(mode_of(directory_ / "closed"), 0500U);
    ensure_directory(directory_ / "a" / "b");
    EXPECT_TRUE(fs::is_directory(directory_ / "a" / "b"));
}

TEST_F(Files, AFullDiskIsItsOwnError) {
    try {
        throw_file_error("write", "/x", ENOSPC);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::disk_full);
    }
}

TEST_F(Files, OneLockAtATimeAndItsHolderIsNamed) {
    const auto path = directory_ / "lock";
    {
        const auto held = FileLock::try_lock(path, "up");
        ASSERT_TRUE(held);
        EXPECT_FALSE(FileLock::try_lock(path, "down"));
        EXPECT_EQ(FileLock::holder(path), "process " + std::to_string(::getpid()) + ": up");
    }
    EXPECT_TRUE(FileLock::try_lock(path, "down"));
}

TEST_F(Files, TheHolderOfALockIsNamedAlsoWhileItWritesItsNote) {
    const auto path = directory_ / "lock";
    write_file(path, "", 0600);
    std::thread writer([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        write_file(path, "process 7: up\n", 0600);
    });
    EXPECT_EQ(FileLock::holder(path), "process 7: up");
    writer.join();
}

TEST_F(Files, NothingIsWrittenThroughALinkThatSomebodyPutThere) {
    write_file(directory_ / "precious", "kept", 0600);
    fs::create_symlink(directory_ / "precious", directory_ / "lock");
    EXPECT_THROW(FileLock::try_lock(directory_ / "lock", "up"), Error);
    const auto temporary = directory_ / ("record." + std::to_string(::getpid()) + ".new");
    fs::create_hard_link(directory_ / "precious", temporary);
    write_file(directory_ / "record", "new", 0644);
    EXPECT_EQ(read_file(directory_ / "precious"), "kept");
    EXPECT_EQ(mode_of(directory_ / "precious"), 0600U);
    EXPECT_EQ(read_file(directory_ / "record"), "new");
    fs::create_directory_symlink(directory_, directory_ / "way");
    EXPECT_THROW(make_directory(directory_ / "way", 0700, current_account()), Error);
}

TEST_F(Files, DirectoriesGetTheirRightsAlsoWhenTheyExisted) {
    make_directory(directory_ / "d", 0755);
    make_directory(directory_ / "d", 0700);
    EXPECT_EQ(mode_of(directory_ / "d"), 0700U);
    EXPECT_GT(space_at(directory_ / "not" / "there").total, 0U);
}

}  // namespace
}  // namespace caisson
