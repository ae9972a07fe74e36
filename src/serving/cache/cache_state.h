// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The inside of the cache in two levels. Private to this module.

#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "drivers/redis/subscriber.h"
#include "serving/cache/breaker.h"
#include "serving/cache/hottest.h"
#include "serving/cache/read_through.h"

namespace caisson::cache {

/// One load of one key, and those who wait for it.
struct Flight {
    explicit Flight(boost::asio::any_io_executor executor) : landed(executor) {
        landed.expires_at(boost::asio::steady_timer::time_point::max());
    }
    boost::asio::steady_timer landed;  ///< Cancelled when it has.
    bool is_over = false;
    Held value;
    std::exception_ptr failure;
};

/// Of those who must have a value that began to load after they came: one load under way, and one
/// that begins when it is over.
struct Queue {
    std::shared_ptr<Flight> running;
    std::shared_ptr<Flight> next;
};

struct Cache::State : std::enable_shared_from_this<State> {
    using Steady = std::chrono::steady_clock;

    State(boost::asio::any_io_executor on, Registry known, redis::Settings to, CacheOptions with);

    boost::asio::any_io_executor executor;
    Registry registry;
    CacheOptions options;
    std::uint64_t version;
    Local local;
    redis::Client client;
    redis::Subscriber subscriber;
    Breaker breaker{5, std::chrono::milliseconds(500)};
    boost::asio::steady_timer report_timer;
    std::unordered_map<std::string, std::shared_ptr<Flight>> flights;
    std::unordered_map<std::string, Queue> queues;
    std::mt19937_64 random{std::random_device{}()};
    std::vector<PatternStats> figures;
    std::vector<PatternStats> reported;
    bool is_closed = false;

    // Changes, as this process heard them: changes.cc.
    std::unordered_map<std::string, std::uint64_t>
        changed;  ///< Tags, by the count of this process.
    std::uint64_t heard = 0;
    std::uint64_t gaps = 0;
    std::uint64_t oldest_open = 0;           ///< Transactions before this one are all told.
    std::unordered_set<std::uint64_t> told;  ///< Others that are.
    std::vector<std::uint64_t> flushed;      ///< Patterns, by their number: all of their values.
    Steady::time_point last_word{};
    std::uint64_t connections = 0;  ///< Of the client, as noticed.
    bool must_hear = false;         ///< Redis may be another one: until the next word, marks lack.

    static boost::asio::awaitable<void> listen(std::shared_ptr<State> self);
    void hear(const std::string& message);
    void forget_all();
    void forget(std::vector<std::string> tags);
    bool hears() const;
    /// Whether the client's connection is another one than before: it may be to another server,
    /// such as a replica that does not know everything. All is forgotten then.
    bool notice_connection();
    bool is_old_here(const Key& key, const Value& value) const;
    bool knows(const WriteToken& token) const;

    // Values: cache_state.cc.
    PatternStats& of(const Key& key) { return figures[key.pattern()]; }
    static boost::asio::awaitable<Held> serve(std::shared_ptr<State> state, Key key, Loader loader,
                                              WriteToken token);
    Held from_here(const Key& key);
    bool wants_refresh(const Value& value);
    void refresh(const Key& key, const Loader& loader, Held older);
    static boost::asio::awaitable<Held> fly(std::shared_ptr<State> self, Key key, Loader loader,
                                            bool must_load, Held older);
    /// Ends with the flight.
    static boost::asio::awaitable<Held> land(std::shared_ptr<Flight> flight);
    /// A value whose loading begins after the call; those who call meanwhile share the next one.
    static boost::asio::awaitable<Held> load_after(std::shared_ptr<State> self, Key key,
                                                   Loader loader);
    static boost::asio::awaitable<void> serve_queue(std::shared_ptr<State> self, Key key,
                                                    Loader loader);
    static boost::asio::awaitable<void> steer(std::shared_ptr<State> self, Key key, Loader loader,
                                              bool must_load, Held older,
                                              std::shared_ptr<Flight> flight);
    static boost::asio::awaitable<Held> load(std::shared_ptr<State> self, Key key, Loader loader,
                                             std::uint64_t epoch, std::uint64_t position,
                                             std::uint64_t heard, bool may_store);

    /// What Redis has: redis_level.cc.
    struct Found {
        bool is_there = false;   ///< Redis answered.
        bool may_store = false;  ///< What is loaded now may be kept there.
        std::uint64_t epoch = 0;
        std::uint64_t position = 0;
        std::shared_ptr<Value> value;  ///< That may be served.
        std::shared_ptr<Value>
            doubtful;  ///< Of which it is not known, because changes are not told.
    };
    boost::asio::awaitable<Found> look(const Key& key);
    boost::asio::awaitable<bool> lock(const Key& key, const std::string& token);
    boost::asio::awaitable<void> store(const Key& key, Held value, const std::string& token,
                                       bool may_store);
    static boost::asio::awaitable<void> report(std::shared_ptr<State> self);

    // Keys that are loaded before anybody asks: warm.cc.
    struct Offer {
        std::uint64_t version = 0;
        KeyLoader loader;
    };
    std::vector<std::vector<Offer>> offers;  ///< By the number of their pattern.
    int is_warming = 0;
    std::uint64_t warmed = 0;
    Steady::time_point recorded = Steady::now();
    /// A key that may be loaded, and how; as it is taken from a list that anybody may have written.
    std::optional<std::pair<Key, Loader>> warmable(const HotKey& hot) const;
    /// Keys without values of their own, and the hottest.
    static boost::asio::awaitable<std::vector<std::pair<Key, Loader>>> to_warm(
        std::shared_ptr<State> self, WarmOptions options);
    struct Round;
    static boost::asio::awaitable<void> await_word(std::shared_ptr<State> self,
                                                   Steady::time_point until);
    static boost::asio::awaitable<void> warm_some(std::shared_ptr<State> self,
                                                  std::shared_ptr<Round> round);
    static boost::asio::awaitable<void> warm_round(std::shared_ptr<State> self,
                                                   std::shared_ptr<Round> round);
    static boost::asio::awaitable<WarmReport> warm(std::shared_ptr<State> self,
                                                   WarmOptions options);
    /// Unless it was done less than `every` ago. Never fails.
    static boost::asio::awaitable<void> record_hottest(std::shared_ptr<State> self,
                                                       std::chrono::milliseconds every);
};

}  // namespace caisson::cache
