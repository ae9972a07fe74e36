// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A few lanes to one database, shared by as many callers as there are.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "drivers/pg/lane.h"
#include "drivers/pg/lease.h"

namespace caisson::pg {

struct PoolLimits {
    std::size_t min = 1;     ///< Lanes that are kept open.
    std::size_t max = 4;     ///< Lanes open at a time.
    std::size_t depth = 64;  ///< Requests in flight on a lane.
    std::size_t alone = 0;   ///< Lanes that may be held alone at a time; 0: one less than `max`.
    std::size_t waiting = 10'000;  ///< Requests that wait for room; more are refused at once.
    std::chrono::milliseconds acquire{2'000};      ///< How long a request waits for room.
    std::chrono::milliseconds idle{60'000};        ///< Unused for so long: closed, above `min`.
    std::chrono::milliseconds lifetime{1800'000};  ///< Closed after this, give or take a tenth.
    std::chrono::milliseconds reap{1'000};         ///< How often lanes are looked at.
    std::chrono::milliseconds retry{100};     ///< Between attempts to reach a server that is away.
    std::chrono::milliseconds check{15'000};  ///< Unused for so long: asked whether it still lives.
    std::chrono::milliseconds slow{20};  ///< A lane whose server works so long at one request is
                                         ///< left alone while there is another.
    /// Whether requests that wait fail as soon as there is no lane and an attempt to open one
    /// failed; else they wait on, for at most `acquire`, while that is tried again.
    bool fail_at_once = false;
    LaneLimits lane = {};
};

/// What there is, and what has happened since the beginning.
struct PoolStats {
    std::size_t lanes = 0;  ///< Open ones.
    std::size_t idle = 0;   ///< Of them, without a request.
    std::size_t alone = 0;  ///< Of them, held by one caller.
    std::size_t opening = 0;
    std::size_t in_flight = 0;      ///< Requests.
    std::size_t waiting = 0;        ///< Requests, for room.
    std::size_t waiting_alone = 0;  ///< Callers, for a lane of their own.
    std::uint64_t answered = 0;     ///< Requests, fine or rejected.
    std::uint64_t opened = 0;
    std::uint64_t not_opened = 0;  ///< Attempts that failed.
    std::uint64_t broken = 0;      ///< Lanes.
    std::uint64_t unused = 0;      ///< Lanes closed because nobody used them.
    std::uint64_t retired = 0;     ///< Lanes closed because they were old.
    std::uint64_t timeouts = 0;    ///< Requests that got no room in time.
    std::uint64_t refused = 0;     ///< Requests refused because too many were waiting.
    std::uint64_t moved = 0;       ///< Requests run on another lane because theirs broke.
    std::uint64_t run_again = 0;   ///< Because a prepared statement was outdated.
    std::uint64_t prepares = 0;
};

/// Who asks first is served first. Every request has a deadline, and ends at it whatever the server
/// does; what the pool cannot do is an error of the request, never of the pool, which goes on
/// trying to reach its server. Threads and errors: as Lane.
class Pool {
 public:
    class State;

    /// Opens `min` lanes in the background.
    Pool(boost::asio::any_io_executor executor, Settings settings, PoolLimits limits = {});
    Pool(Pool&&) noexcept = default;
    Pool& operator=(Pool&&) = delete;
    /// As close().
    ~Pool();

    /// One statement on behalf of `session`, in a transaction of its own.
    boost::asio::awaitable<Rows> query(Session session, Statement statement,
                                       Arguments arguments = {}, RequestOptions options = {});
    /// All of them in one transaction: all are applied or none.
    boost::asio::awaitable<std::vector<Rows>> batch(Session session, std::vector<Query> queries,
                                                    RequestOptions options = {});
    /// In as many transactions as it takes with `together` statements in each, all on their way at
    /// once: fewer Syncs are faster. Their order is not kept. Errors: the first one's, after all
    /// were answered.
    boost::asio::awaitable<std::vector<Rows>> batches(Session session, std::vector<Query> queries,
                                                      std::size_t together,
                                                      RequestOptions options = {});
    /// A lane held alone, for as long as the value lives: for what takes long, what streams, and
    /// what needs more than one request. It waits for at most `limits.acquire`.
    boost::asio::awaitable<Lease> lease();

    PoolStats stats() const;
    /// Requests that it has at the moment, in flight and waiting.
    std::size_t load() const;
    /// Closes everything; whoever waits gets Unanswered.
    void close();

 private:
    std::shared_ptr<State> state_;
};

}  // namespace caisson::pg
