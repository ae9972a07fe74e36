// SPDX-License-Identifier: Apache-2.0
#include "app/cli/migration_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/sources/load.h"
#include "tests/support/postgres.h"

namespace caisson::cli {
namespace {

std::vector<std::string> versions(MigrationFiles& files) {
    std::vector<std::string> versions;
    for (const auto& each : files.now()) {
        versions.push_back(each.version);
    }
    return versions;
}

MigrationFiles files_in(const test::Directory& directory) {
    const std::vector<platform::Source> sources = {
        {.name = "migrations", .path = directory.path()}};
    return {sources,
            {},
            std::make_shared<const std::vector<sources::Migration>>(sources::load(sources, {}))};
}

TEST(MigrationFiles, WhatIsAddedIsThereAndWhatIsRemovedIsGone) {
    const test::Directory directory;
    directory.write("001_first.sql", "select 1;");
    auto files = files_in(directory);
    EXPECT_THAT(versions(files), testing::ElementsAre("001"));
    directory.write("002_second.sql", "select 2;");
    EXPECT_THAT(versions(files), testing::ElementsAre("001", "002"));
    fs::remove(directory.path() / "002_second.sql");
    EXPECT_THAT(versions(files), testing::ElementsAre("001"));
}

TEST(MigrationFiles, WhatIsNotChangedIsNotReadAgain) {
    const test::Directory directory;
    directory.write("001_first.sql", "select 1;");
    fs::last_write_time(directory.path(),
                        fs::file_time_type::clock::now() - std::chrono::minutes(1));
    auto files = files_in(directory);
    const auto* const before = files.now().data();
    EXPECT_EQ(files.now().data(), before);
}

TEST(MigrationFiles, WhatCameWhileTheyWereReadIsSeen) {
    const test::Directory directory;
    directory.write("001_first.sql", "select 1;");
    auto files = files_in(directory);
    // The folder's moment is none that tells: as if it had been added before it was looked at.
    directory.write("002_second.sql", "select 2;");
    fs::last_write_time(directory.path(),
                        fs::file_time_type::clock::now() - std::chrono::minutes(1));
    EXPECT_THAT(versions(files), testing::ElementsAre("001", "002"));
}

TEST(MigrationFiles, WhatCannotBeReadIsNotWhatWasThereBefore) {
    const test::Directory directory;
    directory.write("001_first.sql", "select 1;");
    auto files = files_in(directory);
    directory.write("001_again.sql", "select 1;");
    EXPECT_THROW(files.now(), Error) << "a version twice";
    EXPECT_THROW(files.now(), Error) << "and so until somebody mends it";
}

}  // namespace
}  // namespace caisson::cli
