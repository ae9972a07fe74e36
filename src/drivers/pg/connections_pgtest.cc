// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "drivers/pg/connections.h"
#include "tests/support/postgres.h"

namespace caisson::pg {
namespace {

using namespace std::chrono_literals;

class ConnectionsTest : public testing::Test {
 protected:
    static int process_of(const Connections::Lease& lease) { return lease->backend_process(); }
    test::Database database_;
};

TEST_F(ConnectionsTest, AConnectionIsUsedAgain) {
    Connections pool(database_.settings(), {});
    const int first = process_of(pool.acquire());
    EXPECT_EQ(process_of(pool.acquire()), first);
    EXPECT_EQ(pool.stats().opened, 1U);
    EXPECT_EQ(pool.stats().idle, 1U);
}

TEST_F(ConnectionsTest, MoreThanTheMostAreNeverOpenAndWaitersGetTheirTurn) {
    Connections pool(database_.settings(), {.max = 3, .acquire = 30s});
    std::atomic<std::size_t> most{0};
    std::atomic<int> done{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 20; ++round) {
                const auto lease = pool.acquire();
                most = std::max(most.load(), pool.stats().size);
                done += static_cast<int>(lease->query("select 1 as one").front().integer("one"));
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(done, 160);
    EXPECT_LE(most, 3U);
    EXPECT_EQ(pool.stats().in_use, 0U);
    EXPECT_EQ(pool.stats().waiting, 0U);
}

TEST_F(ConnectionsTest, WaitingForAFreeOneEndsWithTheLimit) {
    Connections pool(database_.settings(), {.max = 1, .acquire = 30ms});
    const auto held = pool.acquire();
    try {
        pool.acquire();
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::cannot_connect);
        EXPECT_EQ(error.message(), "all 1 connections of the pool were in use for 30 ms");
    }
    EXPECT_EQ(pool.stats().timeouts, 1U);
}

TEST_F(ConnectionsTest, AConnectionThatTheServerClosedIsNotGivenOut) {
    Connections pool(database_.settings(), {});
    const int first = process_of(pool.acquire());
    Connection other(database_.settings());
    // The wait of pg_terminate_backend ends when the backend has gone.
    other.query("select pg_terminate_backend($1, 10000)", {first});
    const auto lease = pool.acquire();
    EXPECT_NE(process_of(lease), first);
    EXPECT_EQ(lease->query("select 1 as one").front().integer("one"), 1);
}

TEST_F(ConnectionsTest, AConnectionThatBreaksInUseOrStaysInATransactionIsDropped) {
    Connections pool(database_.settings(), {});
    {
        const auto lease = pool.acquire();
        EXPECT_THROW(lease->query("select pg_terminate_backend(pg_backend_pid())"), Error);
    }
    EXPECT_EQ(pool.stats().size, 0U);
    pool.acquire()->query("begin");
    EXPECT_EQ(pool.stats().size, 0U);
    EXPECT_EQ(pool.stats().broken, 2U);
}

TEST_F(ConnectionsTest, AServerThatIsAwayTakesNoPlaceInThePool) {
    auto settings = database_.settings();
    settings.host = "/nonexistent";
    Connections pool(settings, {.min = 1, .max = 1, .acquire = 30ms});
    for (int i = 0; i < 3; ++i) {
        EXPECT_THROW(pool.acquire(), Error);
    }
    pool.maintain();
    EXPECT_EQ(pool.stats().size, 0U);
    EXPECT_EQ(pool.stats().timeouts, 0U);
}

TEST_F(ConnectionsTest, MaintenanceOpensTheLeastAndClosesWhatIsTooOldOrUnused) {
    Connections least(database_.settings(), {.min = 2});
    least.maintain();
    EXPECT_EQ(least.stats().idle, 2U);

    Connections unused(database_.settings(), {.min = 0, .idle = 0ms});
    unused.acquire();
    EXPECT_EQ(unused.stats().idle, 1U);
    unused.maintain();
    EXPECT_EQ(unused.stats().idle, 0U);

    Connections aged(database_.settings(), {.lifetime = 0ms});
    const int first = process_of(aged.acquire());
    std::this_thread::sleep_until(std::chrono::steady_clock::now() + 2ms);
    EXPECT_NE(process_of(aged.acquire()), first);
}

TEST_F(ConnectionsTest, ALeaseMayOutliveItsPool) {
    auto pool = std::make_unique<Connections>(database_.settings(), ConnectionLimits{});
    const auto lease = pool->acquire();
    pool.reset();
    EXPECT_EQ(lease->query("select 1 as one").front().integer("one"), 1);
}

}  // namespace
}  // namespace caisson::pg
