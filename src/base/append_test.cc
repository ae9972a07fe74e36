// SPDX-License-Identifier: Apache-2.0
#include "base/append.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"

namespace caisson {
namespace {

TEST(Append, LinesAreAddedWholeAndThroughNoLink) {
    const auto directory =
        fs::temp_directory_path() / ("caisson-append-" + std::to_string(::getpid()));
    make_directory(directory, 0700);
    const auto path = directory / "lines";
    append_line(path, "one", 0640);
    append_line(path, "two", 0640);
    EXPECT_EQ(read_file(path), "one\ntwo\n");
    EXPECT_EQ(fs::status(path).permissions() & fs::perms(0137), fs::perms::none);
    write_file(path, "one\ncut o");
    append_line(path, "three");
    EXPECT_EQ(read_file(path), "one\ncut o\nthree\n");
    fs::create_hard_link(path, directory / "other name");
    EXPECT_THROW(append_line(path, "four"), Error);
    fs::create_symlink(path, directory / "link");
    EXPECT_THROW(append_line(directory / "link", "four"), Error);
    remove_tree(directory);
}

}  // namespace
}  // namespace caisson
