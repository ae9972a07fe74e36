// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/sum.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/error.h"
#include "tests/support/postgres.h"

namespace caisson::sources {
namespace {

using testing::HasSubstr;

class SumTest : public testing::Test {
 protected:
    SumTest() {
        write("001_a.sql", "select 1;\n");
        write("001_a.down.sql", "select 1;\n");
        write("002_b.sql", "select 2;\n");
        write("010_c.sql", "select 3;\n");
        directory_.write("migrations/caisson.sum", to_text(sum_of(source())));
    }
    platform::Source source() { return {"migrations", directory_.path() / "migrations", "plain"}; }
    void write(const std::string& name, std::string_view text) {
        directory_.write(fs::path("migrations") / name, text);
    }
    std::string complaint() {
        try {
            load({source()}, {});
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::migration_invalid);
            return error.message();
        }
        return "";
    }
    test::Directory directory_;
};

TEST_F(SumTest, HasEachFileOnceInTheOrderInWhichTheyApply) {
    const auto lines = sum_of(source());
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_EQ(lines[0].file, "001_a.sql");
    EXPECT_EQ(lines[1].file, "001_a.down.sql");
    EXPECT_EQ(lines[3].file, "010_c.sql");
    const auto first = sha256_hex("\n001_a.sql\n" + sha256_hex("select 1;\n") + "\n");
    EXPECT_EQ(lines[0].hash, first);
    EXPECT_EQ(lines[1].hash,
              sha256_hex(first + "\n001_a.down.sql\n" + sha256_hex("select 1;\n") + "\n"));
    std::vector<Mistake> mistakes;
    EXPECT_EQ(parse_sum(to_text(lines), "caisson.sum", mistakes), lines);
    EXPECT_TRUE(mistakes.empty());
    EXPECT_EQ(complaint(), "");
}

TEST_F(SumTest, LineEndsDoNotMatter) {
    write("002_b.sql", "\xEF\xBB\xBFselect 2;\r\n");
    EXPECT_EQ(complaint(), "");
}

TEST_F(SumTest, NamesTheFirstFileThatDiffersAndTheRemedy) {
    write("001_a.down.sql", "select 0;\n");
    write("010_c.sql", "select 0;\n");
    EXPECT_THAT(complaint(), HasSubstr("migrations/001_a.down.sql: was changed"));
    EXPECT_THAT(complaint(), HasSubstr("caisson migrate sum"));
    EXPECT_THAT(complaint(), testing::Not(HasSubstr("010_c.sql")));
}

TEST_F(SumTest, NamesFilesThatCameAndThatWent) {
    write("011_d.sql", "");
    EXPECT_THAT(complaint(), HasSubstr("migrations/011_d.sql: is not in caisson.sum"));
    write("003_late.sql", "");
    EXPECT_THAT(complaint(),
                HasSubstr("migrations/003_late.sql: is not in caisson.sum, and comes before "
                          "010_c.sql"));
    fs::remove(directory_.path() / "migrations/002_b.sql");
    fs::remove(directory_.path() / "migrations/003_late.sql");
    EXPECT_THAT(complaint(),
                HasSubstr("migrations/002_b.sql: is in caisson.sum, and is not there"));
}

TEST_F(SumTest, TellsAnotherOrderAndAMergeThatNobodySettled) {
    auto lines = sum_of(source());
    std::swap(lines[2], lines[3]);
    directory_.write("migrations/caisson.sum", to_text(lines));
    EXPECT_THAT(complaint(), HasSubstr("002_b.sql: is not in its place in caisson.sum, which has "
                                       "010_c.sql there"));
    directory_.write("migrations/caisson.sum", "<<<<<<< HEAD\n");
    EXPECT_THAT(complaint(), HasSubstr("migrations/caisson.sum:1: is in the middle of a merge"));
    directory_.write("migrations/caisson.sum", "001_a.sql zebra\n");
    EXPECT_THAT(complaint(), HasSubstr("is no line of a sum"));
}

TEST_F(SumTest, IsRenewedOnlyWhereThereIsOne) {
    write("011_d.sql", "");
    EXPECT_TRUE(renew_sum(source()));
    EXPECT_EQ(complaint(), "");
    fs::remove(directory_.path() / "migrations/caisson.sum");
    EXPECT_FALSE(renew_sum(source()));
    EXPECT_FALSE(fs::exists(directory_.path() / "migrations/caisson.sum"));
}

}  // namespace
}  // namespace caisson::sources
