// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The cache in two levels: in the process, in Redis, and behind them whatever loads a value.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "drivers/pg/session.h"
#include "drivers/redis/client.h"
#include "serving/cache/local.h"
#include "serving/cache/registry.h"
#include "serving/cache/value.h"

namespace caisson::cache {

struct CacheOptions {
    std::size_t local_bytes = std::size_t{64} << 20U;
    std::size_t largest = std::size_t{1} << 20U;  ///< Larger values are not kept.
    /// What values depend on beside the rows: the hash of the schema, the shape of the values.
    std::string version;
    std::chrono::milliseconds redis{100};   ///< How long Redis may take; then it is done without.
    std::chrono::milliseconds lock{3'000};  ///< A process that loads is waited for so long.
    std::chrono::milliseconds trust{
        2'000};  ///< Silence of the changes for which we trust ourselves.
    std::chrono::milliseconds report{5'000};    ///< How often figures are added up in Redis.
    std::chrono::milliseconds hottest{60'000};  ///< How often the hottest keys are written down.
    double eagerness = 1.0;  ///< Of refreshing early, in units of what loading takes; 0: never.
};

/// A write's own place among the changes: given to the writer, carried by readers who must see it.
/// `select pg_current_xact_id()::text` in the transaction that writes.
struct WriteToken {
    std::uint64_t transaction = 0;
};

/// What a transaction changed of the tables that cached values are made of; see write_through.h.
struct Changes {
    WriteToken token;               ///< Zero when it wrote nothing at all.
    std::vector<std::string> tags;  ///< Empty, too, when they are so many that the relay tells.
};

/// Figures of one pattern, since the beginning.
struct PatternStats {
    std::string pattern;
    std::uint64_t local_hits = 0;
    std::uint64_t redis_hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t loads = 0;
    std::uint64_t failures = 0;    ///< Of loads.
    std::uint64_t waited = 0;      ///< Callers that another caller's load served.
    std::uint64_t refreshed = 0;   ///< Loads while an older value was served.
    std::uint64_t old_served = 0;  ///< Because loading failed.
    std::uint64_t bytes = 0;       ///< Of values loaded.
    std::chrono::microseconds loading{0};
    std::chrono::milliseconds age{0};  ///< Of values served, summed up.
};

/// How keys are loaded before anybody asks for them: no faster than the database can bear.
struct WarmOptions {
    std::size_t most = 1'000;                  ///< Keys.
    std::size_t at_once = 2;                   ///< Loads under way.
    std::size_t a_second = 100;                ///< Keys, at most.
    std::chrono::milliseconds within{60'000};  ///< Then what is left is left.
};
struct WarmReport {
    /// Keys that are kept now: loaded, or taken from Redis. Those with tables are left out while
    /// changes are not heard.
    std::uint64_t warmed = 0;
    std::uint64_t kept = 0;      ///< Those that already were.
    std::uint64_t failures = 0;  ///< After ten in a row it is given up.
};

struct CacheStats {
    std::vector<PatternStats> patterns;
    LocalStats local;
    std::uint64_t changes = 0;  ///< Heard.
    std::uint64_t gaps = 0;     ///< Times that the process forgot everything, to be sure.
    std::uint64_t warmed = 0;   ///< Keys, before anybody asked for them.
    bool redis_is_away = false;
    redis::ClientStats redis;
};

/// Threads: that of the executor, which one thread runs. Whatever Redis does, the value is right:
/// without it every caller's key is loaded, once at a time.
class Cache {
 public:
    /// Loads the value on behalf of the session; nothing is an answer, too, and kept. It serves
    /// whoever asks for the key at that time, and goes on when who asked first is gone: it owns all
    /// that it uses, and does the same for equal keys. What it reads with `tables`, it reads from
    /// the primary, in a transaction that it begins itself: a replica, or a snapshot of before, has
    /// not seen changes that were told, and such a value would be kept as if it had.
    using Loader =
        std::function<boost::asio::awaitable<std::optional<std::string>>(const pg::Session&)>;

    Cache(boost::asio::any_io_executor executor, Registry registry, redis::Settings redis,
          CacheOptions options = {});
    Cache(Cache&&) noexcept;
    Cache& operator=(Cache&&) = delete;
    /// Closes; flights that are under way end with what they have.
    ~Cache();

    /// The value of the key, made for this session: kept, or loaded. Nothing is a value without
    /// bytes whose `is_nothing` is set; never null. Errors: as Registry::key(), and the loader's.
    boost::asio::awaitable<Held> get(pg::Session session, std::string pattern,
                                     std::vector<std::string> values, Loader loader,
                                     WriteToken token = {});
    /// Of a query that caisson generate wrote: `cache.get(session, find_business_cache_key(id),
    /// …)`. Answers of another schema or another query are not seen.
    boost::asio::awaitable<Held> get(pg::Session session, pg::CacheKey wanted, Loader loader,
                                     WriteToken token = {});
    /// Forgets it here and in Redis; other processes may still have it until its ttl, unless its
    /// tables tell.
    boost::asio::awaitable<void> remove(pg::Session session, std::string pattern,
                                        std::vector<std::string> values);
    /// What was committed becomes old at once, here and, as far as Redis can be reached,
    /// everywhere. Never fails: whoever carries changes tells them in any case.
    boost::asio::awaitable<void> tell(Changes changes);
    /// Loads a key of a pattern from the values of its placeholders, as Loader does; both live as
    /// long as the load.
    using KeyLoader = std::function<boost::asio::awaitable<std::optional<std::string>>(
        const pg::Session&, const std::vector<std::string>&)>;
    /// How keys of the pattern are loaded when nobody asks: what is offered may be warmed.
    /// `version` as in pg::CacheKey. Errors: usage for a pattern that is not declared.
    void offer(std::string_view pattern, KeyLoader loader, std::uint64_t version = 0);
    /// Loads what is offered: keys of patterns that need no value, and the hottest of the last run,
    /// each as whom it was kept for. Call it at the start; `caisson cache warm` asks for it, too.
    /// Never fails because something is away. A caller who is cancelled does not end the round.
    boost::asio::awaitable<WarmReport> warm(WarmOptions options = {});
    /// Writes down which keys of what is offered are asked for most, as is done every so often, for
    /// the next run: call it before close(). Never fails.
    boost::asio::awaitable<void> record_hottest();
    CacheStats stats() const;
    /// Whether changes are heard, so that keys with tables are kept in the process.
    bool hears_changes() const;
    void close();

 private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace caisson::cache
