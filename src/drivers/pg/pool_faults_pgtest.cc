// SPDX-License-Identifier: Apache-2.0
// What happens to a pool under load when its server is killed, held still or started again.
#include <atomic>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "drivers/pg/pool.h"
#include "tests/support/cluster.h"
#include "tests/support/coroutine.h"

namespace caisson::pg {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// What many callers saw while something was done to their server.
struct Seen {
    std::uint64_t right = 0;
    std::uint64_t wrong = 0;
    std::uint64_t failed = 0;
    std::uint64_t open = 0;  ///< Asked and not told anything yet.
    steady_clock::duration longest{0};
    steady_clock::time_point last_failure{};
    steady_clock::time_point last_right{};
    bool is_over = false;
};

constexpr milliseconds deadline = 400ms;
/// What ends a test that would hang. The second that is promised is measured, and does not decide.
constexpr milliseconds patience = 10s;

asio::awaitable<void> call(Pool& pool, Seen& seen, int own) {
    for (int i = 0; !seen.is_over; ++i) {
        const std::int64_t number = own * 1'000'000 + i;
        const auto start = steady_clock::now();
        ++seen.open;
        bool is_answered = false;
        try {
            const auto rows = co_await pool.query(
                Session("user " + std::to_string(own)),
                "select $1::int8 as n, current_setting('app.current_user_id') as who",
                Arguments(number), {.deadline = deadline});
            is_answered = true;
            const auto row = rows.front();
            const bool is_right = row.get<std::int64_t>("n") == number &&
                                  row.get<std::string>("who") == "user " + std::to_string(own);
            ++(is_right ? seen.right : seen.wrong);
            seen.last_right = steady_clock::now();
        } catch (const Error&) {
            ++seen.failed;
            seen.last_failure = steady_clock::now();
        }
        --seen.open;
        seen.longest = std::max(seen.longest, steady_clock::now() - start);
        if (!is_answered) {
            asio::steady_timer pause(co_await asio::this_coro::executor, 5ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
    }
}

class PoolFaultsTest : public testing::Test {
 protected:
    /// Load from 50 callers; `fault` is done from another thread, and gives when the server was
    /// back. Gives how long after that until requests succeed again.
    milliseconds recovery(const std::function<steady_clock::time_point()>& fault) {
        Seen seen;
        milliseconds recovery{0};
        test::run([&]() -> asio::awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            auto settings = cluster_.settings();
            Pool pool(executor, settings, {.max = 4, .acquire = 10s, .reap = 50ms, .check = 100ms});
            std::vector<asio::awaitable<void>> all;
            for (int i = 0; i < 50; ++i) {
                all.push_back(call(pool, seen, i));
            }
            all.push_back([](Seen& state, const std::function<steady_clock::time_point()>& act,
                             milliseconds& result) -> asio::awaitable<void> {
                asio::steady_timer timer(co_await asio::this_coro::executor);
                const auto wait = [&](milliseconds time) -> asio::awaitable<void> {
                    timer.expires_after(time);
                    co_await timer.async_wait(asio::use_awaitable);
                };
                while (state.right < 500) {
                    co_await wait(5ms);
                }
                std::atomic<bool> is_done{false};
                steady_clock::time_point back;
                std::thread thread([&] {
                    back = act();
                    is_done = true;
                });
                while (!is_done) {
                    co_await wait(2ms);
                }
                thread.join();
                while (state.last_right < back) {
                    co_await wait(1ms);
                }
                result = std::chrono::duration_cast<milliseconds>(steady_clock::now() - back);
                const auto before = state.right;
                while (state.right < before + 500) {
                    co_await wait(5ms);
                }
                state.is_over = true;
            }(seen, fault, recovery));
            co_await test::all(std::move(all));
            EXPECT_EQ(seen.open, 0U);
            EXPECT_LE(pool.stats().lanes, 4U);
            EXPECT_EQ(pool.stats().in_flight, 0U);
            EXPECT_EQ(pool.stats().waiting, 0U);
        });
        EXPECT_EQ(seen.wrong, 0U);
        // Nothing hangs; how long it took is recorded, for a busy machine decides that.
        EXPECT_LT(std::chrono::duration_cast<milliseconds>(seen.longest).count(),
                  (deadline + patience).count());
        RecordProperty("recovery_ms", static_cast<int>(recovery.count()));
        return recovery;
    }
    test::Cluster cluster_;
};

TEST_F(PoolFaultsTest, RecoversFromACrashOfTheServer) {
    EXPECT_LT(recovery([&] {
                  cluster_.kill();
                  std::this_thread::sleep_for(700ms);
                  cluster_.start();
                  return steady_clock::now();
              }),
              patience);
}

TEST_F(PoolFaultsTest, RecoversFromARestart) {
    EXPECT_LT(recovery([&] {
                  cluster_.stop();
                  cluster_.start();
                  return steady_clock::now();
              }),
              patience);
}

TEST_F(PoolFaultsTest, RecoversFromAServerThatWasHeldStill) {
    EXPECT_LT(recovery([&] {
                  cluster_.pause();
                  std::this_thread::sleep_for(2s);
                  cluster_.resume();
                  return steady_clock::now();
              }),
              patience);
}

TEST_F(PoolFaultsTest, ACancelRequestThatNobodyTakesIsWaitedForOnlySoLong) {
    auto settings = cluster_.settings();
    settings.connect_limit = 1s;
    test::run([&]() -> asio::awaitable<void> {
        Pool pool(co_await asio::this_coro::executor, settings, {.max = 2});
        auto lease = co_await pool.lease();
        co_await lease.query(Session::nobody(), "select 1");
        cluster_.pause();
        const auto start = steady_clock::now();
        co_await lease.cancel();
        EXPECT_GE(steady_clock::now() - start, 900ms);
    });
    // Its executor has ended; the thread has not, and comes to its end now.
    cluster_.resume();
}

}  // namespace
}  // namespace caisson::pg
