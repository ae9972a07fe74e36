// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/cache_metrics.h"

#include <algorithm>

#include "base/metrics.h"

namespace caisson::cache {
namespace {

double seconds(std::chrono::microseconds duration) {
    return std::chrono::duration<double>(duration).count();
}

StoredStats sum_of(const std::vector<StoredStats>& all, std::size_t from) {
    StoredStats sum;
    sum.pattern = "others";
    for (auto i = from; i < all.size(); ++i) {
        const auto& one = all[i];
        sum.local_hits += one.local_hits;
        sum.redis_hits += one.redis_hits;
        sum.misses += one.misses;
        sum.loads += one.loads;
        sum.failures += one.failures;
        sum.waited += one.waited;
        sum.refreshed += one.refreshed;
        sum.old_served += one.old_served;
        sum.bytes += one.bytes;
        sum.loading += one.loading;
    }
    return sum;
}

void add(metrics::Registry& registry, const StoredStats& stats) {
    const auto count = [&](const char* name, const char* help, double value,
                           metrics::Labels labels = {}) {
        labels["pattern"] = stats.pattern;
        registry.counter(name, help, labels).add(value);
    };
    const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
    constexpr const char* hits = "caisson_cache_hits_total";
    constexpr const char* hits_help = "Values that were kept, by where";
    count(hits, hits_help, number(stats.local_hits), {{"level", "process"}});
    count(hits, hits_help, number(stats.redis_hits), {{"level", "redis"}});
    count(hits, hits_help, number(stats.waited), {{"level", "flight"}});
    count("caisson_cache_misses_total", "Values that had to be loaded for who asked",
          number(stats.misses));
    count("caisson_cache_loads_total", "Loads", number(stats.loads));
    count("caisson_cache_load_failures_total", "Loads that failed", number(stats.failures));
    count("caisson_cache_load_seconds_total", "What loads took", seconds(stats.loading));
    count("caisson_cache_loaded_bytes_total", "Of values loaded", number(stats.bytes));
    count("caisson_cache_refreshes_total", "Loads while an older value was served",
          number(stats.refreshed));
    count("caisson_cache_old_served_total", "Older values served because loading failed",
          number(stats.old_served));
}

}  // namespace

std::string metrics_text(const Overview& overview) {
    metrics::Registry registry;
    registry
        .gauge("caisson_cache_changes_told",
               "Whether changes of tables are carried to who caches at the moment")
        .set(overview.is_told ? 1 : 0);
    auto patterns = overview.patterns;
    if (patterns.size() > most_told_patterns) {
        std::ranges::stable_sort(patterns, [](const StoredStats& a, const StoredStats& b) {
            return a.asked() > b.asked();
        });
        patterns[most_told_patterns - 1] = sum_of(patterns, most_told_patterns - 1);
        patterns.resize(most_told_patterns);
    }
    for (const auto& stats : patterns) {
        add(registry, stats);
    }
    return registry.text();
}

}  // namespace caisson::cache
