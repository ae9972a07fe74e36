// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/health.h"

#include <algorithm>
#include <cmath>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/text.h"

namespace caisson::daemon {
namespace {

namespace json = boost::json;

/// To a microsecond, as people read it: Boost.JSON would write 0.4 as 4E-1.
std::string milliseconds_of(std::chrono::nanoseconds duration) {
    return fmt::format("{:g}", std::round(static_cast<double>(duration.count()) / 1e3) / 1e3);
}

std::string servers(const Finding& finding, const std::vector<Probe>& probes, bool databases) {
    std::string list;
    for (std::size_t i = 0; i < probes.size(); ++i) {
        if (probes[i].is_database == databases) {
            const auto& reading = finding.readings[i];
            list += fmt::format(
                R"({}{{"name":{},"status":"{}","latency_ms":{}}})", list.empty() ? "" : ",",
                json::serialize(json::string_view(probes[i].name)), name_of(reading.presence),
                reading.presence == Presence::unreachable ? "null"
                                                          : milliseconds_of(reading.latency));
        }
    }
    return "[" + list + "]";
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
    const bool is_whole =
        finding.is_fine && redis.value_or(Presence::connected) == Presence::connected;
    const auto word = [](const std::optional<Presence>& presence) {
        return presence ? fmt::format("\"{}\"", name_of(*presence)) : std::string("null");
    };
    const auto& pool = circumstances.pool;
    const json::object rest{
        {"pool",
         {{"size", pool.size}, {"idle", pool.idle}, {"in_use", pool.in_use}, {"max", pool.max}}},
        {"migrations", migrations(finding, probes)},
        {"verification", verification(circumstances.verification)},
        {"platform", circumstances.platform},
        {"environment", circumstances.environment},
        {"version", circumstances.version}};
    finding.health =
        fmt::format(R"({{"status":"{}","database":{},"databases":{},"redis":{},"caches":{},{})",
                    is_whole ? "healthy" : (finding.is_fine ? "degraded" : "unhealthy"),
                    word(database), servers(finding, probes, true), word(redis),
                    servers(finding, probes, false), json::serialize(rest).substr(1));
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
