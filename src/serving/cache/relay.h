// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Carries changes from the outbox of a database to Redis, where every process that caches hears
/// of them.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "drivers/pg/settings.h"
#include "drivers/redis/settings.h"
#include "serving/cache/outbox.h"

namespace caisson::cache {

struct RelayLimits {
    std::chrono::milliseconds beat{500};  ///< How often it says that it is there, at least.
    std::chrono::milliseconds lease{
        2'500};  ///< After so long without a word another one takes over.
    std::chrono::milliseconds kept{600'000};  ///< Rows of the outbox, at least.
    /// How often the triggers are looked at, beside each time that it begins to tell.
    std::chrono::milliseconds triggers{60'000};
};

struct RelayStats {
    bool is_telling = false;    ///< Or another one does, or something is away.
    std::uint64_t changes = 0;  ///< Rows of the outbox that were told.
    std::uint64_t resets = 0;   ///< Times that everything kept was declared old, to be sure.
    std::uint64_t failures = 0;
    std::string last_failure;
};

/// Of several, one at a time does the work. Nothing is lost over reconnects: what is read next
/// is what was not yet visible when it was read before. When Redis was away or may have lost what
/// it was told, when the database is another one or an older one of itself, and when triggers were
/// made anew or not there, everything kept is declared old. While a trigger of `tables` is missing
/// or disabled it says so (`last_failure`), and not that it is there: nothing is served that such a
/// table would make old. Threads: that of the executor, which one thread runs.
class Relay {
 public:
    /// `database`: as a role that may read and delete from caisson.cache_outbox. `tables`: those
    /// whose changes it answers for.
    Relay(boost::asio::any_io_executor executor, pg::Settings database, redis::Settings redis,
          std::vector<WatchedTable> tables, RelayLimits limits = {});
    /// Of several databases, at least one; a table is one of each that has it. One that has none of
    /// them is not read, and may be away once that is known; it is asked again with each look at
    /// the triggers, and when a trigger of it says something. Where they are of several servers,
    /// nobody's token is ever known to be told.
    Relay(boost::asio::any_io_executor executor, const std::vector<pg::Settings>& databases,
          redis::Settings redis, std::vector<WatchedTable> tables, RelayLimits limits = {});
    Relay(Relay&&) noexcept;
    Relay& operator=(Relay&&) = delete;
    /// As close().
    ~Relay();

    /// Until it is closed. Never fails because something is away.
    boost::asio::awaitable<void> run();
    RelayStats stats() const;
    void close();

 private:
    struct State;
    std::shared_ptr<State> state_;
};

/// A relay in a thread of its own, from its making to its end. Threads: one at a time.
class BackgroundRelay {
 public:
    /// `tell` hears, in that thread, whenever it begins or ceases to tell, or fails otherwise than
    /// before.
    BackgroundRelay(const std::vector<pg::Settings>& databases, redis::Settings redis,
                    std::vector<WatchedTable> tables, std::function<void(const RelayStats&)> tell,
                    RelayLimits limits = {});
    BackgroundRelay(const BackgroundRelay&) = delete;
    BackgroundRelay& operator=(const BackgroundRelay&) = delete;
    ~BackgroundRelay();

 private:
    struct Inside;
    std::unique_ptr<Inside> inside_;
};

}  // namespace caisson::cache
