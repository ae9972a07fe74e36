// SPDX-License-Identifier: Apache-2.0
// What happens to a pool under load when the network loses its connections without a word, or when
// what comes out of it is not what the server said; and with more callers than it can serve.
#include <functional>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include "drivers/pg/connection.h"
#include "drivers/pg/pool.h"
#include "tests/support/coroutine.h"
#include "tests/support/postgres.h"
#include "tests/support/proxy.h"

namespace caisson::pg {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// What many callers saw.
struct Seen {
    int right = 0;
    int wrong = 0;
    int failed = 0;
};

asio::awaitable<void> pause(std::chrono::milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

/// Asks until it was answered `wanted` times.
asio::awaitable<void> call(Pool& pool, Seen& seen, int own, int wanted) {
    int answered = 0;
    for (int i = 0; answered < wanted; ++i) {
        const std::int64_t number = own * 1'000'000 + i;
        bool is_answered = false;
        try {
            const auto rows = co_await pool.query(
                Session("user " + std::to_string(own)),
                "select $1::int8 as n, current_setting('app.current_user_id') as who",
                Arguments(number), {.deadline = 300ms});
            const auto row = rows.front();
            const bool is_right = rows.size() == 1 && row.get<std::int64_t>("n") == number &&
                                  row.get<std::string>("who") == "user " + std::to_string(own);
            ++(is_right ? seen.right : seen.wrong);
            ++answered;
            is_answered = true;
        } catch (const Error& error) {
            // A column that is not there would be somebody else's answer, too.
            seen.wrong += error.code() == Code::internal ? 1 : 0;
            ++seen.failed;
        }
        if (!is_answered) {
            co_await pause(5ms);
        }
    }
}

class PoolNetworkTest : public testing::Test {
 protected:
    PoolNetworkTest()
        : proxy_(database_.settings().host + "/.s.PGSQL." +
                 std::to_string(database_.settings().port)) {}
    Settings through_proxy() const {
        auto settings = database_.settings();
        settings.host = "127.0.0.1";
        settings.port = proxy_.port();
        settings.tls = "disable";
        return settings;
    }
    /// 30 callers, to whose connections something happens half-way.
    void survives(const std::function<void()>& fault) {
        Seen seen;
        test::run([&]() -> asio::awaitable<void> {
            Pool pool(co_await asio::this_coro::executor, through_proxy(),
                      {.max = 3, .acquire = 10s, .retry = 10ms, .lane = {.grace = 100ms}});
            std::vector<asio::awaitable<void>> all;
            for (int i = 0; i < 30; ++i) {
                all.push_back(call(pool, seen, i, 40));
            }
            all.push_back(
                [](Seen& state, const std::function<void()>& act) -> asio::awaitable<void> {
                    while (state.right < 300) {
                        co_await pause(1ms);
                    }
                    act();
                }(seen, fault));
            co_await test::all(std::move(all));
            EXPECT_EQ(pool.stats().in_flight, 0U);
            EXPECT_EQ(pool.stats().waiting, 0U);
            EXPECT_LE(pool.stats().lanes, 3U);
            EXPECT_GE(pool.stats().broken, 1U);
        });
        EXPECT_EQ(seen.wrong, 0);
        EXPECT_EQ(seen.right, 30 * 40);
        EXPECT_GT(seen.failed, 0);
    }
    test::Database database_;
    test::Proxy proxy_;
};

TEST_F(PoolNetworkTest, ConnectionsThatAreHalfOpenAreGivenUpAndReplaced) {
    survives([&] { proxy_.fall_silent(); });
}

TEST_F(PoolNetworkTest, AnswersThatAreNoneReachNobody) {
    using namespace std::string_literals;
    const std::vector<std::string> lies = {
        "HTTP/1.1 400 Bad Request\r\n\r\n"s,
        // A row that nobody asked for, with more columns than there are, a value that is longer
        // than its message, and one whose message never ends.
        "D\0\0\0\x0c\0\x03\0\0\0\1x"s,
        "D\0\0\0\x0b\0\1\0\0\0\x7fx"s,
        "D\x7f\xff\xff\xff\0\1"s,
        // Lengths that are none; half of a header.
        "T\0\0\0\0"s,
        "C\xff\xff\xff\xff"s,
        "C\0\0"s,
        // Ready for a query, in no state that there is; a message of no kind that there is.
        "Z\0\0\0\x05X"s,
        "\x01\0\0\0\x04"s,
        // What a server sends before anything else, and only then.
        "R\0\0\0\x08\0\0\0\x03"s,
    };
    for (const auto& lie : lies) {
        SCOPED_TRACE(testing::PrintToString(lie));
        survives([&] { proxy_.answer(lie); });
    }
}

TEST_F(PoolNetworkTest, AnAnswerTooManyIsNotTakenForTheNextOne) {
    using namespace std::string_literals;
    const std::vector<std::string> lies = {
        // Ready for a query; a command that is complete; rows without a column; nothing to run.
        "Z\0\0\0\x05I"s,
        "C\0\0\0\x0dSELECT 0\0"s,
        "T\0\0\0\x06\0\0"s,
        "I\0\0\0\x04"s,
        // What libpq takes for an error that is its own, and for which it drops what it has read.
        "\x01\0\0\0\x04"s,
    };
    for (const auto& lie : lies) {
        SCOPED_TRACE(testing::PrintToString(lie));
        survives([&] { proxy_.insert(lie); });
    }
}

TEST_F(PoolNetworkTest, OfTenThousandWaitersThoseWhoAreCancelledLeaveAndTheOthersAreAnswered) {
    test::run([&]() -> asio::awaitable<void> {
        constexpr int callers = 10'000;
        const auto executor = co_await asio::this_coro::executor;
        Pool pool(executor, database_.settings(), {.max = 2, .waiting = 20'000, .acquire = 60s});
        // Nobody is answered before all have asked.
        Connection gate(database_.settings());
        gate.query("select pg_advisory_lock(7)");
        int right = 0;
        int cancelled = 0;
        int told = 0;
        std::vector<asio::cancellation_signal> signals(callers);
        for (int i = 0; i < callers; ++i) {
            asio::co_spawn(
                executor,
                [](Pool& shared, int own, int& good) -> asio::awaitable<void> {
                    const auto rows =
                        co_await shared.query(Session::nobody(), "select $1::int8", Arguments(own));
                    good += rows.front().get<std::int64_t>(0) == own ? 1 : 0;
                }(pool, i, right),
                asio::bind_cancellation_slot(signals[static_cast<std::size_t>(i)].slot(),
                                             [&](const std::exception_ptr& failure) {
                                                 ++told;
                                                 cancelled += failure ? 1 : 0;
                                             }));
        }
        while (pool.load() < callers) {
            co_await pause(1ms);
        }
        // Every second one leaves: of those in flight, and of those without room.
        for (std::size_t i = 0; i < signals.size(); i += 2) {
            signals[i].emit(asio::cancellation_type::terminal);
        }
        while (cancelled < callers / 2) {
            co_await pause(1ms);
        }
        EXPECT_EQ(told, callers / 2);
        gate.query("select pg_advisory_unlock(7)");
        while (told < callers) {
            co_await pause(1ms);
        }
        EXPECT_EQ(cancelled, callers / 2);
        EXPECT_EQ(right, callers / 2);
        EXPECT_EQ(
            (co_await pool.query(Session::nobody(), "select 7::int8")).front().get<std::int64_t>(0),
            7);
        while (pool.load() > 0) {
            co_await pause(1ms);
        }
        EXPECT_EQ(pool.stats().waiting, 0U);
    });
}

}  // namespace
}  // namespace caisson::pg
