// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Between the coroutine of a caller and the request that it waits for. Private to this module.

#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "drivers/pg/lane.h"
#include "drivers/pg/request.h"

namespace caisson::pg {

/// Takes requests and completes each of them, later.
class Taker {
 public:
    virtual ~Taker() = default;
    virtual void submit(RequestPointer request) = 0;
    virtual boost::asio::any_io_executor executor() const = 0;
};

/// What a caller asks for.
struct Ask {
    std::optional<Session> session;
    boost::container::small_vector<Query, 1> steps;
    std::chrono::milliseconds deadline{0};
    bool idempotent = false;
    bool only_prepares = false;
    bool is_bound = false;  ///< Of a lease: never run on another lane.
};

/// Submits it when it is awaited, and gives the rows of its only, or of all its steps.
boost::asio::awaitable<Rows> ask_one(std::shared_ptr<Taker> taker, Ask ask);
boost::asio::awaitable<std::vector<Rows>> ask_all(std::shared_ptr<Taker> taker, Ask ask);
/// All of them, each a transaction of its own, and the rows of all. The first failure counts, after
/// all were answered.
boost::asio::awaitable<std::vector<Rows>> ask_each(std::shared_ptr<Taker> taker,
                                                   std::vector<Ask> asks);
/// `ask` in parts of `together` steps each.
std::vector<Ask> parts_of(const Ask& ask, std::vector<Query> queries, std::size_t together);
/// Waits for a lane alone, and gives its core.
boost::asio::awaitable<std::shared_ptr<void>> ask_for_lane(std::shared_ptr<Taker> taker,
                                                           std::chrono::milliseconds limit);
/// Errors: usage for a statement that a lane of many callers cannot take.
void refuse_stateful(const Statement& statement);

}  // namespace caisson::pg
