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

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "drivers/pg/settings.h"
#include "drivers/redis/settings.h"

namespace caisson::cache {

struct RelayLimits {
    std::chrono::milliseconds beat{500};  ///< How often it says that it is there, at least.
    std::chrono::milliseconds lease{
        2'500};  ///< After so long without a word another one takes over.
    std::chrono::milliseconds kept{600'000};  ///< Rows of the outbox, at least.
};

struct RelayStats {
    bool is_telling = false;    ///< Or another one does, or something is away.
    std::uint64_t changes = 0;  ///< Rows of the outbox that were told.
    std::uint64_t resets = 0;   ///< Times that everything kept was declared old, to be sure.
    std::uint64_t failures = 0;
    std::string last_failure;
};

/// Of several, one at a time does the work. Nothing is lost over reconnects: what is read next
/// begins with the oldest transaction that was open when it was read before. When Redis was away,
/// or may have lost what it was told, everything kept is declared old. Threads: that of the
/// executor, which one thread runs.
class Relay {
 public:
    /// `database`: as a role that may read and delete from caisson.cache_outbox.
    Relay(boost::asio::any_io_executor executor, pg::Settings database, redis::Settings redis,
          RelayLimits limits = {});
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
    BackgroundRelay(pg::Settings database, redis::Settings redis,
                    std::function<void(const RelayStats&)> tell, RelayLimits limits = {});
    BackgroundRelay(const BackgroundRelay&) = delete;
    BackgroundRelay& operator=(const BackgroundRelay&) = delete;
    ~BackgroundRelay();

 private:
    struct Inside;
    std::unique_ptr<Inside> inside_;
};

}  // namespace caisson::cache
