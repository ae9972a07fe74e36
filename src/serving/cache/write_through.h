// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Transactions that tell what they changed as soon as it is committed:
///     const auto token = co_await cache::transact(cache, pool, session, work);
///     co_await cache.get(session, find_business_cache_key(id), loader, token);
/// The triggers of the tables say what changed, so that nobody has to. Whoever carries changes
/// (caisson serve) tells it, too, some milliseconds later, and of every other writer: this is only
/// how its own process and the others hear of it at once.

#include <type_traits>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "drivers/pg/call.h"
#include "drivers/pg/run_async.h"
#include "serving/cache/read_through.h"

namespace caisson::cache {

/// What a transaction gave, with the token by which its writes are read.
template <typename T>
struct Written {
    T value;
    WriteToken token;
};

/// What the transaction that it runs in changed until now. Without what triggers do that wait for
/// the commit (deferred constraints).
pg::Call<Changes> changes_of_transaction();

/// As pg::transact(), and told after the commit; one more question before it. Gives the token, or
/// beside it what `work` gives. Nothing is told of what was rolled back. Telling never fails a
/// transaction that is committed: without Redis its own process forgets, and who carries the token
/// is right everywhere.
template <typename Work>
auto transact(Cache& cache, pg::Pool& pool, pg::Session session, Work work,
              pg::TransactOptions options = {})
    -> boost::asio::awaitable<std::conditional_t<
        std::is_void_v<typename std::invoke_result_t<Work&, pg::Lease::Transaction&>::value_type>,
        WriteToken,
        Written<typename std::invoke_result_t<Work&, pg::Lease::Transaction&>::value_type>>> {
    using Given = typename std::invoke_result_t<Work&, pg::Lease::Transaction&>::value_type;
    Changes changes;
    const auto listening =
        [&work, &changes](pg::Lease::Transaction& inside) -> boost::asio::awaitable<Given> {
        if constexpr (std::is_void_v<Given>) {
            co_await work(inside);
            changes = co_await pg::run(inside, changes_of_transaction());
        } else {
            Given value = co_await work(inside);
            changes = co_await pg::run(inside, changes_of_transaction());
            co_return value;
        }
    };
    if constexpr (std::is_void_v<Given>) {
        co_await pg::transact(pool, std::move(session), listening, options);
        const auto token = changes.token;
        co_await cache.tell(std::move(changes));
        co_return token;
    } else {
        Given value = co_await pg::transact(pool, std::move(session), listening, options);
        const auto token = changes.token;
        co_await cache.tell(std::move(changes));
        co_return Written<Given>{std::move(value), token};
    }
}

}  // namespace caisson::cache
