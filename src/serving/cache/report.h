// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "platform/platform.h"
#include "serving/cache/instance.h"

namespace caisson::cache {

/// How a key stands to what the manifest says of its pattern.
enum class Standing {
    right,
    missing,   ///< It has no time to live although one is declared.
    too_long,  ///< It lives longer than declared, by more than a second.
    mortal,    ///< It has a time to live although it is to be kept for ever.
    unknown,   ///< No pattern knows it.
};
std::string_view to_text(Standing standing);
/// `time_to_live` of the key, nothing when it has none; `declared` likewise of its pattern.
Standing judge(std::optional<std::chrono::milliseconds> time_to_live,
               std::optional<std::chrono::seconds> declared);

/// What becomes of a key that does not stand as it should.
enum class Remedy {
    none,
    set,      ///< It gets the declared time to live, unless it has got one meanwhile.
    shorten,  ///< It gets the declared time to live, unless it has a shorter one by then.
    remove,   ///< It is deleted, unless it has got a time to live meanwhile.
};
std::string_view to_text(Remedy remedy);
/// Keys that are kept for ever and those that nobody declared are left alone.
Remedy remedy_of(Standing standing, const platform::CacheKey& declared);

/// How many keys a remedy met.
struct Cleaned {
    std::uint64_t done = 0;
    std::uint64_t overtaken = 0;  ///< They were gone, or as they should be, when it came to them.
};

/// All keys of one pattern of the manifest.
struct PatternCount {
    platform::CacheKey declared;
    std::uint64_t keys = 0;
    std::uint64_t missing = 0;
    std::uint64_t too_long = 0;
    std::uint64_t mortal = 0;
    std::uint64_t bytes = 0;    ///< Estimated where only a sample was asked.
    std::uint64_t largest = 0;  ///< Bytes of its largest key.
    Cleaned set;
    Cleaned shortened;
    Cleaned removed;

    std::uint64_t findings() const { return missing + too_long + mortal; }
};

/// Keys of no pattern that look alike: `tmp:{word}:{number}`.
struct UnknownShape {
    std::string shape;
    std::uint64_t keys = 0;
    std::uint64_t without_ttl = 0;
    std::uint64_t bytes = 0;
    std::vector<std::string> examples;  ///< The first three keys in byte order.
};

/// One of the largest keys, or of those that are asked for most.
struct NotableKey {
    std::string key;
    std::string pattern;      ///< Empty for a key of no pattern.
    std::uint64_t value = 0;  ///< Bytes, or Redis' logarithmic counter of accesses (0 to 255).
};

struct Report {
    Instance instance;                   ///< As it was before.
    std::vector<PatternCount> patterns;  ///< In the order of the manifest.
    std::vector<UnknownShape> unknown;   ///< Most keys first.
    std::vector<NotableKey> largest;     ///< Largest first; of the keys that were asked.
    std::vector<NotableKey>
        hottest;  ///< Only where maxmemory-policy counts how often keys are read.
    std::uint64_t keys = 0;
    std::uint64_t gone = 0;      ///< They ended between being seen and being asked.
    std::uint64_t repeated = 0;  ///< SCAN gave them more than once; they are counted once.
    std::uint64_t sample = 1;    ///< One key in so many was asked for its memory; 0: none.
    std::string memory_refused;  ///< Why Redis does not tell what keys take; empty when it does.
    std::uint64_t memory_after = 0;  ///< What Redis uses afterwards, in bytes.
    std::chrono::nanoseconds duration{0};

    std::uint64_t unknown_keys() const;
    /// Keys that do not stand as they should, unknown ones among them.
    std::uint64_t findings() const;
};

}  // namespace caisson::cache
