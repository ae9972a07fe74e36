// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/postgres.h"
#include "trust/run_lock.h"

namespace caisson::trust {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

struct RunLockTest : testing::Test {
    RunLockTest() { connection.script("create schema caisson;" + leases_step().sql); }
    Error refusal(pg::Connection& by) {
        try {
            const RunLock lock(by, "work", 0ms);
        } catch (const Error& error) {
            return error;
        }
        return {Code::internal, "it was taken"};
    }
    test::Database database;
    pg::Connection connection{database.settings()};
    pg::Connection other{database.settings()};
};

TEST_F(RunLockTest, OnASessionOfItsOwnItIsALockOfTheSession) {
    {
        const RunLock lock(connection, "work", 0ms);
        EXPECT_FALSE(lock.is_pooled());
        EXPECT_EQ(lock.guard(), "");
        EXPECT_THAT(refusal(other).message(), HasSubstr("is held by postgres"));
    }
    const RunLock again(other, "work", 0ms);
}

TEST_F(RunLockTest, ALeaseThatSomebodyHoldsKeepsASessionOut) {
    connection.script(
        "insert into caisson.leases (name, token, holder, expires_at) values ('work', 7, "
        "'somebody', now() + interval '1 hour')");
    const auto error = refusal(other);
    EXPECT_EQ(error.code(), Code::locked);
    EXPECT_THAT(error.message(), HasSubstr("somebody through a pooler, since"));
    EXPECT_EQ(connection.query("select count(*) as n from pg_locks where locktype = 'advisory'")
                  .front()
                  .integer("n"),
              0);
    connection.script("update caisson.leases set expires_at = now() - interval '1 second'");
    const RunLock lock(other, "work", 0ms);
}

TEST_F(RunLockTest, ADatabaseWithoutLeasesNeedsNone) {
    connection.script("drop table caisson.leases");
    const RunLock lock(other, "work", 0ms);
}

}  // namespace
}  // namespace caisson::trust
