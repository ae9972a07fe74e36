// SPDX-License-Identifier: Apache-2.0
// A program of its own: a fault point reads its environment once in a process, and only children
// that were forked before that can be given another one.
#include <cstdlib>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lifecycle/scale/scaling_test.h"

namespace caisson::scale {
namespace {

using ScaleKillTest = Scaling;

constexpr const char* file_text = R"(
[tables.a]
rows = 45000
[tables.a.columns]
id = "sequence"
word = { make = "text", length = [1, 30] }
[tables.b.columns]
a_id = { make = "reference", to = "a.id", each = 1 }
)";

TEST_F(ScaleKillTest, KilledAnywhereTheNextRunMakesTheRestAndNothingTwice) {
    sql("create table a (id bigint primary key, word text); create table b (a_id bigint primary "
        "key "
        "references a)");
    const auto wanted = file(file_text);
    const std::string all = "select (select count(*) from a) || ' ' || (select count(*) from b)";
    const std::string tracked =
        "select coalesce(sum(c.rows), 0) from caisson.seed_scale_chunks c join "
        "caisson.seed_scale_tables t on t.id = c.scale where t.table_name = 'a'";
    for (const auto* const fault :
         {"scale-chunk-copied:1", "scale-chunk-made:1", "scale-chunk-copied:2",
          "scale-chunk-made:1", "scale-table-whole:1", "scale-chunk-copied:1"}) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::setenv("CAISSON_FAULT", fault, 1);
            try {
                apply([this] { return pg::Connection(database_.settings()); }, wanted, {});
            } catch (...) {
            }
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        ASSERT_TRUE(WIFSIGNALED(status)) << fault;
        EXPECT_EQ(WTERMSIG(status), SIGKILL);
        // What the server was still doing for the dead ends with their sessions.
        while (one("select count(*) from pg_stat_activity where datname = current_database() "
                   "and pid <> pg_backend_pid() and backend_type = 'client backend'") != "0") {
            ::usleep(1000);
        }
        EXPECT_EQ(one("select count(*) from a"), one(tracked)) << fault;
    }
    EXPECT_GT(std::stoi(one("select count(*) from a")), 0);
    const auto report = apply(connect(), wanted, {});
    EXPECT_EQ(one(all), "45000 45000");
    EXPECT_EQ(one(tracked), "45000");
    EXPECT_EQ(report.made(), 45000U * 2 - 45000U) << "a was whole before";
    EXPECT_EQ(take_back().kept_rows(), 0U);
    EXPECT_EQ(one(all), "0 0");
}

}  // namespace
}  // namespace caisson::scale
