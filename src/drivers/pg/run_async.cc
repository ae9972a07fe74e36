// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/run_async.h"

#include <algorithm>
#include <functional>
#include <memory>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace caisson::pg {

namespace asio = boost::asio;

detail::Deadline detail::deadline_of(const TransactOptions& options) {
    return options.limit.count() > 0 ? std::chrono::steady_clock::now() + options.limit
                                     : Deadline::max();
}

std::chrono::milliseconds detail::left_until(Deadline deadline) {
    if (deadline == Deadline::max()) {
        return std::chrono::milliseconds(0);
    }
    const auto left = deadline - std::chrono::steady_clock::now();
    return std::max(std::chrono::milliseconds(1),
                    std::chrono::duration_cast<std::chrono::milliseconds>(left));
}

asio::awaitable<bool> detail::pause(int attempt, TransactOptions options, Deadline deadline) {
    const auto length = pause_after(attempt, options);
    if (deadline != Deadline::max() && std::chrono::steady_clock::now() + length >= deadline) {
        co_return false;
    }
    asio::steady_timer timer(co_await asio::this_coro::executor, length);
    co_await timer.async_wait(asio::use_awaitable);
    co_return true;
}

std::optional<Violation> detail::violation_in(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const DatabaseError& error) {
        return violation_of(error);
    } catch (...) {
        return std::nullopt;
    }
}

bool detail::again(const std::exception_ptr& failure, int attempt, const TransactOptions& options) {
    if (attempt >= options.attempts) {
        return false;
    }
    try {
        std::rethrow_exception(failure);
    } catch (const DatabaseError& error) {
        return may_succeed_again(error);
    } catch (...) {
        return false;
    }
}

namespace {

/// Gives all of it at once, and then nothing.
std::function<asio::awaitable<std::string_view>()> giving(std::string all) {
    const auto data = std::make_shared<std::string>(std::move(all));
    const auto is_given = std::make_shared<bool>(false);
    return [data, is_given]() -> asio::awaitable<std::string_view> {
        co_return std::exchange(*is_given, true) ? std::string_view() : std::string_view(*data);
    };
}

}  // namespace

asio::awaitable<std::uint64_t> run(Pool& pool, Session session, Copy copy, RequestOptions options) {
    options = detail::within(options, copy.limit);
    if (copy.insert) {
        const auto rows = co_await pool.query(std::move(session), std::move(copy.insert->statement),
                                              std::move(copy.insert->arguments), options);
        co_return rows.affected();
    }
    if (copy.statement.empty()) {
        co_return 0;
    }
    auto lease = co_await pool.lease();
    // With a name: g++ 12 destroys what a temporary has captured twice, inside of co_await.
    auto give = giving(std::move(copy.data));
    co_return co_await lease.copy_in(std::move(session), std::move(copy.statement), std::move(give),
                                     options);
}

asio::awaitable<std::uint64_t> run(Lease::Transaction& transaction, Copy copy) {
    if (copy.insert) {
        const auto rows = co_await transaction.query(std::move(copy.insert->statement),
                                                     std::move(copy.insert->arguments));
        co_return rows.affected();
    }
    if (copy.statement.empty()) {
        co_return 0;
    }
    auto give = giving(std::move(copy.data));
    co_return co_await transaction.copy_in(std::move(copy.statement), std::move(give));
}

}  // namespace caisson::pg
