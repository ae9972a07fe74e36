// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A few blocking connections to one database, shared by a daemon's workers.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "drivers/pg/connection.h"

namespace caisson::pg {

struct ConnectionLimits {
    std::size_t min = 0;  ///< Idle connections that maintain() keeps open.
    std::size_t max = 4;
    std::chrono::milliseconds acquire{2'000};      ///< How long acquire() waits for a free one.
    std::chrono::milliseconds idle{60'000};        ///< Unused for so long: closed, above `min`.
    std::chrono::milliseconds lifetime{1800'000};  ///< Closed after this, give or take a tenth.
    std::chrono::milliseconds answer{0};  ///< As Connection::limit_waits(); zero: for ever.
};

struct ConnectionStats {
    std::size_t size = 0;  ///< Open connections: idle and in use.
    std::size_t idle = 0;
    std::size_t in_use = 0;
    std::size_t max = 0;
    std::size_t waiting = 0;  ///< Callers inside acquire().
    std::uint64_t opened = 0;
    std::uint64_t broken = 0;    ///< Closed because they were broken or left in a transaction.
    std::uint64_t timeouts = 0;  ///< acquire() that gave up.
};

/// Threads: any. Whoever takes a connection leaves its session as it was found.
class Connections {
    struct State;

 public:
    /// A connection, for as long as the value lives; then it goes back. It may outlive the pool.
    class Lease {
     public:
        Lease(Lease&&) noexcept = default;
        Lease& operator=(Lease&&) = delete;
        ~Lease();
        Connection& operator*() const { return *connection_; }
        Connection* operator->() const { return connection_.get(); }

     private:
        friend class Connections;
        Lease(std::shared_ptr<State> state, std::unique_ptr<Connection> connection,
              std::chrono::steady_clock::time_point expiry)
            : state_(std::move(state)), connection_(std::move(connection)), expiry_(expiry) {}

        std::shared_ptr<State> state_;
        std::unique_ptr<Connection> connection_;
        std::chrono::steady_clock::time_point expiry_;
    };

    /// Opens nothing yet.
    Connections(Settings settings, ConnectionLimits limits);

    /// An idle connection that the server has not closed meanwhile, or a new one. Errors:
    /// cannot_connect when the server is away, or all are in use for longer than the limit.
    Lease acquire();
    /// Closes what is too old or unused, and opens up to `min`. Never throws: a server that is away
    /// is found out by acquire().
    void maintain() noexcept;
    /// Closes the idle connections.
    void clear() noexcept;
    ConnectionStats stats() const;

 private:
    std::shared_ptr<State> state_;
};

}  // namespace caisson::pg
