// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A cache in the process: bounded in bytes, in parts that have a lock each. It keeps what is asked
/// for often (W-TinyLFU: a small window for what is new, and behind it what was seen more often
/// than what it replaced), and finds the size of the window by trying.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "serving/cache/value.h"

namespace caisson::cache {

struct LocalStats {
    std::size_t entries = 0;
    std::size_t bytes = 0;  ///< With what the entries take beside their keys and bytes.
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t evicted = 0;
};

/// How often it was asked for lately (up to 16), and the key.
using HotName = std::pair<unsigned, std::string>;

/// Threads: any, at the same time.
class Local {
 public:
    /// `bytes`: never more is kept. `parts`: 0 chooses by the bytes; rounded up to a power of two.
    explicit Local(std::size_t bytes, std::size_t parts = 0);
    Local(Local&&) noexcept;
    Local& operator=(Local&&) noexcept;
    ~Local();

    /// The moment, quickly: up to 10 ms ahead, and never behind.
    static Value::Clock::time_point now();
    /// What is kept under the key; nothing when there is nothing, or it expired.
    Held get(std::string_view key, Value::Clock::time_point now = Local::now());
    /// May keep it, instead of what was there. Something else, or the value itself, may go for
    /// that.
    void put(std::string_view key, Held value, Value::Clock::time_point now = Local::now());
    /// Whether there was something.
    bool remove(std::string_view key);
    void clear();
    /// The keys that were asked for most lately, the most first.
    std::vector<HotName> hottest(std::size_t most) const;
    LocalStats stats() const;
    std::size_t budget() const;

 private:
    friend class Hottest;
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

/// Looks for the keys that were asked for most, in steps of some hundred microseconds: a thread
/// that serves others does something else between them. What comes or goes meanwhile may be missed.
/// Threads: one at a time; the cache is there longer.
class Hottest {
 public:
    Hottest(const Local& local, std::size_t most) : local_(local), most_(most) {}
    /// Whether there is more to look at.
    bool step();
    /// The most first.
    std::vector<HotName> take();

 private:
    const Local& local_;
    std::size_t most_;
    std::size_t part_ = 0;
    std::size_t bucket_ = 0;
    std::vector<HotName> found_;  ///< A heap, the one that is asked for least on top.
};

}  // namespace caisson::cache
