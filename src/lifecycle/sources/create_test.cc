// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/create.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "lifecycle/sources/load.h"
#include "tests/support/postgres.h"

namespace caisson::sources {
namespace {

class CreateTest : public testing::Test {
 protected:
    std::string made(const std::string& name, const std::string& description = "") {
        return create(source, {name, description}).up.filename();
    }
    test::Directory directory;
    platform::Source source{"migrations", directory.path() / "migrations", "plain"};
};

TEST_F(CreateTest, NumbersGoOnInTheWidthThatIsInUse) {
    EXPECT_EQ(made("Add customers!"), "001_add_customers.sql");
    EXPECT_EQ(made("next"), "002_next.sql");
    directory.write("migrations/0099_far.sql", "");
    EXPECT_EQ(made("x"), "0100_x.sql");
    directory.write("migrations/9999_edge.sql", "");
    EXPECT_EQ(made("y"), "10000_y.sql");
}

TEST_F(CreateTest, MomentsAreFollowedByThePresentOne) {
    directory.write("migrations/20200101000000_old.sql", "");
    const auto name = made("new");
    EXPECT_EQ(name.size(), std::string("20200101000000_new.sql").size());
    EXPECT_GT(name, "20250101000000");
}

TEST_F(CreateTest, TheDescriptionBecomesADirectiveAndTheFilesLoad) {
    const auto created = create(source, {"customers", "who buys\nand why"});
    const auto files = load({source}, {});
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(files[0].up.directives.description, "who buys and why");
    EXPECT_TRUE(fs::exists(created.down));
}

TEST_F(CreateTest, ANameWithoutLettersIsRefused) {
    try {
        create(source, {"!!!", ""});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::usage);
    }
}

}  // namespace
}  // namespace caisson::sources
