// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "drivers/pg/connection.h"
#include "tests/support/postgres.h"

namespace caisson::pg {
namespace {

class ConnectionTest : public testing::Test {
 protected:
    test::Database database_;
    Connection connection_{database_.settings()};
};

TEST_F(ConnectionTest, BindsParametersAndReadsTypes) {
    const auto result = connection_.query(
        "select $1::int + 1 as n, $2::text as t, $3::text as nothing, true as yes, 1.5::float8 as "
        "r",
        {41, "it's", std::nullopt});
    ASSERT_EQ(result.size(), 1U);
    const auto row = result.front();
    EXPECT_EQ(row.integer("n"), 42);
    EXPECT_EQ(row.text("t"), "it's");
    EXPECT_TRUE(row.is_null("nothing"));
    EXPECT_EQ(row.optional("nothing"), std::nullopt);
    EXPECT_TRUE(row.boolean("yes"));
    EXPECT_DOUBLE_EQ(row.real("r"), 1.5);
}

TEST_F(ConnectionTest, AScriptIsOneTransactionAndCountsWhatSucceeded) {
    try {
        connection_.script(
            "create table t(i int); insert into t values (1); insert into t values ('x');");
        FAIL();
    } catch (const DatabaseError& error) {
        EXPECT_EQ(error.sqlstate, "22P02");
        ASSERT_TRUE(error.position);
    }
    EXPECT_EQ(connection_.query("select to_regclass('t') is null as gone").front().text("gone"),
              "t");
    try {
        connection_.script("select 1; select 1/0;");
        FAIL();
    } catch (const DatabaseError& error) {
        EXPECT_EQ(error.statement, 1U);
        EXPECT_TRUE(error.is("22"));
    }
}

TEST_F(ConnectionTest, CopiesBothWaysAndFailsACopyWhoseSourceThrows) {
    connection_.query("create table t(i int)");
    int left = 1000;
    std::string chunk;
    const auto rows = connection_.copy_in("copy t from stdin", [&]() -> std::string_view {
        chunk = left-- > 0 ? std::to_string(left) + "\n" : "";
        return chunk;
    });
    EXPECT_EQ(rows, 1000U);
    EXPECT_THROW(connection_.copy_in("copy t from stdin",
                                     []() -> std::string_view { throw Error(Code::usage, "x"); }),
                 Error);
    EXPECT_EQ(connection_.query("select count(*) as n from t").front().integer("n"), 1000);
    std::size_t bytes = 0;
    EXPECT_EQ(connection_.copy_out("copy t to stdout",
                                   [&](std::string_view row) { bytes += row.size(); }),
              1000U);
    EXPECT_GT(bytes, 1000U);
}

TEST_F(ConnectionTest, ACopyThatFailsOnTheWayLeavesTheConnectionUsable) {
    std::size_t lines = 0;
    try {
        connection_.copy_out("copy (select 1 / (3 - n) from generate_series(1, 5) n) to stdout",
                             [&](std::string_view) { ++lines; });
        FAIL() << "it divides by zero";
    } catch (const DatabaseError& error) {
        EXPECT_EQ(error.sqlstate, "22012");
    }
    EXPECT_EQ(lines, 2U);
    EXPECT_EQ(connection_.query("select 1 as one").front().text("one"), "1");
}

TEST_F(ConnectionTest, ACopyWhereNoneIsAskedForEndsAndTheConnectionLives) {
    connection_.query("create table t(i int)");
    EXPECT_THROW(connection_.query("copy t from stdin"), DatabaseError);
    EXPECT_THROW(connection_.script("copy t from stdin; select 1"), DatabaseError);
    connection_.query("copy t to stdout");
    EXPECT_EQ(connection_.query("select 1 as n").front().integer("n"), 1);
}

TEST_F(ConnectionTest, ATransactionThatIsNotCommittedLeavesNothing) {
    connection_.query("create table t(i int)");
    {
        const Transaction transaction(connection_);
        connection_.query("insert into t values (1)");
    }
    EXPECT_FALSE(connection_.in_transaction());
    EXPECT_EQ(connection_.query("select count(*) as n from t").front().integer("n"), 0);
}

TEST_F(ConnectionTest, KeepsNotices) {
    connection_.script("do $$ begin raise warning 'look here'; end $$");
    const auto notices = connection_.take_notices();
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_EQ(notices[0].severity, "WARNING");
    EXPECT_EQ(notices[0].message, "look here");
}

TEST_F(ConnectionTest, ABrokenConnectionSaysSo) {
    Connection other(database_.settings());
    other.query("select pg_terminate_backend($1)", {connection_.backend_process()});
    try {
        connection_.query("select 1");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::cannot_connect);
    }
}

TEST_F(ConnectionTest, AWrongPasswordIsRefusedWithoutRepeatingIt) {
    auto settings = database_.settings();
    settings.password = Secret("wrong-and-secret");
    try {
        const Connection refused(settings);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::cannot_connect);
        EXPECT_EQ(error.message().find("wrong-and-secret"), std::string::npos);
    }
}

TEST_F(ConnectionTest, SessionSettingsHoldFromTheStart) {
    auto settings = database_.settings();
    settings.session = {{"my.setting", "with space \\ and more"}};
    Connection connection(settings);
    EXPECT_EQ(
        connection.query("select current_setting('my.setting') as value").front().text("value"),
        "with space \\ and more");
}

}  // namespace
}  // namespace caisson::pg
