// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "operations/monitor/alerts/outbox.h"
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
        "began timestamptz, ended timestamptz, told text, tries int, problem text)");
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
                                                 {"deliveries", "told"},
                                                 {"attempts", "tries"},
                                                 {"last_error", "problem"}}};
    Clockwork clockwork;
    clockwork.judge(reading("databases.xid_used_percent", 60, {{"datname", "o'shop"}}));
    auto& alert = clockwork.book.alerts.at(0);
    alert.id = random_uuid();
    clockwork.book.outbox.at(0).alerts = {alert.id};
    record(connection, table, fields_of(alert, clockwork.rules, "p"));
    auto row = connection.query("select * from ops.alerts").front();
    EXPECT_EQ(row.text("what"), "databases_xid_used_percent");
    EXPECT_EQ(row.text("severity"), "warning");
    EXPECT_EQ(row.text("state"), "firing");
    EXPECT_EQ(row.text("labels"), R"({"datname": "o'shop"})");
    EXPECT_EQ(row.text("told"), "") << "nobody has taken it yet";
    EXPECT_TRUE(row.is_null("ended"));

    // It is over, and its page is gone before that is recorded.
    const auto version = alert.version;
    failed(clockwork.book, due(clockwork.book, milliseconds(0)).at(0), "away", {});
    EXPECT_GT(alert.version, version) << "else nobody would record it";
    clockwork.book.receivers.at("log").pause = milliseconds(0);
    arrived(clockwork.book, due(clockwork.book, milliseconds(0)).at(0), {});
    record(connection, table, fields_of(alert, clockwork.rules, "p"));
    EXPECT_EQ(connection.query("select * from ops.alerts").front().text("told"), "log");
    const auto id = alert.id;
    clockwork.judge(reading("databases.xid_used_percent", 1, {{"datname", "o'shop"}}),
                    std::chrono::hours(1));
    ASSERT_TRUE(clockwork.book.pages.empty());
    const auto& over = clockwork.book.alerts.at(0);
    ASSERT_EQ(over.id, id);
    failed(clockwork.book, due(clockwork.book, milliseconds(0)).at(0), "away", {});
    record(connection, table, fields_of(over, clockwork.rules, "p"));
    const auto rows = connection.query("select * from ops.alerts");
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows.front().text("state"), "resolved");
    EXPECT_FALSE(rows.front().is_null("ended"));
    EXPECT_EQ(rows.front().text("told"), "log") << "who was told does not change by that";
    EXPECT_EQ(rows.front().integer("tries"), 3);
    EXPECT_EQ(rows.front().text("problem"), "away");
}

}  // namespace
}  // namespace caisson::alerts
