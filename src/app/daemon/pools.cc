// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/pools.h"

#include <algorithm>
#include <deque>
#include <list>
#include <thread>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
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
    try {
        auto lane = co_await pg::Lane::open(std::move(settings));
        co_return co_await lane.query(std::move(statement), {}, {.deadline = deadline});
    } catch (const boost::system::system_error&) {
        throw pg::Unanswered(pg::Unanswered::Reason::closed, true, "the daemon ends");
    }
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
    /// Of questions over connections of their own; for the thread only. Longer there than what
    /// listens to them.
    std::list<asio::cancellation_signal> stops;
    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> open{io.get_executor()};
    // For the thread only.
    std::deque<pg::Pool> pools;  ///< None before start().
    bool is_closed = false;
    std::thread thread;
};

Pools::Pools(std::vector<Database> databases) : inside_(std::make_unique<Inside>()) {
    auto& inside = *inside_;
    inside.databases = std::move(databases);
    inside.thread = std::thread([&inside] {
        const interrupt::Shield shield;
        while (true) {
            try {
                inside.io.run();
                return;
            } catch (const std::exception&) {
                // Out of memory in a handler: that question is lost, the others are not.
            }
        }
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
    // Attempts to connect may be under way, for a second yet: nobody waits for them, unless for a
    // name that is being looked up, which Asio does in a thread that cannot be stopped.
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
    const auto answer = std::make_shared<std::promise<pg::Rows>>();
    asio::post(inside_->io, [inside = inside_.get(), answer, settings = std::move(settings),
                             statement = std::move(statement), deadline]() mutable {
        const auto stop = inside->stops.emplace(inside->stops.end());
        asio::co_spawn(
            inside->io, ask_once(std::move(settings), std::move(statement), deadline),
            asio::bind_cancellation_slot(
                stop->slot(), [inside, answer, stop](std::exception_ptr failure, pg::Rows rows) {
                    // It stands in what the signal belongs to.
                    asio::post(inside->io, [inside, stop] { inside->stops.erase(stop); });
                    if (failure) {
                        answer->set_exception(std::move(failure));
                    } else {
                        answer->set_value(std::move(rows));
                    }
                }));
        if (inside->is_closed) {
            stop->emit(asio::cancellation_type::terminal);
        }
    });
    return answer->get_future();
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
        inside_->is_closed = true;
        for (auto& stop : inside_->stops) {
            stop.emit(asio::cancellation_type::terminal);
        }
    });
}

}  // namespace caisson::daemon
