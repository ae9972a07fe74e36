// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <future>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>

#include "app/daemon/daemon.h"
#include "base/interrupt.h"
#include "drivers/http/client.h"
#include "tests/support/raw_client.h"

namespace caisson::daemon {
namespace {

using namespace std::chrono_literals;

// One story, because a process is interrupted for good.
TEST(Serve, SigtermLetsARequestFinishAndEndsWithZero) {
    interrupt::install();
    std::promise<void> begun;
    std::promise<void> door;
    std::atomic<bool> was_interrupted{true};
    std::atomic<int> supervised{0};
    Parts parts;
    parts.platform = "lumina";
    parts.drain_limit = 60s;
    parts.supervision = {[&] { ++supervised; }, [&] { --supervised; }, [] { return 0; }};
    parts.verify = [&] {
        begun.set_value();
        door.get_future().wait();
        was_interrupted = interrupt::requested();
        return Verification{"{\"done\":true}", 1, 1, ""};
    };
    std::promise<Ready> ready;
    auto served = std::async(std::launch::async, [&] {
        return serve(parts, [&](const Ready& now) { ready.set_value(now); });
    });
    const auto port = ready.get_future().get().port;
    EXPECT_EQ(supervised, 1);
    test::RawClient client(port);
    client.say(
        "POST /api/v1/verification HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    begun.get_future().wait();

    ::raise(SIGTERM);
    // The signal has been seen once nobody can connect any more.
    while (test::RawClient(port).is_connected()) {
        std::this_thread::yield();
    }
    EXPECT_EQ(served.wait_for(0s), std::future_status::timeout);
    door.set_value();
    const auto heard = client.hear();
    EXPECT_NE(heard.find("{\"done\":true}"), std::string::npos) << heard;
    EXPECT_NE(heard.find("Connection: close"), std::string::npos);
    EXPECT_EQ(served.get(), 0);
    EXPECT_FALSE(was_interrupted);
    EXPECT_EQ(supervised, 0);
}

}  // namespace
}  // namespace caisson::daemon
