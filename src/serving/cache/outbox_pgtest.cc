// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/error.h"
#include "lifecycle/schema/snapshot.h"
#include "serving/cache/outbox.h"
#include "serving/cache/registry.h"
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

/// Under repeatable read a row that somebody else deleted meanwhile is an error: one in a thousand
/// writes cleans, and these do until one met it.
TEST_F(OutboxTest, CleaningRefusesNoWrite) {
    watch({{"businesses", {"id"}}});
    connection_.query(
        "insert into caisson.cache_outbox (at, table_name) select now() - interval '2 hours', 'x' "
        "from generate_series(1, 20)");
    pg::Connection other(database_.settings());
    connection_.query("begin isolation level repeatable read");
    connection_.query("select count(*) from caisson.cache_outbox");
    other.query("delete from caisson.cache_outbox where table_name = 'x'");
    connection_.script(
        "do $$ begin for i in 1 .. 12000 loop insert into businesses values (i); end loop; end $$");
    connection_.query("commit");
    EXPECT_EQ(connection_.query("select from businesses").size(), 12'000U);
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

/// Of other types a value is written in several ways, and a key would not have the row's tag.
TEST_F(OutboxTest, ColumnsThatDoNotTellRowsByTheirTextAreRefused) {
    connection_.script(
        "create collation if not exists any_case (provider = icu, locale = 'und-u-ks-level2', "
        "deterministic = false);"
        "create table kinds (a smallint, b int, c bigint, d uuid, e text, f varchar(9), "
        "bad_a char(4), bad_b numeric(9,2), bad_c timestamptz, bad_d date, bad_e float8, "
        "bad_f text collate any_case, bad_g bool)");
    EXPECT_EQ(plan_triggers(connection_, {{"kinds", {"a", "b", "c", "d", "e", "f"}}}).missing,
              Rows{"kinds"});
    for (const char* column :
         {"bad_a", "bad_b", "bad_c", "bad_d", "bad_e", "bad_f", "bad_g", "not_there"}) {
        try {
            plan_triggers(connection_, {{"kinds", {"a", column}}});
            FAIL() << column;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::platform_invalid);
            EXPECT_NE(error.message().find(column), std::string::npos);
        }
    }
}

TEST_F(OutboxTest, RowsAreToldAsKeysHaveThem) {
    connection_.script("create table kinds (a uuid, b bigint)");
    watch({{"kinds", {"a", "b"}}});
    connection_.query("insert into kinds values ('{0A0B0C0D-1E1F-4000-8000-00000000FFEE}', '007')");
    EXPECT_EQ(outbox(),
              Rows{"kinds {\"a\": [\"" + canonical_value("{0A0B0C0D-1E1F-4000-8000-00000000FFEE}") +
                   "\"], \"b\": [\"" + canonical_value("007") + "\"]}"});
}

TEST_F(OutboxTest, ADisabledTriggerIsAMissingOneAndEachChangeShows) {
    const std::vector<WatchedTable> tables = {{"businesses", {"id"}}};
    watch(tables);
    const auto first = plan_triggers(connection_, tables);
    connection_.query("alter table businesses disable trigger caisson_cache_update");
    EXPECT_EQ(plan_triggers(connection_, tables).missing, Rows{"businesses"});
    connection_.query("alter table businesses enable trigger caisson_cache_update");
    const auto second = plan_triggers(connection_, tables);
    EXPECT_TRUE(second.is_empty());
    EXPECT_NE(second.fingerprint, first.fingerprint);
    EXPECT_EQ(plan_triggers(connection_, tables).fingerprint, second.fingerprint);
    connection_.query("alter table businesses alter column id type numeric");
    connection_.query("alter table businesses alter column id type bigint");
    const auto third = plan_triggers(connection_, tables);
    EXPECT_TRUE(third.is_empty());
    EXPECT_NE(third.fingerprint, second.fingerprint);
    connection_.query("alter table businesses enable replica trigger caisson_cache_delete");
    EXPECT_EQ(plan_triggers(connection_, tables).missing, Rows{"businesses"});
}

TEST_F(OutboxTest, TheFunctionOfAnEarlierBuildIsReplaced) {
    watch({{"rates", {}}});
    connection_.script(
        "create or replace function caisson.cache_note() returns trigger language plpgsql as "
        "'begin return null; end'");
    connection_.query("insert into rates values ('EUR', 1)");
    EXPECT_EQ(outbox(), Rows{});
    trust::install_catalogue(connection_, {trust::identity_step(), outbox_step(), note_step()});
    connection_.query("insert into rates values ('USD', 1)");
    EXPECT_EQ(outbox(), Rows{"rates {}"});
    EXPECT_TRUE(plan_triggers(connection_, {{"rates", {}}}).is_empty());
    EXPECT_EQ(connection_
                  .query("select prosecdef::int as definer from pg_proc where oid = "
                         "'caisson.cache_note'::regproc")
                  .front()
                  .integer("definer"),
              1);
}

TEST_F(OutboxTest, ATableThatSomebodyHoldsIsNotWaitedForAndTheOthersAreDone) {
    pg::Connection other(database_.settings());
    pg::Transaction transaction(other);
    other.query("lock table rates in access exclusive mode");
    const std::vector<WatchedTable> tables = {{"businesses", {"id"}}, {"rates", {}}};
    EXPECT_THROW(
        apply(connection_, plan_triggers(connection_, tables), std::chrono::milliseconds(20)),
        Error);
    EXPECT_EQ(plan_triggers(connection_, tables).missing, Rows{"rates"});
}

TEST_F(OutboxTest, ATableOfTheSameNameInAnotherDatabaseIsWatchedAsAWholeThere) {
    const std::vector<WatchedTable> tables{{"businesses", {"email_key"}}};
    test::Database other;
    pg::Connection elsewhere(other.settings());
    trust::install_catalogue(elsewhere, {trust::identity_step(), outbox_step()});
    elsewhere.script("create table businesses (email_key text)");
    auto here = plan_triggers(connection_, tables, Absent::left_out);
    const auto there = plan_triggers(elsewhere, tables, Absent::left_out);
    require_tables({here, there});
    EXPECT_THROW(require_tables({here}), Error);
    EXPECT_THROW(require_columns({here}), Error);
    EXPECT_THROW(plan_triggers(connection_, tables), Error);
    apply(connection_, here);
    here = plan_triggers(connection_, tables, Absent::left_out);
    EXPECT_TRUE(here.is_empty());
    EXPECT_TRUE(here.missing.empty());
    connection_.query("insert into businesses values (1, 'b')");
    EXPECT_EQ(outbox(), Rows{"businesses unknown"});
    // A column of a type that tells no rows, likewise.
    connection_.script("alter table businesses add email_key numeric");
    here = plan_triggers(connection_, tables, Absent::left_out);
    require_tables({there, here});
    EXPECT_TRUE(here.is_empty());
    connection_.script("alter table businesses alter email_key type text");
    here = plan_triggers(connection_, tables, Absent::left_out);
    EXPECT_EQ(here.missing, Rows{"businesses"});
    EXPECT_TRUE(here.mistaken.empty());
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
