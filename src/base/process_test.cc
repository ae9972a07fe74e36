// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

namespace caisson {
namespace {

using namespace std::chrono_literals;

TEST(Process, GivesBackOutputErrorsAndStatus) {
    Command command{{"sh", "-c", "cat; echo bad >&2; exit 3"}, {}, {}, {}, "input"};
    const auto finished = run(command, 10s);
    EXPECT_EQ(finished.status, 3);
    EXPECT_EQ(finished.output, "input");
    EXPECT_EQ(finished.errors, "bad\n");
}

TEST(Process, CarriesMoreThanAPipeHolds) {
    Command command{{"cat"}, {}, {}, {}, std::string(1 << 20, 'x')};
    EXPECT_EQ(run(command, 10s).output.size(), std::size_t{1} << 20U);
}

TEST(Process, TakesOurPostgresVariablesAway) {
    ::setenv("PGPASSWORD", "leak", 1);
    EXPECT_EQ(
        run({{"sh", "-c", "echo \"$PGPASSWORD$OWN\""}, {{"OWN", "1"}}, {}, {}, {}}, 10s).output,
        "1\n");
    ::unsetenv("PGPASSWORD");
}

TEST(Process, LongWorkGivesWayWithAllThatItStarts) {
    Command command{{"sh", "-c", "sh -c nice; cat /proc/self/autogroup 2>/dev/null"}, {}, {}, {}, {}};
    const auto usual = run(command, 10s).output;
    command.gives_way = true;
    const auto patient = run(command, 10s).output;
    EXPECT_GE(std::stoi(patient), std::min(std::stoi(usual) + 10, 10));
    if (usual.find("nice") != std::string::npos) {
        EXPECT_NE(patient.find("nice 10"), std::string::npos) << patient;
    }
}

TEST(Process, EndsWhatTakesTooLong) {
    const Stopwatch watch;
    EXPECT_THROW(run({{"sleep", "60"}, {}, {}, {}, {}}, 50ms), Error);
    EXPECT_LT(watch.elapsed(), 10s);
}

TEST(Process, NobodyBecomesAnAccountThatHeMayNot) {
    EXPECT_EQ(process_owner(::getpid()), ::geteuid());
    const pid_t child = ::fork();
    if (child == 0) {
        try {
            if (::geteuid() == 0 && ::setuid(65534) != 0) {
                ::_exit(3);
            }
            become({"root", 0, 0, "/root"});
            ::_exit(1);
        } catch (const Error& error) {
            ::_exit(error.code() == Code::account_missing ? 0 : 2);
        }
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

TEST(Process, AProgramThatIsNotThereIsNamed) {
    try {
        run({{"no-such-program"}, {}, {}, {}, {}}, 1s);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::server_missing);
        EXPECT_NE(error.message().find("no-such-program"), std::string::npos);
    }
}

TEST(Process, AStartedProcessIsSeenUntilItIsGone) {
    const auto log = fs::temp_directory_path() / ("caisson-process-" + std::to_string(::getpid()));
    const auto process = start({{"sh", "-c", "echo hello"}, {}, {}, {}, {}}, log);
    EXPECT_TRUE(wait_until_gone(process, 10s));
    EXPECT_EQ(read_file(log), "hello\n");
    EXPECT_EQ(process_name(::getpid()).empty(), false);
    remove_tree(log);
}

}  // namespace
}  // namespace caisson
