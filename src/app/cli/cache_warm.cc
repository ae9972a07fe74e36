// SPDX-License-Identifier: Apache-2.0
#include <map>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/cache_place.h"
#include "app/cli/cache_report.h"
#include "base/text.h"
#include "serving/cache/hottest.h"
#include "trust/redis.h"

namespace caisson::cli {
namespace {

/// How values are loaded is known to the applications alone: they are asked, and this shows what
/// they will find.
Exit run_warm(Context& context) {
    const auto settings = redis_of(context);
    redis::Connection connection(settings);
    const bool shows_names = context.arguments().has("--verbose");
    std::map<std::string, std::size_t> patterns;
    boost::json::array names;
    const auto hottest = cache::hottest(connection);
    for (const auto& key : hottest) {
        ++patterns[key.pattern];
        if (shows_names) {
            names.emplace_back(key_text(key.name));
        }
    }
    const auto name = trust::redis_name(settings);
    context.print(context.bold(fmt::format("{} ({}): {} of the last run", name,
                                           context.run().environment.name,
                                           counted(hottest.size(), "hot key"))));
    boost::json::object counts;
    for (const auto& [pattern, count] : patterns) {
        context.print(fmt::format("  {:>5}  {}", count, pattern));
        counts[pattern] = count;
    }
    for (const auto& key : names) {
        context.print(fmt::format("         {}", std::string_view(key.get_string())));
    }
    const auto heard = context.dry_run() ? 0 : cache::ask_to_warm(connection);
    context.print(
        context.dry_run() ? "would ask every process that caches to load them"
        : heard == 0      ? "no process that caches hears it: each may warm itself when it starts"
                          : fmt::format("{} asked to load what {} not have yet",
                                        counted(static_cast<std::size_t>(heard), "process", "processes"),
                                   heard == 1 ? "it does" : "they do"));
    context.result() = {{"redis", name},
                        {"asked", heard},
                        {"hot_keys", hottest.size()},
                        {"patterns", std::move(counts)}};
    if (shows_names) {
        context.result()["names"] = std::move(names);
    }
    return Exit::fine;
}

}  // namespace

std::vector<Verb> cache_warm_verbs() {
    return {
        {"cache warm",
         "asks running applications to load what was asked for most",
         "Shows how many keys of which pattern the last run wrote down as its hottest, and asks "
         "every process that caches to load\nthose that it does not have, and its keys that "
         "need no value. Only the applications know how values are loaded: what they\ndo not "
         "offer to warm stays cold. They do it at their own pace, each key on behalf of whom "
         "it was kept for.",
         {{"--verbose", "", "the keys by name; names may be personal data", {}}},
         "",
         "  caisson cache warm --dry-run\n  caisson -e production cache warm",
         Needs::platform,
         run_warm}};
}

}  // namespace caisson::cli
