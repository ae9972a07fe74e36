// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/report.h"

#include <numeric>

namespace caisson::cache {

std::string_view to_text(Standing standing) {
    switch (standing) {
        case Standing::right:
            return "right";
        case Standing::missing:
            return "no time to live";
        case Standing::too_long:
            return "too long a time to live";
        case Standing::mortal:
            return "a time to live, and declared to be kept";
        case Standing::unknown:
            break;
    }
    return "of no pattern";
}

std::string_view to_text(Remedy remedy) {
    switch (remedy) {
        case Remedy::none:
            return "left alone";
        case Remedy::set:
            return "set";
        case Remedy::shorten:
            return "shortened";
        case Remedy::remove:
            break;
    }
    return "deleted";
}

Standing judge(std::optional<std::chrono::milliseconds> time_to_live,
               std::optional<std::chrono::seconds> declared) {
    // Applications that compute the moment of the end by a clock of their own may be off a little.
    constexpr std::chrono::seconds tolerance{1};
    if (!declared) {
        return time_to_live ? Standing::mortal : Standing::right;
    }
    if (!time_to_live) {
        return Standing::missing;
    }
    return *time_to_live > *declared + tolerance ? Standing::too_long : Standing::right;
}

Remedy remedy_of(Standing standing, const platform::CacheKey& declared) {
    if (standing == Standing::missing) {
        return declared.on_missing == platform::CacheKey::OnMissing::remove ? Remedy::remove
                                                                            : Remedy::set;
    }
    return standing == Standing::too_long ? Remedy::shorten : Remedy::none;
}

std::uint64_t Report::unknown_keys() const {
    return std::accumulate(
        unknown.begin(), unknown.end(), std::uint64_t{0},
        [](std::uint64_t sum, const UnknownShape& shape) { return sum + shape.keys; });
}

std::uint64_t Report::findings() const {
    return std::accumulate(
        patterns.begin(), patterns.end(), unknown_keys(),
        [](std::uint64_t sum, const PatternCount& pattern) { return sum + pattern.findings(); });
}

}  // namespace caisson::cache
