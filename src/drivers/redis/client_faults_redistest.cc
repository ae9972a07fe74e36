// SPDX-License-Identifier: Apache-2.0
// What happens to a client under load when its server is killed, held still, or cuts it off.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "drivers/redis/client.h"
#include "drivers/redis/connection.h"
#include "tests/support/coroutine.h"
#include "tests/support/redis_server.h"

namespace caisson::redis {
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
    steady_clock::time_point last_right{};
    bool is_over = false;
};

constexpr milliseconds deadline = 300ms;
/// What ends a test that would hang. The second that is promised is measured, and does not decide.
constexpr milliseconds patience = 10s;

asio::awaitable<void> call(Client& client, Seen& seen, int own) {
    for (int i = 0; !seen.is_over; ++i) {
        Command command{"ECHO"};
        command.push_back(std::to_string(own) + "/" + std::to_string(i));
        const auto expected = command.back();
        const auto start = steady_clock::now();
        ++seen.open;
        bool is_answered = false;
        RequestOptions options;
        options.deadline = deadline;
        options.idempotent = own % 2 == 0;
        try {
            const auto reply = co_await client.command(std::move(command), options);
            is_answered = true;
            ++(reply.text() == expected ? seen.right : seen.wrong);
            seen.last_right = steady_clock::now();
        } catch (const Error&) {
            ++seen.failed;
        }
        --seen.open;
        seen.longest = std::max(seen.longest, steady_clock::now() - start);
        if (!is_answered) {
            asio::steady_timer pause(co_await asio::this_coro::executor, 5ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
    }
}

class ClientFaults : public testing::Test {
 protected:
    /// Load from 50 callers; `fault` is done from another thread, and gives when the server was
    /// back. Gives how long after that until requests succeed again.
    milliseconds recovery(const std::function<steady_clock::time_point()>& fault,
                          bool over_tcp = false) {
        Seen seen;
        milliseconds recovery{0};
        test::run([&]() -> asio::awaitable<void> {
            const auto executor = co_await asio::this_coro::executor;
            Client client(executor, over_tcp ? server_.tcp_settings() : server_.settings(),
                          ClientLimits());
            std::vector<asio::awaitable<void>> all;
            for (int i = 0; i < 50; ++i) {
                all.push_back(call(client, seen, i));
            }
            all.push_back([](Seen& state, const std::function<steady_clock::time_point()>& act,
                             milliseconds& result) -> asio::awaitable<void> {
                asio::steady_timer timer(co_await asio::this_coro::executor);
                const auto wait = [&](milliseconds time) -> asio::awaitable<void> {
                    timer.expires_after(time);
                    co_await timer.async_wait(asio::use_awaitable);
                };
                while (state.right < 5000) {
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
                result = std::chrono::duration_cast<milliseconds>(state.last_right - back);
                const auto before = state.right;
                while (state.right < before + 5000) {
                    co_await wait(5ms);
                }
                state.is_over = true;
            }(seen, fault, recovery));
            co_await test::all(std::move(all));
            EXPECT_EQ(seen.open, 0U);
            EXPECT_EQ(client.stats().in_flight, 0U);
            EXPECT_EQ(client.stats().waiting, 0U);
            EXPECT_GT(client.stats().connected, 1U);
        });
        EXPECT_EQ(seen.wrong, 0U);
        // Nothing hangs; how long it took is recorded, for a busy machine decides that.
        EXPECT_LT(std::chrono::duration_cast<milliseconds>(seen.longest).count(),
                  (deadline + patience).count());
        RecordProperty("recovery_ms", static_cast<int>(recovery.count()));
        std::printf("recovery: %d ms, failed: %d\n", static_cast<int>(recovery.count()),
                    static_cast<int>(seen.failed));
        return recovery;
    }
    test::RedisServer server_;
};

TEST_F(ClientFaults, RecoversFromACrashOfTheServer) {
    EXPECT_LT(recovery([&] {
                  server_.kill();
                  std::this_thread::sleep_for(700ms);
                  server_.start();
                  return steady_clock::now();
              }),
              patience);
}

TEST_F(ClientFaults, RecoversFromACrashOfTheServerOverTcp) {
    EXPECT_LT(recovery(
                  [&] {
                      server_.kill();
                      std::this_thread::sleep_for(700ms);
                      server_.start();
                      return steady_clock::now();
                  },
                  true),
              patience);
}

TEST_F(ClientFaults, RecoversFromAServerThatWasHeldStill) {
    EXPECT_LT(recovery([&] {
                  server_.pause();
                  std::this_thread::sleep_for(3s);
                  server_.resume();
                  return steady_clock::now();
              }),
              patience);
}

TEST_F(ClientFaults, RecoversFromConnectionsThatAreCut) {
    EXPECT_LT(recovery([&] {
                  Connection other(server_.settings());
                  for (int i = 0; i < 20; ++i) {
                      other.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
                      std::this_thread::sleep_for(10ms);
                  }
                  return steady_clock::now();
              }),
              patience);
}

}  // namespace
}  // namespace caisson::redis
