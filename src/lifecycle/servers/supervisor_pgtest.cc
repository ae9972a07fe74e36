// SPDX-License-Identifier: Apache-2.0
#include <condition_variable>
#include <fstream>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/servers/supervisor.h"
#include "tests/support/private_state.h"

namespace caisson::servers {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Keeps what a supervisor told, for tests to wait for.
class Told {
 public:
    std::function<void(const Event&)> listener() {
        return [this](const Event& event) {
            const std::lock_guard guard(mutex_);
            events_.push_back(event);
            times_.push_back(std::chrono::steady_clock::now());
            changed_.notify_all();
        };
    }
    /// The n-th event of this kind, waited for; nothing when it does not come.
    std::optional<Event> wait(Event::Kind kind, Server server, int nth = 1,
                              std::chrono::seconds limit = 60s) {
        std::unique_lock guard(mutex_);
        std::optional<Event> found;
        changed_.wait_for(guard, limit, [&] {
            int seen = 0;
            for (const auto& event : events_) {
                if (event.kind == kind && event.server == server && ++seen == nth) {
                    found = event;
                }
            }
            return found.has_value();
        });
        return found;
    }
    std::vector<std::chrono::steady_clock::time_point> times(Event::Kind kind) {
        const std::lock_guard guard(mutex_);
        std::vector<std::chrono::steady_clock::time_point> times;
        for (std::size_t i = 0; i < events_.size(); ++i) {
            if (events_[i].kind == kind) {
                times.push_back(times_[i]);
            }
        }
        return times;
    }
    std::string text() {
        const std::lock_guard guard(mutex_);
        std::string text;
        for (const auto& event : events_) {
            text += name(event.kind) + " " + event.message + "\n";
        }
        return text;
    }

