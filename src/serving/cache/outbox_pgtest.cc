// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/error.h"
#include "lifecycle/schema/snapshot.h"
#include "serving/cache/outbox.h"
#include "tests/support/postgres.h"

namespace caisson::cache {
namespace {

class OutboxTest : public testing::Test {
 protected:
    OutboxTest() : connection_(database_.settings()) {
        trust::install_catalogue(connection_, {trust::identity_step(), outbox_step()});
        connection_.script(
            "create table businesses (id bigint primary key, name text);"
            "create table rates (currency text primary key, rate numeric)");
    }
    std::vector<std::string> outbox() {
        std::vector<std::string> rows;
        for (const auto row : connection_.query(
                 "select table_name || ' ' || coalesce(rows::text, 'unknown') as text from "
                 "caisson.cache_outbox order by id")) {
            rows.emplace_back(row.text("text"));
        }
        connection_.query("delete from caisson.cache_outbox");
        return rows;
    }
    void watch(const std::vector<WatchedTable>& tables) {
        apply(connection_, plan_triggers(connection_, tables));
    }
    test::Database database_;
    pg::Connection connection_;
};

using Rows = std::vector<std::string>;

TEST_F(OutboxTest, AStatementSaysWhichRowsItChanged) {
    watch({{"businesses", {"id"}}, {"rates", {}}});
    connection_.query("insert into businesses select i, 'b' from generate_series(1, 3) i");
    EXPECT_EQ(outbox(), Rows{"businesses {\"id\": [\"1\", \"2\", \"3\"]}"});
    connection_.query("update businesses set id = 30, name = 'c' where id = 3");
    EXPECT_EQ(outbox(), Rows{"businesses {\"id\": [\"3\", \"30\"]}"});
    connection_.query("delete from businesses where id = 1");
    EXPECT_EQ(outbox(), Rows{"businesses {\"id\": [\"1\"]}"});
    connection_.query("update businesses set name = 'x' where id = 4711");
    connection_.query("delete from rates");
    EXPECT_EQ(outbox(), Rows{});
    connection_.query("insert into rates values ('EUR', 1)");
    EXPECT_EQ(outbox(), Rows{"rates {}"});
    connection_.query("truncate businesses");
    EXPECT_EQ(outbox(), Rows{"businesses unknown"});
}

TEST_F(OutboxTest, ManyRowsAreToldAsAll) {
    watch({{"businesses", {"id"}}});
    connection_.query("insert into businesses select i, 'b' from generate_series(1, 5000) i");
    EXPECT_EQ(outbox(), Rows{"businesses unknown"});
}

TEST_F(OutboxTest, AColumnThatWentRefusesNoWrite) {
    watch({{"businesses", {"name"}}});
    connection_.query("alter table businesses rename column name to title");
    connection_.query("insert into businesses values (1, 'b')");
    EXPECT_EQ(outbox(), Rows{"businesses unknown"});
}

TEST_F(OutboxTest, WhoMayWriteTheTableNeedsNoRightsBeyond) {
    watch({{"businesses", {"id"}}});
    connection_.script(
        "drop role if exists outbox_writer; create role outbox_writer;"
        "grant insert on businesses to outbox_writer; set role outbox_writer;"
        "insert into businesses values (1, 'b'); reset role");
    EXPECT_EQ(outbox(), Rows{"businesses {\"id\": [\"1\"]}"});
    connection_.script("drop owned by outbox_writer; drop role outbox_writer");
}

TEST_F(OutboxTest, ThePlanIsEmptyOnceDoneAndMendsWhatChanged) {
    watch({{"businesses", {"id"}}, {"rates", {}}});
    EXPECT_TRUE(plan_triggers(connection_, {{"businesses", {"id"}}, {"rates", {}}}).is_empty());
    const auto other = plan_triggers(connection_, {{"businesses", {"id", "name"}}});
    EXPECT_EQ(other.missing, Rows{"businesses"});
    EXPECT_EQ(other.superfluous, Rows{"rates"});
    apply(connection_, other);
    EXPECT_TRUE(plan_triggers(connection_, {{"businesses", {"id", "name"}}}).is_empty());
    connection_.query("drop trigger caisson_cache_update on businesses");
    EXPECT_EQ(plan_triggers(connection_, {{"businesses", {"id", "name"}}}).missing,
              Rows{"businesses"});
    apply(connection_, plan_triggers(connection_, {}));
    EXPECT_EQ(connection_.query("select from pg_trigger where not tgisinternal").size(), 0U);
}

TEST_F(OutboxTest, ATableThatIsNotThereIsAMistake) {
    try {
        plan_triggers(connection_, {{"busineses", {"id"}}});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::platform_invalid);
        EXPECT_NE(error.message().find("busineses"), std::string::npos);
    }
}

TEST_F(OutboxTest, TheTriggersAreNoPartOfTheStructure) {
    const auto before = schema::snapshot(connection_);
    watch({{"businesses", {"id"}}, {"rates", {}}});
    EXPECT_EQ(schema::hash(schema::snapshot(connection_)), schema::hash(before));
}

}  // namespace
}  // namespace caisson::cache
