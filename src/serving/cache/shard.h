// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One part of the local cache: window, probation, protected. Private to this module.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "serving/cache/frequency.h"
#include "serving/cache/value.h"

namespace caisson::cache {

/// A hit only marks its entry; lists are put in order when something has to go, so that a hit looks
/// at no neighbour. Sources: Einziger, Eytan, Friedman, Manes: "Adaptive Software Cache Management"
/// (2018); Yang, Qiu, Zhang, Yue, Rashmi: "FIFO can be better than LRU" (2023), for marks.
/// Threads: one at a time.
class Shard {
 public:
    using Time = Value::Clock::time_point;

    Shard() = default;
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    void set_budget(std::size_t bytes);
    /// The value, unless it is gone or expired.
    Held get(std::uint64_t hash, std::string_view key, Time now);
    /// Keeps it, or not: what does not fit, or is seen more seldom than what would go, is not kept.
    void put(std::uint64_t hash, std::string_view key, Held value, Time now);
    bool remove(std::uint64_t hash, std::string_view key);
    void clear();
    /// Keeps in the heap `hottest` the `most` keys that were asked for most lately, with how often
    /// that was (up to 16), out of the places from `begin` to `end` of the table; whether there are
    /// more.
    bool add_hottest(std::vector<std::pair<unsigned, std::string>>& hottest, std::size_t most,
                     std::size_t begin, std::size_t end) const;

    std::size_t bytes() const { return window_.bytes + probation_.bytes + protected_.bytes; }
    std::size_t entries() const { return entries_; }
    std::uint64_t hits() const { return hits_; }
    std::uint64_t misses() const { return misses_; }
    std::uint64_t evicted() const { return evicted_; }
    std::size_t window_budget() const { return window_budget_; }

 private:
    enum class Region : std::uint8_t { window, probation, protection };
    /// What a hit looks at is together, and the bytes of the key lie behind it.
    struct Entry {
        Entry* newer = nullptr;
        Entry* older = nullptr;
        std::size_t bytes = 0;
        Entry* next_in_bucket = nullptr;
        std::uint64_t hash = 0;
        Time expires{};
        Held value;
        std::uint32_t key_size = 0;
        Region region = Region::window;
        bool was_hit = false;  ///< Since it came to its place in the list.

        std::string_view key() const { return {reinterpret_cast<const char*>(this + 1), key_size}; }
    };
    static Entry* make(std::uint64_t hash, std::string_view key, Held value);
    static void destroy(Entry* entry);
    /// From the one that came last to the one that came first.
    struct List {
        Entry* newest = nullptr;
        Entry* oldest = nullptr;
        std::size_t bytes = 0;
    };

    List& list_of(Region region);
    void push(Entry& entry, Region region);
    void unlink(Entry& entry);
    Entry* find(std::uint64_t hash, std::string_view key) const;
    void insert(Entry& entry);
    void erase(Entry* entry);
    void grow();
    void move(Entry& entry, Region region);
    Entry* next_of(Region region);
    Entry* next_victim();
    void make_fit();
    bool may_enter(const Entry& candidate);
    void drop_some_expired(Time now);
    void learn(bool was_hit);
    void climb();

    std::size_t budget_ = 0;
    std::size_t window_budget_ = 0;
    std::size_t protected_budget_ = 0;
    std::vector<Entry*> buckets_;  ///< A power of two, or none.
    std::size_t entries_ = 0;
    std::size_t hand_ = 0;  ///< Where drop_some_expired() goes on.
    List window_;
    List probation_;
    List protected_;
    Frequency frequency_;
    std::uint64_t hits_ = 0;
    std::uint64_t misses_ = 0;
    std::uint64_t evicted_ = 0;
    std::uint64_t ties_ = 0;
    // Hill climbing: the hit ratio of the last period, and how far the window moves next.
    std::uint64_t period_hits_ = 0;
    std::uint64_t period_requests_ = 0;
    double last_ratio_ = -1;
    double step_ = 0;
};

}  // namespace caisson::cache
