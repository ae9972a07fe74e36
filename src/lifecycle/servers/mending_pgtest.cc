// SPDX-License-Identifier: Apache-2.0
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/servers/cluster.h"
#include "lifecycle/servers/processes.h"
#include "tests/support/private_state.h"

namespace caisson::servers {
namespace {

using namespace std::chrono_literals;
using testing::AnyOf;
using testing::HasSubstr;

constexpr auto child_state = "CAISSON_TEST_STATE";

/// Not a test of its own: what the tests below run in a process that they kill.
TEST(DISABLED_Child, StartsAndStops) {
    const trust::Run run = run_at(std::getenv(child_state));
    start(run);
    stop(run);
}

/// `start` and `stop` in a process that kills itself at the fault point.
Finished killed_at(const PrivateState& state, const std::string& point) {
    return run({{fs::read_symlink("/proc/self/exe"), "--gtest_also_run_disabled_tests",
                 "--gtest_filter=DISABLED_Child.StartsAndStops"},
                {{"CAISSON_FAULT", point}, {child_state, state.directory()}},
                {},
                {},
                {}},
               60s);
}

class KilledAt : public testing::TestWithParam<const char*> {};

TEST_P(KilledAt, TheNextStartSucceedsAndLeavesNothingHalfMade) {
    const PrivateState state;
    const auto killed = killed_at(state, GetParam());
    ASSERT_EQ(killed.status, 137) << killed.output;
    start(state.run);
    for (const auto& one : status(state.run)) {
        EXPECT_TRUE(one.answering) << one.detail;
    }
    for (const auto& entry :
         fs::directory_iterator(state.run.state.postgres_data().parent_path())) {
        EXPECT_THAT(entry.path().filename().string(),
                    AnyOf("data", "postgres.log", "server.crt", "server.key"));
    }
    auto connection = connect(state.run);
    connection.query("create table t as select 1");
    stop(state.run);
    const auto back = start(state.run);
    EXPECT_EQ(notes_of(back[0]), "started: ");
    EXPECT_EQ(connect(state.run).query("select * from t").size(), 1U);
}

TEST(Mending, FilesThatAKilledRunHadBegunToWriteAreRemoved) {
    const PrivateState state;
    start(state.run);
    const pid_t dead = caisson::start({{"true"}, {}, {}, {}, {}}, state.directory() / "log");
    ASSERT_TRUE(wait_until_gone(dead, 5s));
    const auto secrets = state.run.state.secrets();
    write_file(secrets / fmt::format("pgpass.{}.new", dead), "secret");
    write_file(secrets / fmt::format("pgpass.{}.new", ::getpid()), "still being written");
    start(state.run);
    EXPECT_FALSE(fs::exists(secrets / fmt::format("pgpass.{}.new", dead)));
    EXPECT_TRUE(fs::exists(secrets / fmt::format("pgpass.{}.new", ::getpid())));
}

TEST(Mending, SecretsThatOthersCouldReadAreClosedAgain) {
    const PrivateState state;
    start(state.run);
    fs::permissions(state.run.state.passfile(), fs::perms::others_read, fs::perm_options::add);
    const auto again = start(state.run);
    EXPECT_EQ(fs::status(state.run.state.passfile()).permissions(),
              fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_NE(notes_of(again[0]).find("others could read the secrets in pgpass"),
              std::string::npos);
    EXPECT_EQ(connect(state.run).query("select 1").size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(EveryStep, KilledAt,
                         testing::Values("state-prepared", "redis-launched", "redis-started",
                                         "initdb-done", "data-directory-made", "postgres-launched",
                                         "data-directory-confirmed", "postgres-started"));

TEST(Mending, AnInitdbThatOutlivesItsKilledRunIsEnded) {
    const PrivateState state;
    // The child dies at an arbitrary moment, most probably within initdb.
    const Command child{{fs::read_symlink("/proc/self/exe"), "--gtest_also_run_disabled_tests",
                         "--gtest_filter=DISABLED_Child.StartsAndStops"},
                        {{child_state, state.directory()}},
                        {},
                        {},
                        {}};
    const pid_t process = caisson::start(child, state.directory() / "child.log");
    const auto home = state.run.state.postgres_data().parent_path();
    const auto is_making = [&] {
        std::error_code none;
        for (const auto& entry : fs::directory_iterator(home, none)) {
            if (fs::exists(entry.path() / "PG_VERSION", none)) {
                return entry.path().filename() != "data";
            }
        }
        return false;
    };
    for (int i = 0; i < 5000 && !is_making(); ++i) {
        std::this_thread::sleep_for(1ms);
    }
    ASSERT_TRUE(is_making());
    ::kill(process, SIGKILL);
    wait_until_gone(process, 5s);
    const auto started = start(state.run);
    EXPECT_THAT(notes_of(started[0]), HasSubstr("a half-made data directory was removed"));
    EXPECT_TRUE(status(state.run)[0].answering);
}

TEST(Mending, ADataDirectoryThatMayNotHaveReachedTheDiskIsMadeAnewAfterAReboot) {
    const PrivateState state;
    ASSERT_EQ(killed_at(state, "data-directory-made").status, 137);
    write_file(state.run.state.postgres_data().parent_path() / "data.unconfirmed", "another boot",
               0600, state.run.account);
    // What a crash may leave: a file without its contents.
    write_file(state.run.state.postgres_data() / "global" / "pg_control", "", 0600,
               state.run.account);
    const auto started = start(state.run);
    EXPECT_THAT(notes_of(started[0]), HasSubstr("the machine went down"));
    EXPECT_TRUE(status(state.run)[0].answering);
}

TEST(Mending, AKilledPostmasterIsReplacedAndLosesNothing) {
    const PrivateState state;
    const auto first = start(state.run);
    auto busy = connect(state.run);
    busy.query("create table t as select generate_series(1, 1000) as i");
    // A backend that computes does not notice that its postmaster is gone.
    std::jthread computing([&] {
        try {
            busy.query("select count(*) from generate_series(1, 2000000000)");
        } catch (const Error&) {
        }
    });
    const auto is_busy = [&] {
        return connect(state.run)
                   .query(
                       "select 1 from pg_stat_activity where state = 'active' and query like "
                       "'select count%'")
                   .size() == 1;
    };
    for (int i = 0; i < 1000 && !is_busy(); ++i) {
        std::this_thread::sleep_for(5ms);
    }
    ::kill(first[0].process, SIGKILL);
    wait_until_gone(first[0].process, 5s);
    EXPECT_EQ(status(state.run)[0].detail, "not running");
    const auto second = start(state.run);
    EXPECT_EQ(second[0].outcome, Outcome::mended);
    EXPECT_THAT(notes_of(second[0]), HasSubstr("outlived a killed server"));
    EXPECT_THAT(notes_of(second[0]), HasSubstr("stale postmaster.pid"));
    EXPECT_THAT(notes_of(second[0]), HasSubstr("recovered its data"));
    EXPECT_EQ(connect(state.run).query("select count(*) as n from t").front().integer("n"), 1000);
}

TEST(Mending, APidFileThatNamesAnotherProgramIsStaleAndTheProgramUnharmed) {
    const PrivateState state;
    start(state.run);
    stop(state.run);
    const auto account = state.run.account;
    const pid_t innocent =
        caisson::start({{"sleep", "60"}, {}, {}, account, {}}, state.directory() / "log");
    write_file(
        state.run.state.postgres_data() / "postmaster.pid",
        fmt::format("{}\n{}\n1\n5432\n{}\n\n  1  1\nready   \n", innocent,
                    state.run.state.postgres_data().string(), state.run.state.sockets.string()),
        0600, account);
    write_file(state.run.state.sockets / ".s.PGSQL.5432.lock", fmt::format("{}\n", innocent), 0600,
               account);
    write_file(state.run.state.sockets / ".s.PGSQL.5432", "", 0600, account);
    write_file(state.run.state.redis_socket(), "", 0600, account);
    const auto started = start(state.run);
    EXPECT_THAT(notes_of(started[0]), HasSubstr("stale postmaster.pid"));
    EXPECT_THAT(notes_of(started[0]), HasSubstr("stale sockets"));
    EXPECT_THAT(notes_of(started[1]), HasSubstr("stale socket"));
    EXPECT_TRUE(is_alive(innocent));
    ::kill(innocent, SIGKILL);
    wait_until_gone(innocent, 5s);
}

TEST(Mending, AnEmptyPidFileDoesNotStopTheNextStart) {
    const PrivateState state;
    start(state.run);
    stop(state.run);
    write_file(state.run.state.postgres_data() / "postmaster.pid", "", 0600, state.run.account);
    EXPECT_EQ(start(state.run)[0].outcome, Outcome::mended);
}

TEST(Mending, AKilledRedisComesBackWithItsData) {
    const PrivateState state;
    const auto first = start(state.run);
    redis::Connection(redis_of(state.run)).command({"SET", "k", "v"});
    ::kill(first[1].process, SIGKILL);
    wait_until_gone(first[1].process, 5s);
    const auto second = start(state.run);
    EXPECT_EQ(second[0].outcome, Outcome::was_running);
    EXPECT_EQ(second[1].outcome, Outcome::mended);
    EXPECT_EQ(redis::Connection(redis_of(state.run)).command({"GET", "k"}).text(), "v");
}

TEST(Mending, ATruncatedLogOfRedisIsLoadedUpToItsLastWholeCommand) {
    const PrivateState state;
    start(state.run);
    {
        redis::Connection redis(redis_of(state.run));
        redis.command({"SET", "first", "1"});
        redis.command({"SET", "second", "2"});
    }
    stop(state.run);
    fs::path log;
    for (const auto& entry : fs::recursive_directory_iterator(state.run.state.redis_directory())) {
        if (entry.path().string().ends_with(".incr.aof")) {
            log = entry.path();
        }
    }
    ASSERT_FALSE(log.empty());
    fs::resize_file(log, fs::file_size(log) - 3);
    const auto started = start(state.run);
    EXPECT_THAT(notes_of(started[1]), HasSubstr("incomplete command"));
    redis::Connection redis(redis_of(state.run));
    EXPECT_EQ(redis.command({"GET", "first"}).text(), "1");
    EXPECT_TRUE(redis.command({"GET", "second"}).is_nothing());
}

TEST(Mending, ALostPassfileIsMadeAnew) {
    const PrivateState state;
    start(state.run);
    connect(state.run).query("create table t as select 1");
    fs::remove(state.run.state.passfile());
    const auto started = start(state.run);
    EXPECT_THAT(notes_of(started[0]), HasSubstr("password"));
    EXPECT_EQ(connect(state.run).query("select * from t").size(), 1U);
}

TEST(Mending, ALostPasswordOfRedisOrAMovedSocketNeedsNoMoreThanARestart) {
    const PrivateState state;
    start(state.run);
    redis::Connection(redis_of(state.run)).command({"SET", "k", "v"});
    fs::remove(state.run.state.redis_password());
    EXPECT_THAT(notes_of(start(state.run)[1]), HasSubstr("its password was lost"));
    EXPECT_EQ(redis::Connection(redis_of(state.run)).command({"GET", "k"}).text(), "v");
    auto moved = state.run;
    moved.state.sockets = state.directory() / "elsewhere";
    const auto started = start(moved);
    EXPECT_THAT(notes_of(started[0]), HasSubstr("its sockets moved"));
    EXPECT_THAT(notes_of(started[1]), HasSubstr("its socket moved"));
    EXPECT_TRUE(status(moved)[0].answering);
    EXPECT_EQ(redis::Connection(redis_of(moved)).command({"GET", "k"}).text(), "v");
}

TEST(Mending, ADamagedDataDirectoryIsRefusedAndNotTouched) {
    const PrivateState state;
    start(state.run);
    stop(state.run);
    const auto control = state.run.state.postgres_data() / "global" / "pg_control";
    fs::remove(control);
    const auto error = error_of([&] { start(state.run); });
    EXPECT_EQ(error.code(), Code::state_unusable);
    EXPECT_THAT(error.message(), HasSubstr("pg_control"));
    EXPECT_TRUE(fs::exists(state.run.state.postgres_data() / "base"));
}

TEST(Mending, AServerThatFailsIsQuotedWithItsLastWords) {
    const PrivateState state;
    start(state.run);
    stop(state.run);
    fs::resize_file(state.run.state.postgres_data() / "global" / "pg_control", 10);
    const auto error = error_of([&] { start(state.run); });
    EXPECT_EQ(error.code(), Code::server_failed);
    EXPECT_THAT(error.message(), HasSubstr("pg_control"));
    EXPECT_THAT(error.message(), AnyOf(HasSubstr("FATAL"), HasSubstr("PANIC")));
}

TEST(Mending, TwoStartsAtTheSameMomentMakeOneServer) {
    const PrivateState state;
    auto other = std::async(std::launch::async, [&] { return start(state.run); });
    const auto two = start(state.run);
    const auto one = other.get();
    EXPECT_EQ(one[0].process, two[0].process);
    EXPECT_EQ(one[1].process, two[1].process);
    EXPECT_EQ(processes_in(state.run.state.redis_directory(), "redis-server").size(), 1U);
}

}  // namespace
}  // namespace caisson::servers
