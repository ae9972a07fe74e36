// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/cache_metrics.h"

#include "base/metrics.h"

namespace caisson::cache {
namespace {

double seconds(std::chrono::microseconds duration) {
    return std::chrono::duration<double>(duration).count();
}

void add(StoredStats& sum, const StoredStats& one) {
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
    // By their place in the manifest: were it by their figures, one that overtakes another would
    // take its history out of the sum, and a counter never falls.
    const auto own =
        overview.declared > most_told_patterns ? most_told_patterns - 1 : most_told_patterns;
    StoredStats others;
    others.pattern = "others";
    for (const auto& stats : overview.patterns) {
        if (stats.place < own) {
            add(registry, stats);
        } else {
            add(others, stats);
        }
    }
    if (overview.declared > most_told_patterns) {
        add(registry, others);
    }
    return registry.text();
}

}  // namespace caisson::cache
