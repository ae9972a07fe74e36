// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "drivers/pg/columns.h"
#include "drivers/pg/connection.h"
#include "drivers/pg/rows.h"
#include "tests/support/postgres.h"

namespace caisson::pg {
namespace {

/// Keys that the server always numbers, which an UPDATE cannot set to a value.
class UpsertTest : public testing::Test {
 protected:
    UpsertTest() {
        connection.script(
            "create table noted (id bigint generated always as identity primary key, kept text, "
            "note text, removed_at timestamptz);"
            "create table bare (id bigint generated always as identity primary key)");
    }
    Rows upsert(std::int64_t id, std::optional<std::string> note) {
        Columns columns;
        columns.add("\"id\"", "bigint", id);
        columns.add_nullable("\"kept\"", "text", std::optional<std::string>());
        columns.add_nullable("\"note\"", "text", note);
        const auto query = columns.upsert(
            "\"public\".\"noted\"", "overriding system value", {"\"id\""}, {"\"kept\""}, "",
            "\"public\".\"noted\".\"removed_at\" is null", "returning \"id\", \"note\"");
        return connection.fetch(query.statement, query.arguments);
    }
    Rows upsert_bare(std::int64_t id, const std::string& condition = {}) {
        Columns columns;
        columns.add("\"id\"", "bigint", id);
        const auto query = columns.upsert("\"public\".\"bare\"", "overriding system value",
                                          {"\"id\""}, {}, "", condition, "returning \"id\"");
        return connection.fetch(query.statement, query.arguments);
    }

    test::Database database;
    Connection connection{database.settings()};
};

TEST_F(UpsertTest, ARowWhoseKeyIsNumberedAlwaysIsGivenBackAsItIs) {
    EXPECT_EQ(upsert(7, "x").front().get<std::string>(1), "x");
    const auto again = upsert(7, {});
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again.front().get<std::int64_t>(0), 7);
    EXPECT_EQ(again.front().get<std::string>(1), "x");
    EXPECT_EQ(upsert(7, "y").front().get<std::string>(1), "y");
    connection.query("update noted set removed_at = now()");
    EXPECT_TRUE(upsert(7, {}).empty());
}

TEST_F(UpsertTest, SoIsOneThatIsNothingButItsKey) {
    for (int turn = 0; turn < 2; ++turn) {
        const auto rows = upsert_bare(7);
        ASSERT_EQ(rows.size(), 1U);
        EXPECT_EQ(rows.front().get<std::int64_t>(0), 7);
    }
    EXPECT_TRUE(upsert_bare(7, "false").empty());
    EXPECT_EQ(connection.query("select from bare").size(), 1U);
}

}  // namespace
}  // namespace caisson::pg
