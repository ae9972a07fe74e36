// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One implicit transaction of a pipeline, on its way from a caller to a lane and back. Private to
/// this module.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <boost/container/small_vector.hpp>

#include "drivers/pg/rows.h"
#include "drivers/pg/session.h"
#include "drivers/pg/statement.h"

namespace caisson::pg {

struct Request {
    using Clock = std::chrono::steady_clock;
    enum class Kind : std::uint8_t { work, prepare, lookup, command };

    Request() = default;
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;
    virtual ~Request() = default;

    /// Hands `rows` or `failure` over to whoever waits. Called once, with nothing of the lane or
    /// the pool half done, because the waiter goes on inside it. Not called for an abandoned one.
    virtual void complete() {}
    /// Tells whoever waits at once, or rather at the next turn; what is on its way goes on, and its
    /// answer is dropped.
    virtual void give_up(std::exception_ptr) { abandoned = true; }
    /// complete() at the next turn.
    virtual void complete_soon() {}

    // What is asked.
    Kind kind = Kind::work;
    bool idempotent = false;     ///< May be run a second time when the first one's fate is unknown.
    bool only_prepares = false;  ///< Complete once its statements are prepared; nothing is run.
    bool wants_lane = false;     ///< A whole lane instead of an answer.
    bool is_bound = false;       ///< To its lane: what came before it there matters.
    bool abandoned = false;      ///< Nobody waits any more; its answers are dropped.
    bool may_have_run = false;   ///< It was sent once, over a connection that broke.
    std::uint8_t attempts = 0;
    std::uint8_t moves = 0;  ///< To another lane, because its own broke.
    std::optional<Session> session;
    boost::container::small_vector<Query, 1> steps;
    Clock::time_point deadline = Clock::time_point::max();

    // What came of it.
    boost::container::small_vector<Rows, 1> rows;
    std::exception_ptr failure;
    std::shared_ptr<void> lane;  ///< The core of the one that it wanted.

    // How far the lane is.
    std::size_t expected = 0;          ///< Messages that were sent before the Sync.
    std::size_t answered = 0;          ///< Of them, those whose results are complete.
    std::size_t preamble = 0;          ///< Of them, those before the first step.
    bool is_refused_at_sync = false;   ///< An error of its Sync was read, the NULL behind it not.
    bool is_stale = false;             ///< Failed because a prepared statement is outdated or gone.
    std::size_t stale = 0;             ///< Which message.
    std::vector<TypeId> parameters;    ///< Of Kind::prepare.
    std::vector<TypeId> columns;       ///< Of Kind::prepare, and of the lookup that it led to.
    std::optional<Statement> subject;  ///< Of Kind::lookup: the statement that waits for it.
};

using RequestPointer = std::unique_ptr<Request>;

}  // namespace caisson::pg
