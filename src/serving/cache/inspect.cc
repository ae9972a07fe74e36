// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/inspect.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/connection.h"
#include "serving/cache/instance.h"
#include "serving/cache/outbox.h"
#include "serving/cache/setting_value.h"
#include "trust/redis.h"

namespace caisson::cache {
namespace {

using checks::Finding;
using checks::Outcome;
using checks::Severity;
using checks::Verdict;

std::vector<platform::CacheKey> unevictable(const platform::Manifest& manifest) {
    std::vector<platform::CacheKey> keys;
    std::copy_if(manifest.cache_keys.begin(), manifest.cache_keys.end(), std::back_inserter(keys),
                 [](const auto& key) { return !key.evictable; });
    return keys;
}

/// What INFO tells of settings that are asked for most.
std::optional<std::string> from_info(const std::map<std::string, std::string>& info,
                                     const std::string& name) {
    const std::map<std::string, std::string> names = {{"maxmemory", "maxmemory"},
                                                      {"maxmemory-policy", "maxmemory_policy"},
                                                      {"appendonly", "aof_enabled"}};
    const auto known = names.find(name);
    const auto found = known == names.end() ? info.end() : info.find(known->second);
    if (found == info.end()) {
        return std::nullopt;
    }
    return name == "appendonly" ? (found->second == "1" ? "yes" : "no") : found->second;
}

/// A connection, or nothing where there is nothing to ask; the verdict then says why.
std::optional<redis::Connection> connect(const trust::Run& run, Verdict& verdict) {
    const auto known = trust::redis_client(run);
    if (!known) {
        verdict.outcome = Outcome::skipped;
        verdict.found = fmt::format("the environment {} names no Redis", run.environment.name);
        return std::nullopt;
    }
    return redis::Connection(*known);
}

void inspect_settings(const trust::Run& run, Verdict& verdict) {
    const auto& written = run.manifest.server.redis;
    verdict.expected = fmt::format("{} as declared", written.size());
    if (auto connection = connect(run, verdict)) {
        std::vector<std::string> names;
        for (const auto& [name, value] : written) {
            names.push_back(name);
        }
        compare_settings(written, read_configuration(*connection, names), run.is_private(),
                         verdict);
    }
}

void inspect_eviction(const trust::Run& run, Verdict& verdict) {
    const auto keys = unevictable(run.manifest);
    verdict.expected = fmt::format("{} never evicted", counted(keys.size(), "pattern"));
    if (auto connection = connect(run, verdict)) {
        compare_eviction(keys, read_configuration(*connection, {"maxmemory", "maxmemory-policy"}),
                         verdict);
    }
}

void inspect_triggers(const trust::Run& run, Verdict& verdict) {
    const auto tables = watched_tables(run.manifest.cache_keys);
    std::vector<TriggerPlan> plans;
    TriggerPlan all;
    for (const auto& database : run.manifest.databases) {
        pg::Connection connection(trust::role_settings(run, database, trust::Role::service));
        plans.push_back(plan_triggers(connection, tables, Absent::left_out));
        for (const auto& table : plans.back().missing) {
            all.missing.push_back(run.manifest.databases.size() == 1
                                      ? table
                                      : fmt::format("{} in {}", table, database.name));
        }
    }
    require_tables(plans);
    compare_triggers(tables, all, verdict);
}

std::string command_of(const std::string& name, const std::string& value) {
    const bool is_word = !value.empty() && value.find_first_of(" \t") == std::string::npos;
    return fmt::format("CONFIG SET {} {}, then CONFIG REWRITE", name,
                       is_word ? value : fmt::format("\"{}\"", value));
}

}  // namespace

std::vector<checks::OfferedCheck> offered_checks(const trust::Run& run) {
    std::vector<checks::OfferedCheck> all;
    if (!run.manifest.server.has_redis) {
        return all;
    }
    if (!run.manifest.server.redis.empty()) {
        all.push_back({"redis settings", "Redis has the settings of the manifest",
                       [run](Verdict& verdict) { inspect_settings(run, verdict); }});
    }
    if (!unevictable(run.manifest).empty()) {
        all.push_back({"redis eviction", "Redis gives up no key that must be kept",
                       [run](Verdict& verdict) { inspect_eviction(run, verdict); }});
    }
    if (!watched_tables(run.manifest.cache_keys).empty()) {
        all.push_back({"cache triggers",
                       "changes of what cached values are made of are written down",
                       [run](Verdict& verdict) { inspect_triggers(run, verdict); }});
    }
    return all;
}

void compare_triggers(const std::vector<WatchedTable>& tables, const TriggerPlan& plan,
                      Verdict& verdict) {
    const auto watched = counted(tables.size(), "table");
    verdict.expected = watched + " watched";
    // A warning: no value is wrong for it, since who carries changes does not say so meanwhile.
    for (const auto& table : plan.missing) {
        verdict.findings.push_back({Severity::warning,
                                    fmt::format("a trigger on {} is missing or disabled", table),
                                    "caisson cache triggers"});
    }
    verdict.found = plan.missing.empty() ? verdict.expected
                                         : fmt::format("{} of {} not, or not by every change",
                                                       plan.missing.size(), watched);
}

Configuration read_configuration(redis::Connection& connection,
                                 const std::vector<std::string>& names) {
    std::vector<redis::Command> commands;
    for (const auto& name : names) {
        commands.push_back({"CONFIG", "GET", name});
    }
    const auto replies = connection.pipeline(commands);
    std::map<std::string, std::string> info;
    Configuration found;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!replies[i].is_error()) {
            if (replies[i].items.size() == 2) {
                found.values[names[i]] = replies[i].items[1].text();
            }
            continue;
        }
        if (info.empty()) {
            info = parse_info(connection.command({"INFO"}).text());
        }
        if (auto value = from_info(info, names[i])) {
            found.values[names[i]] = std::move(*value);
        } else {
            found.hidden.insert(names[i]);
        }
    }
    return found;
}

