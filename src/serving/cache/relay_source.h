// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One database whose outbox is read. Private to this module.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "drivers/pg/listener.h"
#include "drivers/pg/pool.h"
#include "serving/cache/outbox.h"

namespace caisson::cache {

/// Of the digits it begins with; 0 without one.
std::uint64_t number_of(std::string_view text);

/// What was read of one database, and is to be told.
struct SourceNews {
    std::string snapshot;
    std::string database;    ///< Its server and the server's timeline.
    std::uint64_t open = 0;  ///< The oldest transaction that was not over.
    std::uint64_t rows = 0;
    std::vector<std::string> tags;
    std::vector<std::string> told;  ///< Transactions.
};

struct RelaySource {
    RelaySource(boost::asio::any_io_executor on, const pg::Settings& from);

    pg::Pool pool;
    pg::Listener listener;
    std::string database;  ///< Which one was read; another one after a failover.
    std::string triggers;  ///< Their fingerprint.
    std::string snapshot;  ///< What is visible in it was read; empty: nothing is known.
    /// Whether it has one of the tables, as far as is known. One without them is not read, and may
    /// be away.
    bool is_needed = true;
    bool is_asked = false;  ///< Whether it has one of them by now.

    /// What became visible since the snapshot. Without one nothing is to be told: everything kept
    /// is declared old, and what is loaded from now on knows all that is visible.
    boost::asio::awaitable<SourceNews> look();
    boost::asio::awaitable<TriggerPlan> inspect(const std::vector<WatchedTable>& tables);
    /// Away with rows that were told, older than `kept` seconds.
    boost::asio::awaitable<void> clean(double kept);
};

}  // namespace caisson::cache
