// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One connection that many callers use at once: their requests follow each other in libpq's
/// pipeline without waiting for answers. Each request is one implicit transaction between two Syncs
/// of its own, so that one's error is nobody else's.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "drivers/pg/error.h"
#include "drivers/pg/rows.h"
#include "drivers/pg/session.h"
#include "drivers/pg/settings.h"
#include "drivers/pg/statement.h"
#include "drivers/pg/unanswered.h"

namespace caisson::pg {

struct LaneLimits {
    std::size_t statements = 256;               ///< Prepared at a time, at least 2.
    std::chrono::milliseconds request{30'000};  ///< The deadline of requests that bring none.
    /// How long after the deadline of its oldest request a lane that does not answer is given up.
    std::chrono::milliseconds grace{500};
    /// How long after an answer the next one is looked for before the thread may fall asleep, while
    /// requests are in flight: fewer are woken, on both sides, where there are processors to spare.
    std::chrono::microseconds awake{0};
};

struct RequestOptions {
    /// From the call to the answer; zero: the limits' own. The server is told, too, as the
    /// statement_timeout of the transaction.
    std::chrono::milliseconds deadline{0};
    /// Running it twice does no harm: when the connection breaks before the answer, it is run
    /// again. Not so, the caller learns that it may have run.
    bool idempotent = false;
};

struct LaneStats {
    std::size_t in_flight = 0;
    std::size_t prepared = 0;
    std::uint64_t answered = 0;   ///< Requests, fine or rejected.
    std::uint64_t abandoned = 0;  ///< Requests whose callers did not wait for the answer.
    std::uint64_t prepares = 0;   ///< Statements prepared, again and for the first time.
    std::uint64_t run_again = 0;  ///< Requests run again because a prepared statement was outdated.
};

/// Threads: that of the executor, which one thread runs. Callers are coroutines there. Errors of
/// every request: DatabaseError; Unanswered; usage for arguments that do not fit and for statements
/// that need a lane of their own. A caller that is cancelled gets operation_aborted at once; its
/// answer is dropped when it comes, and nobody else is disturbed.
class Lane {
 public:
    class Core;

    /// Connects. Errors: cannot_connect, also when it took longer than settings.connect_limit.
    static boost::asio::awaitable<Lane> open(Settings settings, LaneLimits limits = {});

    Lane(Lane&&) noexcept = default;
    Lane& operator=(Lane&&) noexcept = default;
    /// Closes; what is in flight fails.
    ~Lane();

    /// One statement in a transaction of its own, as whom the connection is: without a session.
    boost::asio::awaitable<Rows> query(Statement statement, Arguments arguments = {},
                                       RequestOptions options = {});
    /// The same on behalf of `session`, in the same round trip.
    boost::asio::awaitable<Rows> query(Session session, Statement statement,
                                       Arguments arguments = {}, RequestOptions options = {});
    /// All of them in one transaction: all are applied or none.
    boost::asio::awaitable<std::vector<Rows>> batch(Session session, std::vector<Query> queries,
                                                    RequestOptions options = {});
    /// In as many transactions as it takes with `together` statements in each, all on their way at
    /// once: fewer Syncs are faster. Errors: the first one's, after all were answered.
    boost::asio::awaitable<std::vector<Rows>> batches(std::vector<Query> queries,
                                                      std::size_t together,
                                                      RequestOptions options = {});
    LaneStats stats() const;
    bool is_open() const;

 private:
    explicit Lane(std::shared_ptr<Core> core) : core_(std::move(core)) {}
    std::shared_ptr<Core> core_;
};

}  // namespace caisson::pg
