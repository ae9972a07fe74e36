// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Runs calls in coroutines; run.h does so over a blocking connection.
///     const auto business = co_await pg::run(pool, session, kyb::businesses::get(id));
/// Threads and errors: as Pool.

#include <chrono>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "drivers/pg/call.h"
#include "drivers/pg/columns.h"
#include "drivers/pg/outcome.h"
#include "drivers/pg/pool.h"
#include "drivers/pg/transact.h"

namespace caisson::pg {

namespace detail {
using Deadline = std::chrono::steady_clock::time_point;
/// When all attempts must be over; the end of time without a limit.
Deadline deadline_of(const TransactOptions& options);
/// What is left of it, at least a millisecond; zero without a limit.
std::chrono::milliseconds left_until(Deadline deadline);
/// False, at once, when the pause would go on beyond the deadline.
boost::asio::awaitable<bool> pause(int attempt, TransactOptions options, Deadline deadline);
std::optional<Violation> violation_in(const std::exception_ptr& failure);
/// Whether the work of a transaction may be run again.
bool again(const std::exception_ptr& failure, int attempt, const TransactOptions& options);

template <typename T>
boost::asio::awaitable<T> read(boost::asio::awaitable<Rows> rows, T (*how)(const Rows&)) {
    co_return how(co_await std::move(rows));
}

template <typename T>
boost::asio::awaitable<std::vector<T>> read_all(boost::asio::awaitable<std::vector<Rows>> all,
                                                T (*how)(const Rows&)) {
    std::vector<T> values;
    for (const auto& rows : co_await std::move(all)) {
        values.push_back(how(rows));
    }
    co_return values;
}

template <typename T>
boost::asio::awaitable<Outcome<T>> attempt(boost::asio::awaitable<T> run) {
    std::exception_ptr failure;
    try {
        co_return co_await std::move(run);
    } catch (const DatabaseError&) {
        failure = std::current_exception();
    }
    if (auto violation = violation_in(failure)) {
        co_return std::move(*violation);
    }
    std::rethrow_exception(failure);
}

inline RequestOptions within(RequestOptions options, std::chrono::milliseconds limit) {
    if (options.deadline.count() == 0) {
        options.deadline = limit;
    }
    return options;
}
}  // namespace detail

/// On behalf of `session`, in a transaction of its own. Deadline: that of `options`, else the
/// call's, else the pool's.
template <typename T>
boost::asio::awaitable<T> run(Pool& pool, Session session, Call<T> call,
                              RequestOptions options = {}) {
    return detail::read(
        pool.query(std::move(session), std::move(call.query.statement),
                   std::move(call.query.arguments), detail::within(options, call.limit)),
        call.read);
}

/// All or none, in one transaction and one round trip.
template <typename T>
boost::asio::awaitable<std::vector<T>> run(Pool& pool, Session session, Batch<T> batch,
                                           RequestOptions options = {}) {
    return detail::read_all(pool.batch(std::move(session), std::move(batch.queries),
                                       detail::within(options, batch.limit)),
                            batch.read);
}

/// Rows that were stored. A COPY takes a lane alone.
boost::asio::awaitable<std::uint64_t> run(Pool& pool, Session session, Copy copy,
                                          RequestOptions options = {});

/// Over a lane that is held alone.
template <typename T>
boost::asio::awaitable<T> run(Lease& lease, Session session, Call<T> call,
                              RequestOptions options = {}) {
    return detail::read(
        lease.query(std::move(session), std::move(call.query.statement),
                    std::move(call.query.arguments), detail::within(options, call.limit)),
        call.read);
}

/// Inside a transaction; the limits of calls do not count there, its own does.
template <typename T>
boost::asio::awaitable<T> run(Lease::Transaction& transaction, Call<T> call) {
    return detail::read(
        transaction.query(std::move(call.query.statement), std::move(call.query.arguments)),
        call.read);
}

template <typename T>
boost::asio::awaitable<std::vector<T>> run(Lease::Transaction& transaction, Batch<T> batch) {
    return detail::read_all(transaction.batch(std::move(batch.queries)), batch.read);
}

boost::asio::awaitable<std::uint64_t> run(Lease::Transaction& transaction, Copy copy);

/// As run(), with a rule that was violated as a value. What else goes wrong is thrown.
template <typename T>
boost::asio::awaitable<Outcome<T>> attempt(Pool& pool, Session session, Call<T> call,
                                           RequestOptions options = {}) {
    return detail::attempt(run(pool, std::move(session), std::move(call), options));
}

template <typename T>
boost::asio::awaitable<Outcome<T>> attempt(Lease::Transaction& transaction, Call<T> call) {
    return detail::attempt(run(transaction, std::move(call)));
}

/// Gives each row to `take`, read from the server as it is taken, over a lane that is held alone.
template <typename T, typename Take>
boost::asio::awaitable<void> each(Lease& lease, Session session, Stream<T> stream, Take take,
                                  RequestOptions options = {}) {
    const auto how = stream.read;
    auto rows = co_await lease.stream(std::move(session), std::move(stream.query.statement),
                                      std::move(stream.query.arguments),
                                      detail::within(options, stream.limit));
    while (auto row = co_await rows.next()) {
        take(how(row->front()));
    }
}

/// Runs `co_await work(transaction)` in a transaction on behalf of `session` and commits it. When
/// the server ended it for the sake of others (serialization failure, deadlock), it is run again as
/// a whole, after a pause that grows: so `work` changes nothing but the database. What `work`
/// throws rolls back, and goes on. The limit of `options` is one for all attempts; past it there is
/// no other, and the last one's failure goes on. `work` outlives the call.
template <typename Work>
auto transact(Pool& pool, Session session, Work work, TransactOptions options = {})
    -> std::invoke_result_t<Work&, Lease::Transaction&> {
    using Value = typename std::invoke_result_t<Work&, Lease::Transaction&>::value_type;
    const auto deadline = detail::deadline_of(options);
    for (int attempt = 1;; ++attempt) {
        std::exception_ptr failure;
        try {
            auto lease = co_await pool.lease();
            RequestOptions request;
            request.deadline = detail::left_until(deadline);
            auto transaction = co_await lease.begin(session, request, begin_text(options));
            if constexpr (std::is_void_v<Value>) {
                co_await work(transaction);
                co_await transaction.commit();
                co_return;
            } else {
                Value value = co_await work(transaction);
                co_await transaction.commit();
                co_return value;
            }
        } catch (...) {
            failure = std::current_exception();
        }
        if (!detail::again(failure, attempt, options) ||
            !co_await detail::pause(attempt, options, deadline)) {
            std::rethrow_exception(failure);
        }
    }
}

}  // namespace caisson::pg
