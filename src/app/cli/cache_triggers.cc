// SPDX-License-Identifier: Apache-2.0
// The verb `cache triggers`, and the same as a part of `up` and `provision`.
#include <algorithm>
#include <memory>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/journaling.h"
#include "app/cli/steps.h"
#include "base/text.h"
#include "serving/cache/outbox.h"
#include "trust/identity.h"
#include "trust/redis.h"

namespace caisson::cli {
namespace {

boost::json::array names(const std::vector<std::string>& all) {
    return boost::json::array(all.begin(), all.end());
}

struct Work {
    platform::Database database;
    std::unique_ptr<pg::Connection> connection;
    cache::TriggerPlan plan;
};

std::vector<Work> plan_all(Context& context) {
    const auto& run = context.run();
    const auto tables = cache::watched_tables(run.manifest.cache_keys);
    std::vector<Work> all;
    for (const auto& database : context.databases()) {
        auto connection = std::make_unique<pg::Connection>(trust::admin_settings(run, database));
        trust::require_ours(*connection, run, database);
        auto plan = cache::plan_triggers(*connection, tables, cache::Absent::left_out);
        all.push_back({database, std::move(connection), std::move(plan)});
    }
    return all;
}

std::vector<cache::TriggerPlan> plans_of(const std::vector<Work>& all) {
    std::vector<cache::TriggerPlan> plans;
    for (const auto& work : all) {
        plans.push_back(work.plan);
    }
    return plans;
}

/// Tables that none of them has. Of a part of the databases nothing can be said about it.
std::vector<std::string> nowhere(Context& context, const std::vector<Work>& all) {
    std::vector<std::string> absent;
    if (all.size() != context.run().manifest.databases.size()) {
        return absent;
    }
    for (const auto& table : all.front().plan.absent) {
        if (std::ranges::all_of(all, [&](const Work& work) {
                return std::ranges::find(work.plan.absent, table) != work.plan.absent.end();
            })) {
            absent.push_back(table);
        }
    }
    return absent;
}

void put(Context& context, const Work& work) {
    cache::apply(*work.connection, work.plan, context.run().manifest.migrations.lock_timeout);
    tell_journal(context, work.database, journal::kinds::finish, "cache triggers",
                 {{"tables", names(work.plan.missing)}, {"left", names(work.plan.superfluous)}});
}

boost::json::object to_json(const Work& work, bool applied) {
    return {{"database", work.database.name},
            {"applied", applied},
            {"watched", names(work.plan.missing)},
            {"left", names(work.plan.superfluous)},
            {"statements", names(work.plan.statements())}};
}

Exit run_triggers(Context& context) {
    const auto& run = context.run();
    const auto all = plan_all(context);
    if (all.size() == run.manifest.databases.size()) {
        cache::require_tables(plans_of(all));
    }
    // Of several databases, nothing is done when one of them is refused.
    for (const auto& work : all) {
        if (!context.dry_run() && !work.plan.is_empty() && run.environment.is_protected) {
            trust::require_consent(run, work.database, "cache triggers",
                                   context.arguments().value("--confirm"), context.yes());
        }
    }
    boost::json::array rows;
    bool is_done = true;
    for (const auto& work : all) {
        const bool applies = !context.dry_run() && !work.plan.is_empty();
        is_done = is_done && work.plan.is_empty();
        if (applies) {
            put(context, work);
        }
        const auto told = [&](const std::string& table, std::string_view deed) {
            context.print(fmt::format("  {}: {}{}{}", table, applies ? "" : "would be ", deed,
                                      all.size() == 1 ? "" : " in " + work.database.name));
        };
        for (const auto& table : work.plan.missing) {
            told(table, "watched");
        }
        for (const auto& table : work.plan.superfluous) {
            told(table, "left");
        }
        rows.push_back(to_json(work, applies));
    }
    if (is_done) {
        context.print("every table of [cache.keys] is watched, and no other");
    }
    context.result() = {{"databases", std::move(rows)}};
    return Exit::fine;
}

}  // namespace

void watch_cached_tables(Context& context, StepSummary& summary) {
    const auto& run = context.run();
    // Without a key no connection is made for this; what is left over then, the verb takes away.
    if (run.manifest.cache_keys.empty() || !trust::redis_settings(run)) {
        return;
    }
    const auto all = plan_all(context);
    if (all.size() == run.manifest.databases.size()) {
        cache::require_columns(plans_of(all));
    }
    boost::json::array rows;
    for (const auto& work : all) {
        if (work.plan.is_empty()) {
            continue;
        }
        put(context, work);
        summary.changed = true;
        const auto note = [&](const std::vector<std::string>& tables, std::string_view deed) {
            if (!tables.empty()) {
                summary.notes.push_back(fmt::format(
                    "tables of cached values {}{}: {}", deed,
                    all.size() == 1 ? "" : " in " + work.database.name, join(tables, ", ")));
            }
        };
        note(work.plan.missing, "watched");
        note(work.plan.superfluous, "left");
        rows.push_back(to_json(work, true));
    }
    for (const auto& table : nowhere(context, all)) {
        summary.notes.push_back(
            fmt::format("[cache.keys] names the table {}, which is not there yet", table));
    }
    context.result()["cache_triggers"] = std::move(rows);
}

std::vector<Verb> cache_trigger_verbs() {
    return {
        {"cache triggers",
         "watches the tables that cached values are made of",
         "Puts triggers on the tables that [cache.keys] names, in every database that has them, "
         "and takes "
         "them from all others, as caisson up\nand caisson provision do. What they write is "
         "carried to Redis by caisson serve. They are no "
         "part of the structure: drift, proofs and counts leave them out.\n"
         "Each table is one transaction, which waits for its lock as long as a migration does "
         "([migrations] lock_timeout). In a\nprotected environment --confirm must name the "
         "database.",
         {},
         "",
         "  caisson cache triggers --dry-run\n  caisson cache triggers",
         Needs::platform,
         run_triggers},
    };
}

}  // namespace caisson::cli
