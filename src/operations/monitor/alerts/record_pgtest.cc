// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "operations/monitor/alerts/record.h"
#include "operations/monitor/alerts/sample_alerts.h"
#include "tests/support/postgres.h"

namespace caisson::alerts {
namespace {

TEST(Records, AreOneRowAnAlertThatFollowsIt) {
    const test::Database database;
    pg::Connection connection(database.settings());
    connection.script(
        "create schema ops; create table ops.alerts (key uuid primary key, what text not null, "
        "severity text, state text, message text, labels jsonb, level_now double precision, "
        "began timestamptz, ended timestamptz, told text)");
    const platform::AlertTable table{.table = "ops.alerts",
                                     .columns = {{"id", "key"},
                                                 {"rule", "what"},
                                                 {"level", "severity"},
                                                 {"state", "state"},
                                                 {"summary", "message"},
                                                 {"labels", "labels"},
                                                 {"value", "level_now"},
                                                 {"began_at", "began"},
                                                 {"ended_at", "ended"},
                                                 {"deliveries", "told"}}};
    Clockwork clockwork;
    clockwork.judge(reading("databases.xid_used_percent", 60, {{"datname", "o'shop"}}));
    auto& alert = clockwork.book.alerts.at(0);
    alert.id = random_uuid();
    record(connection, table, fields_of(alert, clockwork.book, clockwork.rules, "p"));
    auto row = connection.query("select * from ops.alerts").front();
    EXPECT_EQ(row.text("what"), "databases_xid_used_percent");
    EXPECT_EQ(row.text("severity"), "warning");
    EXPECT_EQ(row.text("state"), "firing");
    EXPECT_EQ(row.text("labels"), R"({"datname": "o'shop"})");
    EXPECT_EQ(row.text("told"), "log");
    EXPECT_TRUE(row.is_null("ended"));

    alert.state = State::resolved;
    alert.ended = clockwork.now;
    record(connection, table, fields_of(alert, clockwork.book, clockwork.rules, "p"));
    const auto rows = connection.query("select * from ops.alerts");
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows.front().text("state"), "resolved");
    EXPECT_FALSE(rows.front().is_null("ended"));
}

}  // namespace
}  // namespace caisson::alerts
