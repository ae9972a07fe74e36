// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/health.h"

#include <algorithm>
#include <cmath>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"

namespace caisson::daemon {
namespace {

namespace json = boost::json;

/// To a microsecond: finer would only be noise.
double milliseconds_of(std::chrono::nanoseconds duration) {
    return std::round(static_cast<double>(duration.count()) / 1e3) / 1e3;
}

json::array servers(const Finding& finding, const std::vector<Probe>& probes, bool databases) {
    json::array list;
    for (std::size_t i = 0; i < probes.size(); ++i) {
        if (probes[i].is_database == databases) {
            const auto& reading = finding.readings[i];
            json::object server{{"name", probes[i].name}, {"status", name_of(reading.presence)}};
            if (reading.presence == Presence::unreachable) {
                server["latency_ms"] = nullptr;
            } else {
                server["latency_ms"] = milliseconds_of(reading.latency);
            }
            list.push_back(std::move(server));
        }
    }
    return list;
}

json::array migrations(const Finding& finding, const std::vector<Probe>& probes) {
    json::array list;
    for (std::size_t i = 0; i < probes.size(); ++i) {
        if (!probes[i].is_database) {
            continue;
        }
        json::object one{{"database", probes[i].name}};
        if (const auto& state = finding.readings[i].migrations) {
            one["state"] = state->pending == 0 ? "current" : "pending";
            one["applied"] = state->applied;
            one["pending"] = state->pending;
            one["version"] =
                state->version.empty() ? json::value(nullptr) : json::value(state->version);
        } else {
            one["state"] = "unknown";
        }
        list.push_back(std::move(one));
    }
    return list;
}

json::value verification(const std::optional<Verification>& last) {
    if (!last) {
        return nullptr;
    }
    return json::object{{"status", last->passed == last->total ? "passed" : "failed"},
                        {"passed", last->passed},
                        {"total", last->total},
                        {"at", last->at}};
}

/// What is amiss and stops nobody: a cache that is away, a platform that is not as it should be.
json::array degraded(const Finding& finding, const Circumstances& circumstances) {
    json::array list;
    const auto& probes = circumstances.probes;
    for (std::size_t i = 0; i < probes.size(); ++i) {
        const auto& reading = finding.readings[i];
        if (!probes[i].is_database && reading.presence != Presence::connected) {
            list.emplace_back(probes[i].name);
        }
        if (reading.migrations && reading.migrations->pending > 0) {
            list.emplace_back("migrations of " + probes[i].name);
        }
    }
    const auto& last = circumstances.verification;
    if (last && last->passed != last->total) {
        list.emplace_back("verification");
    }
    return list;
}

}  // namespace

std::optional<Presence> together(const Finding& finding, const std::vector<Probe>& probes,
                                 bool databases) {
    std::optional<Presence> worst;
    for (std::size_t i = 0; i < probes.size(); ++i) {
        if (probes[i].is_database == databases) {
            worst = std::max(worst.value_or(Presence::connected), finding.readings[i].presence);
        }
    }
    return worst;
}

void describe(Finding& finding, const Circumstances& circumstances) {
    const auto& probes = circumstances.probes;
    const auto database = together(finding, probes, true);
    const auto redis = together(finding, probes, false);
    finding.is_fine = database.value_or(Presence::connected) == Presence::connected;
    auto amiss = degraded(finding, circumstances);
    const auto* const status = !finding.is_fine ? "unhealthy"
                               : amiss.empty()  ? "healthy"
                                                : "degraded";
    const auto word = [](const std::optional<Presence>& presence) {
        return presence ? json::value(name_of(*presence)) : json::value(nullptr);
    };
    const auto& pool = circumstances.pool;
    finding.health =
        json_text(json::object{{"status", status},
                               {"degraded", std::move(amiss)},
                               {"database", word(database)},
                               {"databases", servers(finding, probes, true)},
                               {"redis", word(redis)},
                               {"caches", servers(finding, probes, false)},
                               {"pool",
                                {{"size", pool.stats.lanes},
                                 {"idle", pool.stats.idle},
                                 {"in_use", pool.in_use()},
                                 {"max", pool.max}}},
                               {"migrations", migrations(finding, probes)},
                               {"verification", verification(circumstances.verification)},
                               {"platform", circumstances.platform},
                               {"environment", circumstances.environment},
                               {"version", circumstances.version}});
    // health_body() adds what differs from request to request.
    finding.health.pop_back();
}

std::string health_body(const Finding& finding, std::uint64_t uptime_seconds, std::string_view id) {
    // An id holds no character that JSON would want escaped.
    return fmt::format("{},\"uptime_seconds\":{},\"request_id\":\"{}\"}}\n", finding.health,
                       uptime_seconds, id);
}

std::string health_text(const Finding& finding, const std::vector<Probe>& probes) {
    std::string text;
    for (std::size_t i = 0; i < probes.size(); ++i) {
        const auto& reading = finding.readings[i];
        text += fmt::format("{} {}: {}", probes[i].is_database ? "database" : "redis",
                            probes[i].name, name_of(reading.presence));
        if (reading.presence != Presence::unreachable) {
            text += fmt::format(" ({})", human(reading.latency));
        }
        if (const auto& state = reading.migrations) {
            text += fmt::format(", {} applied, {} pending", counted(state->applied, "migration"),
                                state->pending);
        }
        text += "\n";
    }
    return text;
}

}  // namespace caisson::daemon
