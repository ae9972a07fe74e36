// SPDX-License-Identifier: Apache-2.0
// The verbs about values of the cache in two levels: cache stats, explain, flush.
#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/cache_place.h"
#include "app/cli/cache_report.h"
#include "app/cli/journaling.h"
#include "base/text.h"
#include "serving/cache/stored.h"
#include "trust/identity.h"
#include "trust/redis.h"

namespace caisson::cli {
namespace {

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

std::string mean_time(std::chrono::nanoseconds sum, std::uint64_t count) {
    return count == 0 ? "" : human(sum / static_cast<std::int64_t>(count));
}

boost::json::object to_json(const cache::StoredStats& stats) {
    return {{"pattern", stats.pattern},
            {"local_hits", stats.local_hits},
            {"redis_hits", stats.redis_hits},
            {"waited", stats.waited},
            {"misses", stats.misses},
            {"hit_ratio", stats.hit_ratio()},
            {"loads", stats.loads},
            {"failures", stats.failures},
            {"refreshed", stats.refreshed},
            {"old_served", stats.old_served},
            {"bytes_loaded", stats.bytes},
            {"loading_microseconds", stats.loading.count()},
            {"age_milliseconds", stats.age.count()}};
}

Exit run_stats(Context& context) {
    const auto settings = redis_of(context);
    redis::Connection connection(settings);
    const auto overview = cache::overview(connection, context.run().manifest.cache_keys);
    context.print(context.bold(
        fmt::format("{} ({}): changes are {}, {} since the epoch began",
                    trust::redis_name(settings), context.run().environment.name,
                    overview.is_told ? "told" : "not told at the moment", overview.changes)));
    std::size_t width = std::string_view("pattern").size();
    for (const auto& stats : overview.patterns) {
        width = std::max(width, stats.pattern.size());
    }
    const auto line = [&](const auto&... cells) {
        std::string text =
            fmt::format("  {:<{}}  {:>10} {:>10} {:>9} {:>8} {:>7} {:>7} {:>9} {:>9}", cells...);
        text.erase(text.find_last_not_of(' ') + 1);
        context.print(text);
    };
    boost::json::array patterns;
    if (overview.patterns.empty()) {
        context.print("  nobody asked for anything yet");
    } else {
        line("pattern", width, "here", "in Redis", "misses", "hits", "loads", "failed", "to load",
             "age");
    }
    for (const auto& stats : overview.patterns) {
        line(stats.pattern, width, stats.local_hits, stats.redis_hits, stats.misses,
             percent(stats.hit_ratio()), stats.loads, stats.failures,
             mean_time(stats.loading, stats.loads),
             mean_time(stats.age, stats.local_hits + stats.redis_hits + stats.waited));
        patterns.push_back(to_json(stats));
    }
    context.result() = {{"redis", trust::redis_name(settings)},
                        {"changes_are_told", overview.is_told},
                        {"changes", overview.changes},
                        {"patterns", std::move(patterns)}};
    return Exit::fine;
}

Exit run_explain(Context& context) {
    const auto settings = redis_of(context);
    redis::Connection connection(settings);
    const auto key = context.arguments().positional();
    const auto known = cache::explain(connection, context.run().manifest.cache_keys, key);
    boost::json::object parts;
    const auto row = [&](std::string_view name, std::string_view value) {
        context.print(fmt::format("  {:<10} {}", name, value));
    };
    context.print(context.bold(key_text(known.key)));
    row("pattern", known.pattern.empty() ? "none of [cache.keys]" : known.pattern);
    for (const auto& [name, value] : known.parts) {
        row("", fmt::format("{{{}}} is {}", name, value.empty() ? "nobody" : key_text(value)));
        parts[name] = value;
    }
    if (known.ttl) {
        row("ttl", human(*known.ttl));
    }
    if (known.is_sealed) {
        row("value",
            known.is_nothing ? "nothing was found, and that is kept" : human_bytes(known.bytes));
        row("age", human(known.age));
        row("fresh", known.fresh_for.count() > 0 ? "for " + human(known.fresh_for) : "no more");
        row("to load", human(known.cost));
    }
    if (!known.tables.empty()) {
        row("made of", join(known.tables, ", "));
    }
    row("verdict", known.verdict);
    boost::json::array tables(known.tables.begin(), known.tables.end());
    context.result() = {{"key", known.key},
                        {"pattern", known.pattern},
                        {"parts", std::move(parts)},
                        {"kept", known.is_kept},
                        {"value_of_the_cache", known.is_sealed},
                        {"bytes", known.bytes},
                        {"nothing", known.is_nothing},
                        {"age_milliseconds", known.age.count()},
                        {"fresh_for_milliseconds", known.fresh_for.count()},
                        {"loading_microseconds", known.cost.count()},
                        {"tables", std::move(tables)},
                        {"verdict", known.verdict}};
    if (known.ttl) {
        context.result()["ttl_milliseconds"] = known.ttl->count();
    }
    return Exit::fine;
}

/// Those that the argument names, else all that are caches.
std::vector<platform::CacheKey> caches_of(Context& context) {
    std::vector<platform::CacheKey> caches;
    const auto wanted = context.arguments().positional();
    for (const auto& key : context.run().manifest.cache_keys) {
        const bool is_wanted = wanted.empty() || wanted == key.pattern;
        if (is_wanted && cache::is_cache(key)) {
            caches.push_back(key);
        }
    }
    if (caches.empty()) {
        throw Error(
            Code::usage,
            wanted.empty() ? "no pattern of [cache.keys] is one of the library's cache"
                           : fmt::format("\"{}\" is no pattern of the library's cache", wanted),
            "such a pattern has a ttl, {tenant} and {role} or shared = true, and a : between "
            "placeholders");
    }
    return caches;
}

Exit run_flush(Context& context) {
    const auto settings = redis_of(context);
    const auto name = trust::redis_name(settings);
    const auto caches = caches_of(context);
    const auto& arguments = context.arguments();
    const bool applies = !context.dry_run() && (context.yes() || arguments.has("--confirm"));
    if (applies) {
        trust::require_consent(context.run(), name, "cache flush", arguments.value("--confirm"),
                               context.yes());
    }
    const bool is_of_all = arguments.positional().empty();
    redis::Connection connection(settings);
    const auto flushed = cache::flush(
        connection, caches, is_of_all ? cache::Scope::everything : cache::Scope::patterns, applies);
    context.print(fmt::format(
        "{} ({}): {} {}{}", name, context.run().environment.name, counted(flushed.values, "value"),
        applies ? "done away with" : "would be done away with",
        flushed.foreign == 0
            ? ""
            : fmt::format(", {} not of the cache left alone", counted(flushed.foreign, "key"))));
    context.print(is_of_all
                      ? fmt::format("{} of every pattern with tables old, and every process {} all "
                                    "that it keeps",
                                    applies ? "declared values" : "would declare values",
                                    applies ? "forgets" : "would forget")
                      : fmt::format("every process {} what it keeps of the pattern",
                                    applies ? "forgets" : "would forget"));
    if (applies) {
        tell_journal(context, context.run().manifest.databases.front(), journal::kinds::finish,
                     "cache flush", {{"redis", name}, {"values", flushed.values}});
    } else {
        context.print("nothing was changed; to change it: caisson cache flush " +
                      (is_of_all ? "" : fmt::format("'{}' ", arguments.positional())) +
                      (context.run().environment.is_protected ? "--confirm " + name : "--yes"));
    }
    context.result() = {{"redis", name},
                        {"applied", applies},
                        {"values", flushed.values},
                        {"foreign", flushed.foreign}};
    return Exit::fine;
}

}  // namespace

std::vector<Verb> cache_value_verbs() {
    return {
        {"cache stats",
         "hits, misses and loads of the library's cache, by pattern",
         "Of all processes together, as they add them up in Redis.",
         {},
         "",
         "  caisson cache stats\n  caisson -e production cache stats --json",
         Needs::platform,
         run_stats},
        {"cache explain",
         "what is known of one key, and what the cache would do about it",
         "Its pattern, whose it is, its age, what it is made of, and whether it would be served. "
         "Shows no value.",
         {},
         "KEY",
         "  caisson cache explain business:anna:app:42",
         Needs::platform,
         run_explain},
        {"cache flush",
         "does away with values of the library's cache",
         "Takes the values of one pattern out of Redis, and makes what processes keep of it old. "
         "Without a pattern that is done for\nall patterns whose keys say whose they are, and "
         "every value of every pattern with tables becomes old, also of those\nthat are declared "
         "no more. A value without tables may still be kept by a process that does not hear of it "
         "while it loads.\nWhat else has such a name stays. Shows what it would do; --yes does it, "
         "in a protected environment --confirm with the\nname that it shows.",
         {},
         "[PATTERN]",
         "  caisson cache flush\n  caisson cache flush 'business:{tenant}:{role}:{id}' --yes",
         Needs::platform,
         run_flush},
    };
}

}  // namespace caisson::cli
