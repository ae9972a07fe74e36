// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operations/schedule/host_lease.h"
#include "tests/support/postgres.h"

namespace caisson::schedule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct HostLeaseTest : testing::Test {
    LeasePlaces at(const std::string& file, const pg::Settings& settings) {
        return {directory.path() / file, {}, settings, [this](const std::string& text) {
                    said.push_back(text);
                }};
    }

    test::Directory directory;
    test::Database database;
    std::vector<std::string> said;
};

TEST_F(HostLeaseTest, IsGivenToOneOfTheHostsThatShareTheDatabase) {
    auto first = host_lease(at("a", database.settings()));
    EXPECT_TRUE(first);
    EXPECT_FALSE(host_lease(at("b", database.settings())));
    // Who did not get the database's lock keeps no file.
    first.reset();
    EXPECT_TRUE(host_lease(at("b", database.settings())));
    EXPECT_THAT(said, IsEmpty());
}

TEST_F(HostLeaseTest, IsGivenToOneOfTheHostsThatShareTheRepository) {
    const test::Database other;
    const auto first = host_lease(at("a", database.settings()));
    EXPECT_TRUE(first);
    EXPECT_FALSE(host_lease(at("a", other.settings())));
}

TEST_F(HostLeaseTest, IsGivenWhileTheDatabaseIsAway) {
    auto away = database.settings();
    away.database = "nothing_of_this_name";
    EXPECT_TRUE(host_lease(at("a", away)));
    EXPECT_THAT(said, ElementsAre(HasSubstr("held by a file only")));
}

}  // namespace
}  // namespace caisson::schedule
