// SPDX-License-Identifier: Apache-2.0
// The verb that counts backups: backup stats.
#include <algorithm>
#include <chrono>
#include <map>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/backup.h"
#include "app/cli/serve_watch.h"
#include "base/moment.h"
#include "base/text.h"
#include "operations/backups/drill/receipt.h"

namespace caisson::cli {
namespace {

struct Sum {
    std::size_t count = 0;
    std::uint64_t bytes = 0;
    std::uint64_t stored = 0;
    double seconds = 0;
    std::string newest;
};

std::map<std::string, Sum> sums_of(const std::vector<KnownSet>& sets) {
    std::map<std::string, Sum> sums;
    for (const auto& known : sets) {
        if (!known.found.mistake.empty()) {
            continue;
        }
        const auto& set = known.found.set;
        auto& sum = sums[std::string(backups::name_of(set.kind))];
        ++sum.count;
        sum.bytes += set.bytes;
        sum.stored += set.stored_bytes;
        const auto begun = parse_moment(set.started);
        const auto done = parse_moment(set.finished);
        if (begun && done) {
            sum.seconds += std::chrono::duration<double>(*done - *begun).count();
        }
        sum.newest = std::max(sum.newest, set.finished);
    }
    return sums;
}

Exit run_stats(Context& context) {
    const auto repositories = present_repositories(context);
    const auto keys = backups::trusted_keys(context.run());
    boost::json::array kinds;
    context.print(
        context.bold(fmt::format("{:<14} {:>5} {:>10} {:>10} {:>6} {:>9}  {}", "kind", "sets",
                                 "data", "stored", "ratio", "each took", "newest")));
    for (const auto& [kind, sum] : sums_of(known_sets(repositories))) {
        const auto mean = sum.seconds / static_cast<double>(sum.count);
        const auto ratio = sum.stored == 0
                               ? 0.0
                               : static_cast<double>(sum.bytes) / static_cast<double>(sum.stored);
        context.print(fmt::format("{:<14} {:>5} {:>10} {:>10} {:>5.1f}x {:>7.1f} s  {}", kind,
                                  sum.count, human_bytes(sum.bytes), human_bytes(sum.stored), ratio,
                                  mean, sum.newest));
        kinds.push_back(boost::json::object{{"kind", kind},
                                            {"sets", sum.count},
                                            {"bytes", sum.bytes},
                                            {"stored_bytes", sum.stored},
                                            {"mean_seconds", mean},
                                            {"newest", sum.newest}});
    }
    boost::json::array drills;
    for (const auto& repository : repositories) {
        std::size_t passed = 0;
        std::size_t failed = 0;
        double slowest = 0;
        for (const auto& kept : backups::receipts_of(repository, keys)) {
            ++(kept.receipt.passed() ? passed : failed);
            slowest = std::max(slowest, kept.receipt.restore_seconds);
        }
        context.print(
            fmt::format("drills of {}: {} passed, {} failed, slowest restore {:.1f} s; {} "
                        "free",
                        repository.name(), passed, failed, slowest,
                        human_bytes(space_at(repository.path()).free)));
        drills.push_back(boost::json::object{{"repository", repository.name()},
                                             {"passed", passed},
                                             {"failed", failed},
                                             {"slowest_restore_seconds", slowest},
                                             {"free_bytes", space_at(repository.path()).free}});
    }
    boost::json::array places;
    for (const auto& forecast : present_forecasts(context.run())) {
        context.print(forecast.text);
        places.push_back(boost::json::object{
            {"place", forecast.place},
            {"free_bytes", forecast.free},
            {"bytes_per_second", forecast.bytes_per_second},
            {"full_in_seconds", forecast.full_in ? boost::json::value(forecast.full_in->count())
                                                 : boost::json::value()},
            {"pressure", schedule::name_of(forecast.pressure)}});
    }
    context.result() = {{"kinds", std::move(kinds)},
                        {"repositories", std::move(drills)},
                        {"forecasts", std::move(places)}};
    return Exit::fine;
}

}  // namespace

std::vector<Verb> backup_stats_verbs() {
    return {
        {.name = "backup stats",
         .summary = "how many, how large, how long, by kind; drills and room by repository",
         .details = "",
         .options = {},
         .positional = "",
         .examples = "  caisson backup stats",
         .run = run_stats},
    };
}

}  // namespace caisson::cli
