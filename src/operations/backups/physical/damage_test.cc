// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operations/backups/physical/create.h"

namespace caisson::backups::physical {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Found found(const std::string& id, const std::string& label, const std::string& prior) {
    Found each;
    each.set.id = id;
    each.set.label = label;
    each.set.prior = prior;
    return each;
}

TEST(Damage, ConcernsTheSetOfTheFileAndAllThatBuildOnIt) {
    const std::vector<Found> sets = {
        found("1-full", "20261126-010000F", ""), found("2-full", "20261127-010000F", ""),
        found("3-differential", "20261127-010000F_20261127-020000D", "2-full"),
        found("4-incremental", "20261127-010000F_20261127-030000I", "3-differential"),
        found("5-logical", "", "")};
    const auto concerned = [&](const std::string& file) {
        return concerned_by({{file, "has other contents"}}, sets);
    };
    EXPECT_THAT(concerned("backup/shop-local-1/20261127-010000F/bundle/1"),
                ElementsAre("2-full", "3-differential", "4-incremental"));
    EXPECT_THAT(concerned("backup/shop-local-1/20261127-010000F_20261127-020000D/pg_data/a"),
                ElementsAre("3-differential", "4-incremental"));
    EXPECT_THAT(concerned("1-full/cluster.sha256"), ElementsAre("1-full"));
    EXPECT_THAT(concerned("2-full"), ElementsAre("2-full", "3-differential", "4-incremental"));
    EXPECT_THAT(concerned_by({}, sets), IsEmpty());
}

}  // namespace
}  // namespace caisson::backups::physical
