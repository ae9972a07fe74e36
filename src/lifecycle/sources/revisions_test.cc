// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "lifecycle/sources/create.h"
#include "lifecycle/sources/load.h"
#include "tests/support/postgres.h"

namespace caisson::sources {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct RevisionsTest : testing::Test {
    void write(const std::string& id, const std::string& parents) {
        directory.write("migrations/" + id + "_x.sql",
                        "-- caisson: revision " + id + "\n" +
                            (parents.empty() ? "" : "-- caisson: parent " + parents + "\n") +
                            "select 1;\n");
    }
    std::vector<std::string> versions() const {
        std::vector<std::string> all;
        for (const auto& migration : load({source}, {})) {
            all.push_back(migration.version);
        }
        return all;
    }
    std::string complaint() const {
        try {
            versions();
        } catch (const Error& error) {
            return error.message();
        }
        return "";
    }
    test::Directory directory;
    platform::Source source{"migrations", directory.path() / "migrations"};
};

TEST_F(RevisionsTest, ParentsComeBeforeThoseThatBuildOnThem) {
    write("ffa0", "");
    write("1b2c", "ffa0");
    write("0a00", "1b2c, 9d9d");
    write("9d9d", "ffa0");
    directory.write("migrations/1b2c_x.down.sql", "select 2;");
    EXPECT_THAT(versions(), ElementsAre("ffa0", "1b2c", "9d9d", "0a00"));
    const auto files = load({source}, {});
    EXPECT_EQ(files[1].name, "x");
    EXPECT_TRUE(files[1].down);
    EXPECT_THAT(files[3].parents, ElementsAre("1b2c", "9d9d"));
}

TEST_F(RevisionsTest, WhatDoesNotHoldTogetherIsTold) {
    write("a1", "");
    write("b2", "c3");
    write("c3", "b2");
    write("d4", "gone");
    directory.write("migrations/plain.sql", "select 1;");
    const auto message = complaint();
    EXPECT_THAT(message, HasSubstr("b2_x.sql: is part of a circle of revisions"));
    EXPECT_THAT(message, HasSubstr("d4_x.sql: builds on gone, which no file declares"));
    EXPECT_THAT(message, Not(HasSubstr("a1_x.sql")));
    EXPECT_THAT(message, HasSubstr("4 mistakes")) << "each is told once";
    EXPECT_THAT(message, HasSubstr("plain.sql: does not say which revision it is"));
}

TEST_F(RevisionsTest, OneRevisionInTwoFilesIsToldOnce) {
    write("a1", "");
    directory.write("migrations/copy.sql", "-- caisson: revision a1\n");
    EXPECT_THAT(complaint(), HasSubstr("1 mistake in"));
    EXPECT_THAT(complaint(), HasSubstr("copy.sql: has the same version as migrations/a1_x.sql"));
}

TEST_F(RevisionsTest, BranchesStandInTheOrderOfTheirFiles) {
    write("c0", "");
    write("a9", "b1");
    write("b1", "c0");
    write("d2", "c0");
    write("b5", "d2");
    EXPECT_THAT(versions(), ElementsAre("c0", "b1", "a9", "d2", "b5"));
}

TEST_F(RevisionsTest, ANewOneBuildsOnTheHeadAndAMergeOnAllOfThem) {
    source.format = "revisions";
    create(source, {"first"});
    const auto first = versions();
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(first[0].size(), 12U);
    create(source, {"second"});
    EXPECT_THAT(load({source}, {})[1].parents, ElementsAre(first[0]));
    write("aa", first[0]);
    EXPECT_THROW(create(source, {"third"}), Error);
    NewMigration merge{"join them"};
    merge.merge = true;
    create(source, merge);
    EXPECT_EQ(load({source}, {}).back().parents.size(), 2U);
    EXPECT_THROW(create(source, merge), Error);
}

}  // namespace
}  // namespace caisson::sources
