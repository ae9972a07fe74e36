// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/marks.h"

namespace caisson::cache {

std::vector<platform::CacheKey> own_patterns() {
    using std::chrono::seconds;
    const auto pattern = [](std::string text, std::optional<seconds> ttl, std::string description) {
        platform::CacheKey key;
        key.pattern = std::move(text);
        key.ttl = ttl;
        key.description = std::move(description);
        return key;
    };
    return {
        pattern(marks_key, std::nullopt, "which changes make cached values old"),
        pattern(alive_key, seconds(10), "there while changes are told"),
        pattern(stats_key, std::nullopt, "hits and misses by pattern"),
        pattern(std::string(lock_prefix) + "{key*}", seconds(60), "who loads a value now"),
        pattern("caisson:rate:{policy}:{action}:{who*}", seconds(7 * 86400), "limits of rates"),
    };
}

}  // namespace caisson::cache
