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
    /// The keys that were asked for most lately, the most first, with how often that was (up to
    /// 16).
    std::vector<std::pair<unsigned, std::string>> hottest(std::size_t most) const;
    LocalStats stats() const;
    std::size_t budget() const;

 private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace caisson::cache
