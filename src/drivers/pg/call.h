// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A query as a value: the statement, its arguments, and how its rows are read. What generated code
/// gives; run.h runs it over a blocking connection, run_async.h in a coroutine.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "drivers/pg/rows.h"
#include "drivers/pg/statement.h"

namespace caisson::pg {

/// One query that gives a T. Cheap to move. Threads: any.
template <typename T>
struct Call {
    using Value = T;
    Call(Query what, T (*how)(const Rows&), std::chrono::milliseconds most = {})
        : query(std::move(what)), read(how), limit(most) {}
    Call(Statement what, Arguments with, T (*how)(const Rows&), std::chrono::milliseconds most = {})
        : query(std::move(what), std::move(with)), read(how), limit(most) {}

    Query query;
    T (*read)(const Rows&);
    std::chrono::milliseconds limit;  ///< From sending it to its answer; zero: the caller's own.
};

/// Queries that go together: all are applied or none, in one round trip. It gives one T for each.
template <typename T>
struct Batch {
    Batch(std::vector<Query> what, T (*how)(const Rows&), std::chrono::milliseconds most = {})
        : queries(std::move(what)), read(how), limit(most) {}

    std::vector<Query> queries;
    T (*read)(const Rows&);
    std::chrono::milliseconds limit;
};

/// One query whose rows are taken one by one, however many there are.
template <typename T>
struct Stream {
    Stream(Query what, T (*how)(const Rows::Row&), std::chrono::milliseconds most = {})
        : query(std::move(what)), read(how), limit(most) {}
    Stream(Statement what, Arguments with, T (*how)(const Rows::Row&),
           std::chrono::milliseconds most = {})
        : query(std::move(what), std::move(with)), read(how), limit(most) {}

    Query query;
    T (*read)(const Rows::Row&);
    std::chrono::milliseconds limit;
};

/// Where the answers of a query may be kept: what cache::Cache::get() is given beside the session.
/// The registry escapes the values, and fills `{tenant}` and `{role}`.
struct CacheKey {
    std::string_view pattern;         ///< As [cache.keys] has it.
    std::vector<std::string> values;  ///< Of its other placeholders, in their order.
    /// Of the answers: what was kept by another schema or another query is not seen. 0: by none.
    std::uint64_t version = 0;
};

/// A row's value: of a struct that is made from one, or of the only column.
template <typename T>
T from_row(const Rows::Row& row) {
    if constexpr (std::is_constructible_v<T, const Rows::Row&> && !std::is_same_v<T, std::string>) {
        return T(row);
    } else {
        return row.template get<T>(0);
    }
}

/// The number of a choice that a caller made among `count`, such as the order of a query.
/// Errors: usage when it is none of them.
std::size_t choice(std::size_t number, std::size_t count);

namespace detail {
/// As PL/pgSQL's INTO STRICT. Errors: always, database_rejected with P0002 or P0003.
[[noreturn]] void fail_count(std::size_t found);
}  // namespace detail

/// The only row. Errors: database_rejected when there is none (P0002), or more than one (P0003).
template <typename T>
T read_one(const Rows& rows) {
    if (rows.size() != 1) {
        detail::fail_count(rows.size());
    }
    return from_row<T>(rows.front());
}

/// The only row, if there is one. Errors: database_rejected (P0003) when there are more.
template <typename T>
std::optional<T> read_optional(const Rows& rows) {
    if (rows.size() > 1) {
        detail::fail_count(rows.size());
    }
    std::optional<T> value;
    if (!rows.empty()) {
        value.emplace(from_row<T>(rows.front()));
    }
    return value;
}

template <typename T>
std::vector<T> read_many(const Rows& rows) {
    if constexpr (std::is_constructible_v<T, const Rows::Row&> && !std::is_same_v<T, std::string>) {
        // Made where they stay: compiling a vector that grows takes longer than all the rest.
        return std::vector<T>(rows.begin(), rows.end());
    } else {
        std::vector<T> values;
        for (const auto row : rows) {
            values.push_back(row.template get<T>(0));
        }
        return values;
    }
}

/// How many rows an INSERT, UPDATE or DELETE touched.
std::uint64_t read_affected(const Rows& rows);
/// Whether it touched any.
bool read_whether(const Rows& rows);

}  // namespace caisson::pg
