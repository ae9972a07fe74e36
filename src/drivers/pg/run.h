// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Runs calls over a blocking connection, one caller at a time; run_async.h does so in coroutines.
///     const auto business = pg::run(connection, session, kyb::businesses::get(id));
/// Without a session they act as whoever the connection is. Inside a transaction leave the session
/// to transact(). Errors: as Connection::fetch().

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "drivers/pg/call.h"
#include "drivers/pg/columns.h"
#include "drivers/pg/connection.h"
#include "drivers/pg/outcome.h"
#include "drivers/pg/session.h"
#include "drivers/pg/transact.h"

namespace caisson::pg {

namespace detail {
Rows fetch(Connection& connection, const Session* session, const Query& query,
           std::chrono::milliseconds limit);
std::vector<Rows> fetch_all(Connection& connection, const Session* session,
                            std::vector<Query> queries, std::chrono::milliseconds limit);
void each(Connection& connection, const Query& query, std::chrono::milliseconds limit,
          const std::function<void(const Rows::Row&)>& take);
void each(Connection& connection, const Session& session, const Query& query,
          std::chrono::milliseconds limit, const std::function<void(const Rows::Row&)>& take);
void begin(Connection& connection, const Session& session, const TransactOptions& options);
/// Errors: usage inside a transaction, which the inner COMMIT would end.
void refuse_nested(const Connection& connection);
/// Whether to run the work again, after having waited.
bool again(Connection& connection, const DatabaseError& error, int attempt,
           const TransactOptions& options);
}  // namespace detail

template <typename T>
T run(Connection& connection, const Call<T>& call) {
    return call.read(detail::fetch(connection, nullptr, call.query, call.limit));
}

/// On behalf of `session`, in a transaction of its own: user and role are set in the same message.
/// Errors: also usage inside a transaction.
template <typename T>
T run(Connection& connection, const Session& session, const Call<T>& call) {
    return call.read(detail::fetch(connection, &session, call.query, call.limit));
}

/// All or none, in one round trip.
template <typename T>
std::vector<T> run(Connection& connection, const Batch<T>& batch) {
    std::vector<T> values;
    for (const auto& rows : detail::fetch_all(connection, nullptr, batch.queries, batch.limit)) {
        values.push_back(batch.read(rows));
    }
    return values;
}

template <typename T>
std::vector<T> run(Connection& connection, const Session& session, const Batch<T>& batch) {
    std::vector<T> values;
    for (const auto& rows : detail::fetch_all(connection, &session, batch.queries, batch.limit)) {
        values.push_back(batch.read(rows));
    }
    return values;
}

/// Rows that were stored.
std::uint64_t run(Connection& connection, const Copy& copy);
std::uint64_t run(Connection& connection, const Session& session, const Copy& copy);

/// Gives each row to `take`, a thousand of them in memory at a time. It is read through a cursor,
/// so a query it must be, and not one that changes rows; its limit is that of each such part. It
/// runs in the transaction that is open, as whoever that acts for, or else in one of its own, as
/// the connection's role and for nobody.
template <typename T, typename Take>
void each(Connection& connection, const Stream<T>& stream, Take&& take) {
    detail::each(connection, stream.query, stream.limit,
                 [&](const Rows::Row& row) { take(stream.read(row)); });
}

/// On behalf of `session`, in a transaction of its own, which is not run again: rows were taken.
/// Errors: also usage inside a transaction.
template <typename T, typename Take>
void each(Connection& connection, const Session& session, const Stream<T>& stream, Take&& take) {
    detail::each(connection, session, stream.query, stream.limit,
                 [&](const Rows::Row& row) { take(stream.read(row)); });
}

/// As run(), with a rule that was violated as a value. What else goes wrong is thrown.
template <typename T>
Outcome<T> attempt(Connection& connection, const Call<T>& call) {
    try {
        return run(connection, call);
    } catch (const DatabaseError& error) {
        if (auto violation = violation_of(error)) {
            return std::move(*violation);
        }
        throw;
    }
}

template <typename T>
Outcome<T> attempt(Connection& connection, const Session& session, const Call<T>& call) {
    try {
        return run(connection, session, call);
    } catch (const DatabaseError& error) {
        if (auto violation = violation_of(error)) {
            return std::move(*violation);
        }
        throw;
    }
}

/// Runs `work(connection)` in a transaction on behalf of `session` and commits it. When the server
/// ended it for the sake of others (serialization failure, deadlock), it is run again as a whole,
/// after a pause that grows: so `work` changes nothing but the database. What `work` throws rolls
/// back, and goes on. Errors: as Connection::fetch(); the last attempt's own; 25P02 when `work`
/// went on after a statement had failed; usage inside a transaction.
template <typename Work>
std::invoke_result_t<Work&, Connection&> transact(Connection& connection, const Session& session,
                                                  Work&& work,
                                                  const TransactOptions& options = {}) {
    using Value = std::invoke_result_t<Work&, Connection&>;
    detail::refuse_nested(connection);
    for (int attempt = 1;; ++attempt) {
        try {
            Transaction transaction(connection, begin_text(options));
            detail::begin(connection, session, options);
            if constexpr (std::is_void_v<Value>) {
                work(connection);
                transaction.commit();
                return;
            } else {
                Value value = work(connection);
                transaction.commit();
                return value;
            }
        } catch (const DatabaseError& error) {
            if (!detail::again(connection, error, attempt, options)) {
                throw;
            }
        }
    }
}

}  // namespace caisson::pg
