// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/pools.h"

#include <algorithm>
#include <deque>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include "base/interrupt.h"

namespace caisson::daemon {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

asio::awaitable<pg::Rows> ask_once(pg::Settings settings, std::string statement,
                                   milliseconds deadline) {
    auto lane = co_await pg::Lane::open(std::move(settings));
    co_return co_await lane.query(std::move(statement), {}, {.deadline = deadline});
}

/// The daemon's own connections: short waits, so that a server that hangs is found out.
pg::Settings settings_of(const Database& database) {
    auto settings = database.settings;
    settings.connect_limit = std::chrono::seconds(1);
    return settings;
}

}  // namespace

struct Pools::Inside {
    asio::awaitable<pg::Rows> ask(std::size_t database, std::string statement,
                                  milliseconds deadline) {
        // A look may be taken twice.
        co_return co_await pools.at(database).query(pg::Session::nobody(), std::move(statement), {},
                                                    {.deadline = deadline, .idempotent = true});
    }

    /// Runs `work` in the thread of the pools, and gives what it gives.
    template <typename Work>
    auto run(Work work) {
        return asio::post(io, asio::use_future(std::move(work))).get();
    }

    std::vector<Database> databases;
    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> open{io.get_executor()};
    std::deque<pg::Pool> pools;  ///< For the thread only; none before start().
    std::thread thread;
};

Pools::Pools(std::vector<Database> databases) : inside_(std::make_unique<Inside>()) {
    auto& inside = *inside_;
    inside.databases = std::move(databases);
    inside.thread = std::thread([&inside] {
        const interrupt::Shield shield;
        inside.io.run();
    });
}

void Pools::start() {
    inside_->run([this] {
        for (const auto& database : inside_->databases) {
            inside_->pools.emplace_back(inside_->io.get_executor(), settings_of(database),
                                        database.pool);
        }
    });
}

std::size_t Pools::size() const { return inside_->databases.size(); }

const std::string& Pools::name(std::size_t database) const {
    return inside_->databases.at(database).name;
}

Pools::~Pools() {
    close();
    // Attempts to connect may be under way, for a second yet: nobody waits for them.
    inside_->io.stop();
    inside_->thread.join();
}

pg::Rows Pools::query(std::size_t database, std::string statement, milliseconds deadline) {
    return asio::co_spawn(inside_->io, inside_->ask(database, std::move(statement), deadline),
                          asio::use_future)
        .get();
}

std::future<pg::Rows> Pools::query_once(pg::Settings settings, std::string statement,
                                        milliseconds deadline) {
    return asio::co_spawn(inside_->io,
                          ask_once(std::move(settings), std::move(statement), deadline),
                          asio::use_future);
}

PoolFigures Pools::figures(std::size_t database) const {
    auto stats = inside_->run([this, database] {
        const auto& pools = inside_->pools;
        return database < pools.size() ? pools[database].stats() : pg::PoolStats{};
    });
    return {stats, std::max<std::size_t>(inside_->databases.at(database).pool.max, 1)};
}

PoolFigures Pools::sum() const {
    PoolFigures total;
    for (std::size_t i = 0; i < size(); ++i) {
        const auto one = figures(i);
        total.stats.lanes += one.stats.lanes;
        total.stats.idle += one.stats.idle;
        total.max += one.max;
    }
    return total;
}

void Pools::close() {
    inside_->run([this] {
        for (auto& pool : inside_->pools) {
            pool.close();
        }
    });
}

}  // namespace caisson::daemon
