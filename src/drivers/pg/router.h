// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One database on several hosts: a primary, which may change, and its replicas.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "drivers/pg/pool.h"
#include "drivers/pg/routing.h"

namespace caisson::pg {

struct RouterLimits {
    PoolLimits pool;                       ///< Of each host.
    std::chrono::milliseconds probe{250};  ///< Between two looks at a host.
    /// How long a host may leave a probe unanswered before it counts as unreachable.
    std::chrono::milliseconds patience{1'000};
};

struct ReadOptions {
    /// Nothing: from the primary.
    std::optional<Staleness> staleness;
    /// Rows at least as new as this moment, wherever they come from.
    std::optional<WriteToken> after;
    std::chrono::milliseconds deadline{0};  ///< As RequestOptions.
};

struct HostStats {
    std::string address;
    routing::Host::Role role;
    std::uint32_t timeline;
    std::uint64_t position;
    std::optional<std::chrono::milliseconds> behind;  ///< A replica's, where it is known.
    std::string failure;                              ///< Why it is unreachable.
    PoolStats pool;
};
struct RouterStats {
    std::vector<HostStats> hosts;
    std::uint64_t to_primary = 0;   ///< Attempts.
    std::uint64_t to_replicas = 0;  ///< Attempts.
    std::uint64_t again = 0;        ///< Of them, those after another had failed.
    std::uint64_t fail_overs = 0;
};

/// Every host is looked at all the time over a connection of its own; requests follow within one
/// probe interval of a fail-over. Of two primaries the one of the newer timeline is believed, and
/// one of an older timeline than was ever seen gets nothing, even alone: build a router anew for a
/// cluster that begins again. A host whose requests fail gets no reads until it answers a probe.
///
/// A write is sent a second time only where the first provably stored nothing: it was never sent,
/// or the server said that it is none to write to. A read is sent again to another host whenever
/// its host fails, so it must not change anything.
///
/// Threads and errors: as Pool. Where no host fits until the deadline: Unanswered, which says what
/// is known of each. A read that two hosts were lost with is not tried on a third.
class Router {
 public:
    class State;

    /// `hosts` are the same database, their settings differ in host and port. Errors: usage without
    /// any.
    Router(boost::asio::any_io_executor executor, std::vector<Settings> hosts,
           RouterLimits limits = {});
    Router(Router&&) noexcept = default;
    Router& operator=(Router&&) = delete;
    ~Router();

    boost::asio::awaitable<Rows> read(Session session, Statement statement,
                                      Arguments arguments = {}, ReadOptions options = {});
    boost::asio::awaitable<Rows> write(Session session, Statement statement,
                                       Arguments arguments = {}, RequestOptions options = {});
    /// All of them in one transaction: all are applied or none.
    boost::asio::awaitable<std::vector<Rows>> write(Session session, std::vector<Query> queries,
                                                    RequestOptions options = {});
    /// A lane of the primary held alone. Errors: Unanswered where there is no primary until then.
    boost::asio::awaitable<Lease> lease();
    /// A moment after everything that was committed before the call: asked for after a write, it
    /// is the token of that write. Not of a write whose transaction set synchronous_commit to off
    /// by itself.
    boost::asio::awaitable<WriteToken> token();

    RouterStats stats() const;
    void close();

 private:
    std::shared_ptr<State> state_;
};

}  // namespace caisson::pg
