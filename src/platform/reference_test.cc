// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/kinds.h"
#include "platform/platform.h"
#include "tests/support/postgres.h"

namespace caisson::platform {
namespace {

/// After a change of the table: CAISSON_UPDATE=1 build/dev/tests/platform_reference_test
TEST(Reference, ThePageInDocsIsWhatTheTableOfSettingsSays) {
    const fs::path page = fs::path(CAISSON_SOURCE_DIR) / "docs/reference/manifest.md";
    if (std::getenv("CAISSON_UPDATE")) {
        make_directory(page.parent_path());
        write_file(page, manifest_reference());
    }
    EXPECT_TRUE(read_if_exists(page) == manifest_reference())
        << page << " is out of date: rewrite it with CAISSON_UPDATE=1 platform_reference_test";
}

TEST(Reference, ItsExampleIsAValidManifest) {
    const test::Directory directory;
    directory.write("caisson.toml", manifest_example());
    directory.write("migrations/001_initial.sql", "");
    const auto manifest = load(directory.path());
    EXPECT_EQ(manifest.environments.size(), 2U);
    EXPECT_EQ(manifest.variables.size(), 3U);
}

TEST(Reference, EverySettingHasAKnownKindAndAMeaning) {
    const auto page = manifest_reference();
    for (const auto& setting : settings()) {
        EXPECT_NO_THROW(expected_text(setting.kind)) << setting.path;
        EXPECT_FALSE(setting.meaning.empty()) << setting.path;
        EXPECT_THAT(page, testing::HasSubstr(setting.meaning));
    }
}

}  // namespace
}  // namespace caisson::platform