void compare_settings(const std::map<std::string, std::string>& written, const Configuration& found,
                      bool is_private, Verdict& verdict) {
    for (const auto& [name, value] : written) {
        const auto at = found.values.find(name);
        if (found.hidden.contains(name)) {
            verdict.outcome = Outcome::cannot_run;
            verdict.findings.push_back({Severity::warning,
                                        fmt::format("{} may not be read by this account", name),
                                        "let the account use CONFIG GET"});
        } else if (at == found.values.end()) {
            verdict.findings.push_back({Severity::error,
                                        fmt::format("Redis knows no setting {}", name),
                                        "mend its name in [server.redis]"});
        } else if (!has_value(name, at->second, value)) {
            verdict.findings.push_back(
                {is_private ? Severity::error : Severity::warning,
                 fmt::format("{} is {}, expected {}", name, shown(at->second, value),
                             value.empty() ? "\"\"" : value),
                 is_private ? "caisson up" : command_of(name, value)});
        }
    }
    const auto bad = verdict.findings.size();
    verdict.expected = fmt::format("{} as declared", written.size());
    verdict.found =
        bad == 0 ? verdict.expected : fmt::format("{} of {} otherwise", bad, written.size());
}

void compare_eviction(const std::vector<platform::CacheKey>& keys, const Configuration& found,
                      Verdict& verdict) {
    const auto value = [&](const std::string& name) {
        const auto at = found.values.find(name);
        return at == found.values.end() ? std::string() : at->second;
    };
    const auto policy = value("maxmemory-policy");
    if (policy.empty()) {
        verdict.outcome = Outcome::cannot_run;
        verdict.found = "not known";
        verdict.findings.push_back({Severity::warning,
                                    "maxmemory-policy may not be read by this account",
                                    "let the account use CONFIG GET or INFO"});
        return;
    }
    if (value("maxmemory") == "0") {
        verdict.found = fmt::format("{}, without a limit of memory", policy);
        return;
    }
    verdict.found = policy;
    for (const auto& key : keys) {
        const bool is_at_risk =
            policy.starts_with("allkeys-") || (policy.starts_with("volatile-") && key.ttl);
        if (is_at_risk) {
            verdict.findings.push_back(
                {Severity::error,
                 fmt::format(
                     "keys {} must not be evicted, and {} may evict them{}", key.pattern, policy,
                     policy.starts_with("volatile-") ? ", because they have a time to live" : ""),
                 policy.starts_with("volatile-")
                     ? "maxmemory-policy noeviction, or a Redis of its own for what may be evicted"
                     : "maxmemory-policy noeviction (or volatile-lru where such keys have no time "
                       "to live), or a Redis of its own for what may be evicted"});
        }
    }
}

}  // namespace caisson::cache
