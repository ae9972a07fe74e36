// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the cache in two levels keeps in Redis, for people who look: figures, one value, and a way
/// to do away with values.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "drivers/redis/connection.h"
#include "platform/platform.h"

namespace caisson::cache {

/// Figures of one pattern, of all processes since they were set to nothing.
struct StoredStats {
    std::string pattern;
    std::size_t place = 0;  ///< Among those of `keys` that the cache keeps.
    std::uint64_t local_hits = 0;
    std::uint64_t redis_hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t loads = 0;
    std::uint64_t failures = 0;
    std::uint64_t waited = 0;
    std::uint64_t refreshed = 0;
    std::uint64_t old_served = 0;
    std::uint64_t bytes = 0;
    std::chrono::microseconds loading{0};
    std::chrono::milliseconds age{0};

    std::uint64_t asked() const { return local_hits + redis_hits + waited + misses; }
    /// Of all that was asked, what was not loaded for who asked; 0 when nothing was.
    double hit_ratio() const;
};
struct Overview {
    std::vector<StoredStats> patterns;  ///< In the order of `keys`, those that were asked for.
    bool is_told = false;               ///< Changes are carried from the database at the moment.
    std::uint64_t changes = 0;          ///< Told, since the epoch began.
    std::size_t declared = 0;           ///< Patterns that the cache keeps.
};
Overview overview(redis::Connection& connection, const std::vector<platform::CacheKey>& keys);

/// Whether the cache in two levels keeps keys of the pattern: it has a ttl, and says whose they
/// are. Pure.
bool is_cache(const platform::CacheKey& key);

/// What is known of one key.
struct Explanation {
    std::string key;
    std::string pattern;                                     ///< Empty: it belongs to none.
    std::vector<std::pair<std::string, std::string>> parts;  ///< Placeholders and what they hold.
    bool is_kept = false;
    bool is_sealed = false;  ///< A value of the cache; otherwise somebody else's.
    std::optional<std::chrono::milliseconds> ttl;
    std::size_t bytes = 0;
    bool is_nothing = false;
    std::chrono::milliseconds age{0};
    std::chrono::milliseconds fresh_for{
        0};  ///< Negative: it is served while a newer one is loaded.
    std::chrono::microseconds cost{0};
    std::vector<std::string> tables;
    /// "served", "old: its rows changed", …: what get() would do about it.
    std::string verdict;
};
Explanation explain(redis::Connection& connection, const std::vector<platform::CacheKey>& keys,
                    const std::string& key);

/// The parts of a key by a pattern; nothing when it does not match. Pure.
std::optional<std::vector<std::pair<std::string, std::string>>> parts_of_key(
    const std::string& pattern, std::string_view key);

struct Flushed {
    std::uint64_t seen = 0;     ///< Keys of the patterns.
    std::uint64_t values = 0;   ///< Of them, values of the cache: done away with, or would be.
    std::uint64_t foreign = 0;  ///< Of them, somebody else's, and left alone.
};
enum class Scope { patterns, everything };
/// Takes values of the patterns out of Redis; with `apply`. Beside that, their values are declared
/// old there, and in every process that hears. With `everything` that holds for values of all
/// patterns, also those that are not among `keys` any more: another epoch begins. What else has
/// such a name stays. Errors: those of the connection.
Flushed flush(redis::Connection& connection, const std::vector<platform::CacheKey>& keys,
              Scope scope, bool apply);

}  // namespace caisson::cache
