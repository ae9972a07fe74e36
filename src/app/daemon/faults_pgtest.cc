// SPDX-License-Identifier: Apache-2.0
// What the daemon says while its server is killed, held still and started again. Times are printed;
// a bound only ends what would hang.
#include <cstdio>
#include <future>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "app/daemon/daemon.h"
#include "base/clock.h"
#include "drivers/http/client.h"
#include "tests/support/cluster.h"
#include "tests/support/postgres.h"

namespace caisson::daemon {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

double seconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

std::size_t threads() {
    std::size_t number = 0;
    for ([[maybe_unused]] const auto& thread : fs::directory_iterator("/proc/self/task")) {
        ++number;
    }
    return number;
}

class DaemonFaultsTest : public testing::Test {
 protected:
    DaemonFaultsTest() { begin(); }
    void begin() {
        daemon_.reset();
        Parts parts;
        parts.platform = "lumina";
        parts.token = directory_.path() / "api-token";
        parts.drain_limit = drain_limit_;
        auto& database = parts.databases.emplace_back();
        database.name = "main";
        database.settings = cluster_.settings();
        database.migrations = [](pg::Connection& connection) {
            const auto row = connection.query("select 3 as applied").front();
            return MigrationState{static_cast<std::size_t>(row.integer("applied")), 0, "003"};
        };
        // Another one that is there all the time.
        auto& other = parts.databases.emplace_back();
        other.name = "other";
        other.settings = database_.settings();
        daemon_.emplace(std::move(parts));
        await(200);
    }

    http::Response ask(const std::string& target = "/health") const {
        http::Call call;
        call.port = daemon_->ready().port;
        call.target = target;
        call.limit = 30s;
        return http::send(call);
    }
    /// Asks until /health has this status, and gives its body.
    std::string await(int status) const {
        const Stopwatch watch;
        while (watch.elapsed() < 30s) {
            auto response = ask();
            if (response.status == status) {
                return response.body;
            }
            ::poll(nullptr, 0, 10);
        }
        return "never";
    }

    std::chrono::milliseconds drain_limit_ = Parts().drain_limit;
    test::Cluster cluster_;
    test::Database database_;
    test::Directory directory_;
    std::optional<Daemon> daemon_;
};

TEST_F(DaemonFaultsTest, AServerThatCrashedIsToldAndItsReturnAsWell) {
    cluster_.kill();
    const Stopwatch away;
    const auto lost = await(503);
    std::printf("told after %.3f s\n", seconds(away.elapsed()));
    EXPECT_THAT(lost, HasSubstr("{\"name\":\"main\",\"status\":\"unreachable\""));
    EXPECT_THAT(lost, HasSubstr("{\"name\":\"other\",\"status\":\"connected\""));
    EXPECT_THAT(ask("/metrics").body, HasSubstr("caisson_up{kind=\"database\",name=\"main\"} 0\n"));
    cluster_.start();
    const Stopwatch back;
    const auto healthy = await(200);
    std::printf("told %.3f s after it was back\n", seconds(back.elapsed()));
    EXPECT_THAT(healthy, HasSubstr("\"applied\":3"));
    EXPECT_THAT(ask("/metrics").body,
                testing::Not(HasSubstr("caisson_pool_broken_total{database=\"main\"} 0\n")));
}

TEST_F(DaemonFaultsTest, ARestartBetweenTwoLooksLeavesTheMigrationsKnown) {
    for (int round = 0; round < 3; ++round) {
        cluster_.kill();
        cluster_.start();
        EXPECT_THAT(await(200), HasSubstr("\"applied\":3"));
    }
}

TEST_F(DaemonFaultsTest, AServerThatHangsIsUnreachableAndThreadsDoNotPileUp) {
    const auto before = threads();
    cluster_.pause();
    std::string body;
    std::chrono::nanoseconds longest{0};
    for (int i = 0; i < 4; ++i) {
        const Stopwatch watch;
        body = ask().body;
        longest = std::max<std::chrono::nanoseconds>(longest, watch.elapsed());
        ::poll(nullptr, 0, 260);  // So that the next one is asked of the server, too.
    }
    std::printf("the longest answer took %.3f s\n", seconds(longest));
    EXPECT_LT(longest, 10s);
    EXPECT_THAT(body, HasSubstr("{\"name\":\"main\",\"status\":\"unreachable\""));
    EXPECT_THAT(body, HasSubstr("{\"name\":\"other\",\"status\":\"connected\""));
    EXPECT_LE(threads(), before);
    cluster_.resume();
    const Stopwatch back;
    EXPECT_THAT(await(200), HasSubstr("\"applied\":3"));
    std::printf("told %.3f s after it went on\n", seconds(back.elapsed()));
}

TEST_F(DaemonFaultsTest, ItEndsAlthoughAServerHangsAndSomebodyWaitsForIt) {
    cluster_.pause();
    await(503);
    ::poll(nullptr, 0, 260);
    auto waits = std::async(std::launch::async, [&] { return ask().status; });
    while (waits.wait_for(0s) != std::future_status::ready &&
           ask("/metrics").body.find("caisson_http_requests_in_flight 2\n") == std::string::npos) {
    }
    const Stopwatch drained;
    EXPECT_TRUE(daemon_->stop());
    EXPECT_EQ(waits.get(), 503);
    std::printf("drained after %.3f s\n", seconds(drained.elapsed()));
    const Stopwatch ended;
    daemon_.reset();
    std::printf("and ended %.3f s later\n", seconds(ended.elapsed()));
    EXPECT_LT(ended.elapsed(), 10s);
    cluster_.resume();
}

TEST_F(DaemonFaultsTest, FiguresOfAServerThatHangsHoldNoOtherUp) {
    cluster_.pause();
    const auto body = ask("/v1/database/metrics").body;
    EXPECT_THAT(body, HasSubstr("{\"name\":\"main\",\"status\":\"unreachable\""));
    EXPECT_THAT(body, HasSubstr("{\"name\":\"other\",\"status\":\"connected\""));
    cluster_.resume();
}

// The last one: an interrupt that is insisted on is one of the whole process.
TEST_F(DaemonFaultsTest, ItEndsAlthoughSomebodyWaitsForFiguresOfAServerThatHangs) {
    drain_limit_ = 10ms;
    begin();
    cluster_.pause();
    await(503);
    auto waits = std::async(std::launch::async, [&] { return ask("/v1/database/metrics").body; });
    while (waits.wait_for(0s) != std::future_status::ready &&
           ask("/metrics").body.find("caisson_http_requests_in_flight 2\n") == std::string::npos) {
    }
    const Stopwatch ended;
    EXPECT_FALSE(daemon_->stop());
    std::printf("stopped after %.3f s\n", seconds(ended.elapsed()));
    // It may take two seconds to connect.
    EXPECT_LT(ended.elapsed(), 1500ms);
    waits.wait();  // Its answer may have been cut off: the time for draining was over.
    daemon_.reset();
    cluster_.resume();
}

}  // namespace
}  // namespace caisson::daemon
