// SPDX-License-Identifier: Apache-2.0
/// 1,000 callers at KYB's repositories (KYB-6, KYB-9), each as a user of its own, over one pool of
/// coroutines: how long each operation takes them. A caller does one thing after another, and
/// pauses between two for about as long as told.
///     callers PLATFORM CALLERS PAUSE_MS SECONDS
#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <random>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <caisson/drivers/pg/run_async.h>
#include <caisson/trust/session.h>

#include "generated/kyb.h"

namespace {

namespace asio = boost::asio;
namespace pg = caisson::pg;
namespace businesses = kyb::businesses;
using std::chrono::steady_clock;

/// A user with one of the businesses.
struct User {
    std::string id;
    pg::Uuid owner;
    pg::Uuid business;
};

struct Bench {
    pg::Pool& pool;
    std::vector<User> users;
    double pause;  ///< Milliseconds, of an exponential distribution.
    steady_clock::time_point warm;
    steady_clock::time_point end;
    std::map<std::string, std::vector<double>> times;  ///< Milliseconds, by operation.
    std::size_t failures = 0;
    std::mt19937_64 random{std::random_device{}()};  ///< Registrations of two runs differ.
    std::uint64_t made = 0;
};

template <typename T>
asio::awaitable<T> timed(Bench& bench, const char* name, asio::awaitable<T> work) {
    const auto start = steady_clock::now();
    auto value = co_await std::move(work);
    if (start >= bench.warm) {
        bench.times[name].push_back(
            std::chrono::duration<double, std::milli>(steady_clock::now() - start).count());
    }
    co_return value;
}

businesses::New fresh_business(Bench& bench, const User& user) {
    return {user.owner, "Bench " + std::to_string(++bench.made), "DE",
            "BENCH " + std::to_string(bench.random())};
}

asio::awaitable<void> one_thing(Bench& bench, const User& user) {
    const pg::Session session(user.id);
    auto& pool = bench.pool;
    const auto choice = bench.random() % 100;
    if (choice < 30) {
        co_await timed(bench, "get", pg::run(pool, session, businesses::get(user.business)));
    } else if (choice < 40) {
        co_await timed(bench, "exists", pg::run(pool, session, businesses::exists(user.business)));
    } else if (choice < 50) {
        std::vector<businesses::Key> keys;
        for (int i = 0; i < 10; ++i) {
            keys.push_back(bench.users[bench.random() % bench.users.size()].business);
        }
        co_await timed(bench, "get_many of 10", pg::run(pool, session, businesses::get_many(keys)));
    } else if (choice < 60) {
        co_await timed(bench, "list 20", pg::run(pool, session, businesses::list(20)));
    } else if (choice < 65) {
        co_await timed(bench, "count", pg::run(pool, session, businesses::count()));
    } else if (choice < 70) {
        co_await timed(bench, "query list_businesses",
                       pg::run(pool, session, kyb::queries::list_businesses(user.owner, 20, 0)));
    } else if (choice < 80) {
        businesses::Changes changes;
        changes.city = "City " + std::to_string(bench.random() % 1000);
        co_await timed(bench, "update",
                       pg::run(pool, session, businesses::update(user.business, changes)));
    } else if (choice < 88) {
        const auto row = fresh_business(bench, user);
        const auto made =
            co_await timed(bench, "insert", pg::run(pool, session, businesses::insert(row)));
        co_await timed(bench, "remove", pg::run(pool, session, businesses::remove(made.id)));
    } else if (choice < 94) {
        std::vector<businesses::New> rows;
        for (int i = 0; i < 10; ++i) {
            rows.push_back(fresh_business(bench, user));
        }
        co_await timed(bench, "insert_batch of 10",
                       pg::run(pool, session, businesses::insert_batch(rows)));
    } else {
        auto row = fresh_business(bench, user);
        row.legal_name = "Upserted";
        co_await timed(bench, "upsert",
                       pg::run(pool, session, businesses::upsert(user.business, row)));
    }
}

asio::awaitable<void> caller(Bench& bench, std::size_t number) {
    const auto& user = bench.users[number % bench.users.size()];
    asio::steady_timer timer(co_await asio::this_coro::executor);
    std::exponential_distribution<double> pause(bench.pause > 0 ? 1 / bench.pause : 1);
    while (steady_clock::now() < bench.end) {
        if (bench.pause > 0) {
            timer.expires_after(
                std::chrono::microseconds(static_cast<std::int64_t>(1000 * pause(bench.random))));
            co_await timer.async_wait(asio::use_awaitable);
            if (steady_clock::now() >= bench.end) {
                break;
            }
        }
        try {
            co_await one_thing(bench, user);
        } catch (const std::exception& failure) {
            if (++bench.failures == 1) {
                std::cerr << failure.what() << '\n';
            }
        }
    }
}

double at(const std::vector<double>& sorted, double share) {
    return sorted[std::min(sorted.size() - 1,
                           static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

}  // namespace

int main(int count, char** words) {
    if (count != 5) {
        std::cerr << "callers PLATFORM CALLERS PAUSE_MS SECONDS\n";
        return 2;
    }
    const auto run = caisson::trust::make_run(words[1], "local");
    const auto& database = run.manifest.databases.front();
    const auto callers = std::stoul(words[2]);
    const std::chrono::seconds length(std::stoi(words[4]));
    asio::io_context context;
    pg::PoolLimits limits;
    limits.max = 8;
    pg::Pool pool(context.get_executor(),
                  caisson::trust::role_settings(run, database, caisson::trust::Role::app), limits);
    Bench bench{pool, {}, std::stod(words[3]), {}, {}, {}};
    {
        pg::Connection service(
            caisson::trust::role_settings(run, database, caisson::trust::Role::service));
        const auto rows = service.query(
            "select distinct on (owner_id) owner_id, id from businesses "
            "where status <> 'suspended' limit $1",
            {callers});
        for (const auto& row : rows) {
            bench.users.push_back({row.string("owner_id"), pg::Uuid::from(row.string("owner_id")),
                                   pg::Uuid::from(row.string("id"))});
        }
    }
    bench.warm = steady_clock::now() + std::chrono::seconds(2);
    bench.end = bench.warm + length;
    for (std::size_t i = 0; i < callers; ++i) {
        asio::co_spawn(context, caller(bench, i), asio::detached);
    }
    asio::steady_timer closing(context);
    closing.expires_at(bench.end + std::chrono::seconds(5));
    closing.async_wait([&](const auto&) { pool.close(); });
    context.run();
    std::size_t all = 0;
    for (auto& [name, times] : bench.times) {
        std::sort(times.begin(), times.end());
        all += times.size();
        std::printf("%-24s %8zu  p50 %7.2f ms  p99 %7.2f ms  max %7.2f ms\n", name.c_str(),
                    times.size(), at(times, 0.5), at(times, 0.99), times.back());
    }
    std::printf("%zu callers, pauses of %s ms: %.0f operations a second, %zu failed\n", callers,
                words[3], static_cast<double>(all) / static_cast<double>(length.count()),
                bench.failures);
    return bench.failures == 0 ? 0 : 1;
}
