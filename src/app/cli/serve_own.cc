// SPDX-License-Identifier: Apache-2.0
#include "app/cli/serve_own.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "drivers/redis/connection.h"
#include "operations/monitor/collect/limits.h"
#include "serving/cache/cache_metrics.h"
#include "trust/redis.h"

namespace caisson::cli {

using namespace std::chrono_literals;

void add_own(const daemon::Own& own, monitor::Sample& sample) {
    const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
    for (const auto& pool : own.pools) {
        const monitor::Labels labels{{"database", pool.database}};
        sample.add("pool.in_use", number(pool.in_use), labels);
        sample.add("pool.max", number(pool.max), labels);
        sample.add("pool.waiting", number(pool.waiting), labels);
        sample.add("pool.timeouts", number(pool.timeouts), labels);
        sample.add("pool.refused", number(pool.refused), labels);
    }
    for (const auto& [database, state] : own.migrations) {
        const monitor::Labels labels{{"database", database}};
        sample.add("migrations.applied", number(state.applied), labels);
        sample.add("migrations.pending", number(state.pending), labels);
        sample.add("migrations.unfinished", number(state.unfinished), labels);
    }
    sample.add("http.answered", number(own.answered));
    sample.add("http.failed", number(own.failed));
    if (own.p99) {
        sample.add("http.p99", *own.p99);
    }
}

void add_cache(const cache::Overview& overview, monitor::Sample& sample) {
    const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
    const auto shown = std::min(overview.patterns.size(), monitor::Limits().others);
    if (shown < overview.patterns.size()) {
        sample.add("monitor.left_out", static_cast<double>(overview.patterns.size() - shown),
                   {{"what", "cache"}});
    }
    for (std::size_t i = 0; i < shown; ++i) {
        const auto& stats = overview.patterns[i];
        const monitor::Labels labels{{"pattern", stats.pattern}};
        sample.add("cache.kept", number(stats.local_hits + stats.redis_hits + stats.waited),
                   labels);
        sample.add("cache.misses", number(stats.misses), labels);
        sample.add("cache.load_failures", number(stats.failures), labels);
    }
}

bool has_cache(const trust::Run& run) {
    const auto redis = trust::redis_settings(run);
    return redis && std::ranges::any_of(run.manifest.cache_keys, cache::is_cache);
}

void read_cache(const trust::Run& run, monitor::Sample& sample) {
    if (!has_cache(run)) {
        return;
    }
    try {
        auto redis = *trust::redis_client(run);
        redis.connect_limit = 1s;
        redis.answer_limit = 1s;
        redis::Connection connection(redis);
        add_cache(cache::overview(connection, run.manifest.cache_keys), sample);
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
        sample.unknowns.push_back({"cache", {}, error.message()});
    }
}

std::string cache_figures(const trust::Run& run) {
    try {
        auto redis = *trust::redis_client(run);
        redis.connect_limit = 1s;
        redis.answer_limit = 1s;
        redis::Connection connection(redis);
        return cache::metrics_text(cache::overview(connection, run.manifest.cache_keys));
    } catch (const Error&) {
        return {};  // That it is away, caisson_up says.
    }
}

}  // namespace caisson::cli
