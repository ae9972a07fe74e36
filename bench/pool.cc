// SPDX-License-Identifier: Apache-2.0
// A pool at work, and libpq beside it, in one program.
//   pool DIRECTORY_OF_SOCKET USER DATABASE ROUNDS
// copy      1,000,000 rows as text in chunks of 64 kB: PQputCopyData, and Lease::copy_in, by turns
// insert    1,000 rows in one transaction: one batch through the pipeline
// latency   64 callers through 4 lanes, 20,000 point reads a second for 3 s, each with a session;
//           from when a read was due to when it was answered, whatever came before it
#include "drivers/pg/pool.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <libpq-fe.h>

namespace {

namespace asio = boost::asio;
namespace pg = caisson::pg;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr int copied_rows = 1'000'000;
constexpr std::size_t chunk_size = std::size_t{64} << 10U;

std::string lines() {
    std::string text;
    for (int i = 0; i < copied_rows; ++i) {
        text += std::to_string(i) + "\tthe name of item " + std::to_string(i) + "\n";
    }
    return text;
}

double since(Clock::time_point start) { return Seconds(Clock::now() - start).count(); }

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

void check(PGresult* result, ExecStatusType wanted, PGconn* connection) {
    if (PQresultStatus(result) != wanted) {
        std::fprintf(stderr, "pool: %s\n", PQerrorMessage(connection));
        std::exit(1);
    }
    PQclear(result);
}

double copy_floor(const pg::Settings& settings, std::string_view text) {
    const std::array<const char*, 4> keys = {"host", "user", "dbname", nullptr};
    const std::array<const char*, 4> values = {settings.host.c_str(), settings.user.c_str(),
                                               settings.database.c_str(), nullptr};
    PGconn* const connection = PQconnectdbParams(keys.data(), values.data(), 0);
    check(PQexec(connection, "truncate copied"), PGRES_COMMAND_OK, connection);
    const auto start = Clock::now();
    check(PQexec(connection, "copy copied from stdin"), PGRES_COPY_IN, connection);
    for (std::size_t at = 0; at < text.size(); at += chunk_size) {
        const auto chunk = text.substr(at, chunk_size);
        PQputCopyData(connection, chunk.data(), static_cast<int>(chunk.size()));
    }
    PQputCopyEnd(connection, nullptr);
    check(PQgetResult(connection), PGRES_COMMAND_OK, connection);
    const double taken = since(start);
    PQfinish(connection);
    return taken;
}

void run(const pg::Settings& settings, pg::PoolLimits limits,
         const std::function<asio::awaitable<void>(pg::Pool&)>& body) {
    asio::io_context io(1);
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
            pg::Pool pool(co_await asio::this_coro::executor, settings, limits);
            co_await body(pool);
        },
        [&](const std::exception_ptr& failure) {
            io.stop();
            if (failure) {
                std::rethrow_exception(failure);
            }
        });
    io.run();
}

double copy(const pg::Settings& settings, std::string_view text) {
    double taken = 0;
    run(settings, {.max = 2}, [&](pg::Pool& pool) -> asio::awaitable<void> {
        auto lease = co_await pool.lease();
        co_await lease.query(pg::Session::nobody(), "truncate copied");
        const auto start = Clock::now();
        std::size_t at = 0;
        co_await lease.copy_in(pg::Session::nobody(), "copy copied from stdin",
                               [&]() -> asio::awaitable<std::string_view> {
                                   const auto chunk = text.substr(at, chunk_size);
                                   at += chunk.size();
                                   co_return chunk;
                               });
        taken = since(start);
    });
    return taken;
}

double insert(const pg::Settings& settings) {
    std::vector<double> taken;
    run(settings, {.max = 1}, [&](pg::Pool& pool) -> asio::awaitable<void> {
        const pg::Statement statement("insert into inserted values ($1, $2)");
        for (int round = 0; round < 20; ++round) {
            std::vector<pg::Query> queries;
            for (int i = 0; i < 1000; ++i) {
                queries.push_back({statement, pg::Arguments(i, "a name")});
            }
            const auto start = Clock::now();
            co_await pool.batch(pg::Session("anna"), std::move(queries));
            taken.push_back(since(start));
        }
    });
    return median(taken);
}

std::vector<double> latencies(const pg::Settings& settings) {
    constexpr int callers = 64;
    constexpr int each = 937;  // 64 callers x 937 reads in 3 s: 20,000 a second.
    constexpr std::chrono::microseconds pace{3200};
    std::vector<double> taken;
    taken.reserve(std::size_t{callers} * each);
    run(settings, {.min = 4, .max = 4}, [&](pg::Pool& pool) -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        const pg::Statement statement("select id, name from items where id = $1");
        asio::steady_timer done(executor, Clock::time_point::max());
        while (pool.stats().lanes < 4) {
            co_await pool.query(pg::Session("anna"), statement, pg::Arguments(1));
        }
        int left = callers;
        const auto start = Clock::now() + std::chrono::milliseconds(100);
        for (int caller = 0; caller < callers; ++caller) {
            asio::co_spawn(
                executor,
                [&, caller]() -> asio::awaitable<void> {
                    const pg::Session session("user " + std::to_string(caller));
                    asio::steady_timer timer(executor);
                    for (int i = 0; i < each; ++i) {
                        const auto due = start + i * pace + caller * (pace / callers);
                        if (Clock::now() < due) {
                            timer.expires_at(due);
                            co_await timer.async_wait(asio::use_awaitable);
                        }
                        co_await pool.query(session, statement,
                                            pg::Arguments((caller * 7919 + i * 31) % 100'000));
                        taken.push_back(1000 * Seconds(Clock::now() - due).count());
                    }
                },
                [&](const std::exception_ptr& failure) {
                    if (failure) {
                        std::rethrow_exception(failure);
                    }
                    if (--left == 0) {
                        done.cancel();
                    }
                });
        }
        try {
            co_await done.async_wait(asio::use_awaitable);
        } catch (const boost::system::system_error&) {
            // All are done.
        }
    });
    std::ranges::sort(taken);
    return taken;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 5) {
        return 2;
    }
    pg::Settings settings;
    settings.host = arguments[1];
    settings.user = arguments[2];
    settings.database = arguments[3];
    const int rounds = std::atoi(arguments[4]);
    const std::string text = lines();
    std::vector<double> floors;
    std::vector<double> ours;
    std::vector<double> ratios;
    std::vector<double> inserts;
    std::vector<double> p50;
    std::vector<double> p99;
    for (int round = 0; round < rounds; ++round) {
        floors.push_back(copy_floor(settings, text));
        ours.push_back(copy(settings, text));
        ratios.push_back(floors.back() / ours.back());
        inserts.push_back(1000 * insert(settings));
        const auto sorted = latencies(settings);
        p50.push_back(sorted[sorted.size() / 2]);
        p99.push_back(sorted[sorted.size() * 99 / 100]);
    }
    std::printf("copy of 1,000,000 rows   floor %.0f ms, lease %.0f ms: %.1f%% of the floor\n",
                1000 * median(floors), 1000 * median(ours), 100 * median(ratios));
    std::printf("1,000 rows in a batch    %.2f ms\n", median(inserts));
    std::printf("20,000 reads a second    p50 %.2f ms, p99 %.2f ms\n", median(p50), median(p99));
}
