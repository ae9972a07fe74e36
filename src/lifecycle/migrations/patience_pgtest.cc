// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/migrations/workbench.h"

namespace caisson::migrations {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

/// A table that another session holds.
class PatienceTest : public testing::Test, protected Workbench {
 protected:
    PatienceTest() {
        options.rules.lock_timeout = 60ms;
        options.rules.lock_retries = 3;
        write("001_a.sql", "create table a(i int);");
        up();
        auto settings = database.settings();
        settings.application = "the other one";
        other.emplace(settings);
        other->script("begin; lock table a");
        options.on_blocked = [this](const Step&, const std::string& who, int attempt) {
            attempts = attempt;
            blockers = who;
            if (attempt == gives_way_at) {
                other->script("rollback");
            }
        };
    }
    std::optional<pg::Connection> other;
    int attempts = 0;
    int gives_way_at = 0;
    std::string blockers;
};

TEST_F(PatienceTest, ATransactionIsTriedAgainUntilTheTableIsFree) {
    write("002_b.sql", "create table b(i int);\nalter table a add column j int;");
    gives_way_at = 2;
    EXPECT_EQ(up().applied.size(), 1U);
    EXPECT_EQ(attempts, 2);
    EXPECT_THAT(blockers, HasSubstr("the other one of postgres, idle in transaction since"));
    EXPECT_EQ(history(), "001:applied 002:applied");
}

TEST_F(PatienceTest, ItEndsAfterSoManyAttemptsAndNamesWhoHoldsTheLock) {
    write("002_b.sql", "create table b(i int);\nalter table a add column j int;");
    const auto error = refusal([&] { up(); });
    EXPECT_EQ(error.code(), Code::locked);
    EXPECT_THAT(error.message(), HasSubstr("002_b.sql:2:1"));
    EXPECT_THAT(error.message(), HasSubstr("tried 4 times"));
    EXPECT_THAT(error.message(), HasSubstr("lock table a"));
    EXPECT_EQ(ask("select to_regclass('b') is null"), "t");
    EXPECT_EQ(history(), "001:applied");
}

TEST_F(PatienceTest, AWholeRunBeginsAgainWithItsFirstFile) {
    write("002_b.sql", "create table b(i int);");
    write("003_c.sql", "alter table a add column j int;");
    gives_way_at = 1;
    UpRequest request;
    request.rules.transaction = platform::TransactionScope::run;
    EXPECT_EQ(up(request).applied.size(), 2U);
    EXPECT_EQ(history(), "001:applied 002:applied 003:applied");
}

TEST_F(PatienceTest, OutsideATransactionOnlyTheStatementIsTriedAgain) {
    write("002_b.sql",
          "-- caisson: no-transaction\ncreate temp table mine(i int);\ninsert into mine values "
          "(1);\nalter table a add column j int;\ninsert into mine values (2);");
    gives_way_at = 2;
    EXPECT_EQ(up().applied.size(), 1U);
    EXPECT_EQ(attempts, 2);
}

TEST_F(PatienceTest, AFilesOwnTransactionBeginsAgainAndWhatItCommittedStays) {
    write("002_b.sql",
          "create table b(i int);\ncommit;\nbegin;\ninsert into b values (1);\n"
          "alter table a add column j int;\ncommit;\nbegin;\ninsert into b values (2);\ncommit;");
    gives_way_at = 1;
    EXPECT_EQ(up().applied.size(), 1U);
    EXPECT_EQ(ask("select count(*) from b"), "2");
}

TEST_F(PatienceTest, AnIndexBuiltConcurrentlyWaitsAsLongAsItTakes) {
    write("002_b.sql", "create index concurrently a_i on a(i);");
    connection.script("set lock_timeout = '10ms'");
    std::thread later([&] {
        while (ask("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query "
                   "like 'create index%'") == "0") {
            std::this_thread::yield();
        }
        std::this_thread::sleep_for(200ms);
        other->script("rollback");
    });
    const auto applied = up().applied.size();
    later.join();
    EXPECT_EQ(applied, 1U);
    EXPECT_EQ(attempts, 0);
    EXPECT_EQ(ask("select indisvalid from pg_index where indexrelid = 'a_i'::regclass"), "t");
}

TEST_F(PatienceTest, AFileMaySayHowLongItWaits) {
    write("002_b.sql", "-- caisson: lock-timeout 10s\nalter table a add column j int;");
    std::thread later([&] {
        while (ask("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query "
                   "like '%alter table a add column j%' and pid <> pg_backend_pid()") == "0") {
            std::this_thread::yield();
        }
        // Longer than the patience of a file that says nothing.
        std::this_thread::sleep_for(700ms);
        other->script("rollback");
    });
    EXPECT_EQ(up().applied.size(), 1U);
    later.join();
    EXPECT_EQ(attempts, 0);
}

}  // namespace
}  // namespace caisson::migrations
