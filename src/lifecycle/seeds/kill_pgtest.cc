// SPDX-License-Identifier: Apache-2.0
// A program of its own: a fault point reads its environment once in a process, and only children
// that were forked before that can be given another one.
#include <cstdlib>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lifecycle/seeds/seeding_test.h"

namespace caisson::seeds {
namespace {

using KillTest = Seeding;

TEST_F(KillTest, KilledInTheMiddleItLeavesNothingAndTheNextRunFinishes) {
    sql("create table users (id int primary key, name text);"
        "create table orders (id int primary key, user_id int references users)");
    write("reference/users.csv", "id,name\n1,a\n2,b\n");
    write("reference/orders.csv", "id,user_id\n1,1\n2,1\n3,2\n");
    const auto seeds = load_all();
    for (const auto* fault : {"seed-file-applied:1", "seed-file-applied:2"}) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::setenv("CAISSON_FAULT", fault, 1);
            try {
                pg::Connection own(database_.settings());
                apply(own, seeds);
            } catch (...) {
            }
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        ASSERT_TRUE(WIFSIGNALED(status)) << fault;
        EXPECT_EQ(WTERMSIG(status), SIGKILL);
        EXPECT_EQ(one("select (select count(*) from users) + (select count(*) from "
                      "caisson.seed_files)"),
                  "0");
    }
    EXPECT_EQ(seed().total().inserted, 5U);
}

}  // namespace
}  // namespace caisson::seeds
