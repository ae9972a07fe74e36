// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "lifecycle/lint/rule.h"

namespace caisson::lint {
namespace {

/// After a change of the table: CAISSON_UPDATE=1 build/dev/tests/lint_reference_test
TEST(Reference, ThePageInDocsIsWhatTheTableOfRulesSays) {
    const fs::path page = fs::path(CAISSON_SOURCE_DIR) / "docs/reference/lint.md";
    if (std::getenv("CAISSON_UPDATE")) {
        write_file(page, rules_reference());
    }
    EXPECT_TRUE(read_if_exists(page) == rules_reference())
        << page << " is out of date: rewrite it with CAISSON_UPDATE=1 lint_reference_test";
}

TEST(Reference, EveryRuleHasASectionOfItsOwn) {
    const auto page = rules_reference();
    for (const auto& rule : rules()) {
        EXPECT_THAT(page, testing::HasSubstr("\n### " + std::string(rule.id) + "\n"));
    }
}

}  // namespace
}  // namespace caisson::lint
