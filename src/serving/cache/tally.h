// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "serving/cache/report.h"
#include "serving/cache/shapes.h"

namespace caisson::cache {

/// What Redis said of one key.
struct KeyFacts {
    std::string key;
    std::optional<std::size_t> pattern;  ///< Its place in the manifest.
    std::optional<std::chrono::milliseconds> time_to_live;
    std::optional<std::uint64_t> bytes;  ///< Where it was asked for.
    std::optional<std::uint64_t> frequency;
};

/// Adds keys up to a report. Pure.
class Tally {
 public:
    Tally(const std::vector<platform::CacheKey>& keys, std::uint64_t sample);

    /// How it stands.
    Standing add(const KeyFacts& facts);
    /// A remedy was applied to a key of a pattern, or came too late.
    void cleaned(std::size_t pattern, Remedy remedy, bool overtaken);
    /// The sums; `instance`, durations and the like are the caller's.
    Report report() const;

 private:
    std::vector<PatternCount> patterns_;
    Shapes unknown_;
    std::vector<NotableKey> largest_;
    std::vector<NotableKey> hottest_;
    std::uint64_t keys_ = 0;
    std::uint64_t sample_;
};

}  // namespace caisson::cache
