// SPDX-License-Identifier: Apache-2.0
#include "base/child.h"

#include <array>
#include <cstdlib>

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"

namespace caisson {
namespace {

using namespace std::chrono_literals;

Command shell(const std::string& script) { return {{"/bin/sh", "-c", script}, {}, {}, {}, {}}; }

TEST(Child, IsReadWhileItRuns) {
    Child child(shell("echo one; echo two >&2; exit 3"), Child::Flow::read);
    std::string text;
    std::array<char, 64> buffer;
    while (const auto got = child.read(buffer, 5s)) {
        text.append(buffer.data(), got);
    }
    const auto finished = child.finish(5s);
    EXPECT_EQ(text, "one\n");
    EXPECT_EQ(finished.errors, "two\n");
    EXPECT_EQ(finished.status, 3);
}

TEST(Child, IsWrittenTo) {
    Child child(shell("wc -c"), Child::Flow::write);
    const std::string block(1 << 20, 'x');
    for (int i = 0; i < 8; ++i) {
        ASSERT_TRUE(child.write(block, 5s));
    }
    child.close_input();
    EXPECT_EQ(child.finish(5s).errors, "8388608\n");
}

TEST(Child, ThatEndsEarlyTakesNoMore) {
    Child child(shell("exec <&-; echo enough; exit 1"), Child::Flow::write);
    const std::string block(1 << 20, 'x');
    ::signal(SIGPIPE, SIG_IGN);
    bool took = true;
    for (int i = 0; i < 64 && took; ++i) {
        took = child.write(block, 5s);
    }
    EXPECT_FALSE(took);
    const auto finished = child.finish(5s);
    EXPECT_EQ(finished.status, 1);
    EXPECT_EQ(finished.errors, "enough\n");
}

TEST(Child, ThatIsSilentIsAnError) {
    Child child(shell("exec sleep 100"), Child::Flow::read);
    std::array<char, 64> buffer;
    try {
        child.read(buffer, 50ms);
        FAIL() << "it said something";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::server_failed);
    }
}

TEST(Child, EndsWithTheValue) {
    pid_t process = 0;
    {
        Child child(shell("exec sleep 100"), Child::Flow::read);
        process = child.process();
        EXPECT_TRUE(is_alive(process));
    }
    EXPECT_FALSE(is_alive(process));
}

TEST(Child, ErrorsThatNobodyReadsDoNotStopIt) {
    Child child(shell("head -c 3000000 /dev/zero >&2; echo done"), Child::Flow::read);
    std::array<char, 64> buffer;
    EXPECT_EQ(child.read(buffer, 10s), 5U);
    EXPECT_EQ(child.finish(5s).errors.size(), 65536U);
}

std::string first_line(Child& child) {
    std::array<char, 64> buffer;
    return {buffer.data(), child.read(buffer, 10s)};
}

TEST(Child, WhatItLeavesBehindEndsWithIt) {
    Child child(shell("sleep 100 >/dev/null & echo $!; echo bad >&2; exit 3"), Child::Flow::read);
    const auto left = std::atoi(first_line(child).c_str());
    ASSERT_GT(left, 0);
    const Stopwatch watch;
    const auto finished = child.finish(30s);
    EXPECT_LT(watch.elapsed(), 20s);
    EXPECT_EQ(finished.status, 3);
    EXPECT_EQ(finished.errors, "bad\n");
    EXPECT_TRUE(wait_until_gone(left, 10s));
}

TEST(Child, WhoLeftItsGroupIsNotWaitedFor) {
    Child child(shell("setsid sleep 100 >/dev/null & echo $!; echo bad >&2; exit 3"),
                Child::Flow::read);
    const auto left = std::atoi(first_line(child).c_str());
    ASSERT_GT(left, 0);
    while (process_name(left) == "sh" || process_name(left) == "setsid") {
        ::poll(nullptr, 0, 1);
    }
    const Stopwatch watch;
    EXPECT_EQ(child.finish(30s).errors, "bad\n");
    EXPECT_LT(watch.elapsed(), 20s);
    ::kill(left, SIGKILL);
}

TEST(Child, WhoseEndIsNotKnownIsAnError) {
    ::signal(SIGCHLD, SIG_IGN);  // The kernel reaps, and tells nobody.
    Child child(shell("exit 0"), Child::Flow::read);
    try {
        child.finish(10s);
        ADD_FAILURE() << "its status was guessed";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::internal);
    }
    EXPECT_THROW(run(shell("exit 0"), 10s), Error);
    ::signal(SIGCHLD, SIG_DFL);
}

TEST(Child, IsInterruptedWhileDataFlow) {
    const auto interrupted = [](auto work) {
        interrupt::install();
        ::raise(SIGTERM);
        try {
            work();
        } catch (const Error& error) {
            ::_exit(error.code() == Code::interrupted ? 0 : 1);
        }
        ::_exit(2);
    };
    EXPECT_EXIT(interrupted([] {
                    Child child(shell("exec cat /dev/zero"), Child::Flow::read);
                    std::array<char, 64> buffer;
                    // What is read must not decide: the pipe is never empty.
                    while (child.read(buffer, 10s) > 0) {
                    }
                }),
                testing::ExitedWithCode(0), "");
    EXPECT_EXIT(interrupted([] {
                    Child child(shell("exec cat >/dev/null"), Child::Flow::write);
                    child.write("x", 10s);
                }),
                testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace caisson