 private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Event> events_;
    std::vector<std::chrono::steady_clock::time_point> times_;
};

TEST(Supervisor, AKilledServerIsBackTimeAfterTime) {
    const PrivateState state;
    auto processes = start(state.run);
    connect(state.run).query("create table t as select 1");
    Told told;
    Supervisor supervisor(state.run, told.listener());
    ASSERT_TRUE(told.wait(Event::Kind::watching, Server::postgres));
    ASSERT_TRUE(told.wait(Event::Kind::watching, Server::redis));
    for (int round = 1; round <= 2; ++round) {
        for (auto& one : processes) {
            ::kill(one.process, SIGKILL);
            const auto back = told.wait(Event::Kind::restarted, one.server, round);
            ASSERT_TRUE(back) << told.text();
            EXPECT_NE(back->process, one.process);
            EXPECT_LT(back->took, 30s) << told.text();
            one.process = back->process;
        }
    }
    EXPECT_EQ(connect(state.run).query("select * from t").size(), 1U);
    EXPECT_EQ(redis::Connection(redis_of(state.run)).command({"PING"}).text(), "PONG");
}

TEST(Supervisor, WhatIsStoppedOnPurposeStaysSoUntilItIsStartedAgain) {
    const PrivateState state;
    start(state.run);
    Told told;
    Supervisor supervisor(state.run, told.listener());
    ASSERT_TRUE(told.wait(Event::Kind::watching, Server::postgres));
    ASSERT_TRUE(told.wait(Event::Kind::watching, Server::redis));
    stop(state.run);
    ASSERT_TRUE(told.wait(Event::Kind::stopped, Server::postgres)) << told.text();
    ASSERT_TRUE(told.wait(Event::Kind::stopped, Server::redis)) << told.text();
    EXPECT_FALSE(status(state.run)[0].running());
    EXPECT_FALSE(status(state.run)[1].running());
    const auto started = start(state.run);
    ASSERT_TRUE(told.wait(Event::Kind::watching, Server::postgres, 2)) << told.text();
    ::kill(started[0].process, SIGKILL);
    EXPECT_TRUE(told.wait(Event::Kind::restarted, Server::postgres)) << told.text();
}

TEST(Supervisor, LettingGoLeavesTheServersRunning) {
    const PrivateState state;
    const auto started = start(state.run);
    Told told;
    {
        Supervisor supervisor(state.run, told.listener());
        ASSERT_TRUE(told.wait(Event::Kind::watching, Server::postgres));
        supervisor.let_go();
        supervisor.let_go();
    }
    EXPECT_TRUE(is_alive(started[0].process));
    ::kill(started[1].process, SIGKILL);
    wait_until_gone(started[1].process, 5s);
    EXPECT_FALSE(told.wait(Event::Kind::restarted, Server::redis, 1, 1s));
}

TEST(Supervisor, AServerThatCannotStartIsTriedLessAndLessOften) {
    const PrivateState state;
    const auto started = start(state.run);
    Told told;
    Supervisor supervisor(state.run, told.listener());
    ASSERT_TRUE(told.wait(Event::Kind::watching, Server::postgres));
    const auto control = state.run.state.postgres_data() / "global" / "pg_control";
    fs::rename(control, state.directory() / "kept");
    ::kill(started[0].process, SIGKILL);
    ASSERT_TRUE(told.wait(Event::Kind::failed, Server::postgres, 3)) << told.text();
    const auto at = told.times(Event::Kind::failed);
    EXPECT_GE(at[1] - at[0], 200ms);
    EXPECT_GE(at[2] - at[1], 400ms);
    fs::rename(state.directory() / "kept", control);
    EXPECT_TRUE(told.wait(Event::Kind::restarted, Server::postgres)) << told.text();
}

TEST(Supervisor, ASettingThatKeepsTheServerDownIsTakenBackToTheManifests) {
    const PrivateState state;
    const auto started = start(state.run);
    auto changed = state.run;
    changed.manifest.server.postgres = {{"shared_buffers", "4000GB"}};
    {
        auto connection = connect(state.run);
        EXPECT_THAT(apply_settings(changed, connection).waiting,
                    testing::ElementsAre("shared_buffers"));
    }
    Told told;
    Supervisor supervisor(state.run, told.listener());
    ASSERT_TRUE(told.wait(Event::Kind::watching, Server::postgres));
    ::kill(started[0].process, SIGKILL);
    EXPECT_TRUE(told.wait(Event::Kind::restarted, Server::postgres)) << told.text();
}

TEST(Supervisor, ALogThatGrowsTooLargeIsRotatedAndWrittenOn) {
    const PrivateState state;
    start(state.run);
    Told told;
    Supervisor supervisor(state.run, told.listener(), {4096, 50ms});
    auto connection = connect(state.run);
    for (int i = 0; i < 100; ++i) {
        try {
            connection.query(fmt::format("select no_such_function({})", i));
        } catch (const Error&) {
        }
    }
    ASSERT_TRUE(told.wait(Event::Kind::rotated, Server::postgres)) << told.text();
    const auto log = state.run.state.postgres_log();
    EXPECT_TRUE(fs::exists(log.string() + ".1"));
    supervisor.let_go();
    try {
        connection.query("select the_last_one()");
    } catch (const Error&) {
    }
    EXPECT_THAT(read_file(log), HasSubstr("the_last_one"));
    // Emptied, not full of zero bytes up to where the server wrote before.
    EXPECT_EQ(read_file(log).find('\0'), std::string::npos);
}

TEST(Supervisor, AStateThatWasRemovedIsNotMadeAgain) {
    const PrivateState state;
    start(state.run);
    Told told;
    Supervisor supervisor(state.run, told.listener());
    ASSERT_TRUE(told.wait(Event::Kind::watching, Server::redis));
    EXPECT_NO_THROW(wipe(state.run));
    EXPECT_FALSE(told.wait(Event::Kind::restarted, Server::postgres, 1, 1s)) << told.text();
    EXPECT_FALSE(fs::exists(state.run.state.root));
}

}  // namespace
}  // namespace caisson::servers
