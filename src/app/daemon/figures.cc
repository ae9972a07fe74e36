// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/figures.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace caisson::daemon {
namespace {

constexpr const char* durations = "caisson_http_request_duration_seconds";

double seconds(std::chrono::nanoseconds duration) {
    return std::chrono::duration<double>(duration).count();
}

std::string known_method(const std::string& method) {
    constexpr std::array<std::string_view, 7> known = {"GET",   "HEAD",   "POST",   "PUT",
                                                       "PATCH", "DELETE", "OPTIONS"};
    return std::find(known.begin(), known.end(), method) == known.end() ? "other" : method;
}

}  // namespace

std::optional<double> quantile_of(const std::vector<double>& bounds,
                                  const std::vector<std::uint64_t>& buckets, double share) {
    constexpr std::uint64_t least = 20;
    const auto all = std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
    if (all < least) {
        return std::nullopt;
    }
    const double wanted = share * static_cast<double>(all);
    double below = 0;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        const auto here = static_cast<double>(buckets[i]);
        if (here > 0 && below + here >= wanted) {
            const double floor = i == 0 ? 0 : bounds[i - 1];
            return floor + (bounds[i] - floor) * (wanted - below) / here;
        }
        below += here;
    }
    return bounds.back();
}

Figures::Figures(const std::string& version, const std::string& platform,
                 const std::string& environment) {
    registry_
        .gauge("caisson_build_info", "Always 1; what is running, as labels",
               {{"version", version}, {"platform", platform}, {"environment", environment}})
        .set(1);
}

void Figures::count(const http::Exchange& exchange) {
    const std::string route(exchange.route.empty() ? "other" : exchange.route);
    const std::string method = known_method(exchange.request.method);
    const std::string status = std::to_string(exchange.response.status);
    const std::string key = method + status + route;
    auto request = requests_.find(key);
    if (request == requests_.end()) {
        request = requests_
                      .emplace(key, registry_.counter(
                                        "caisson_http_requests_total", "Requests answered",
                                        {{"route", route}, {"method", method}, {"status", status}}))
                      .first;
    }
    request->second.add();
    auto duration = durations_.find(route);
    if (duration == durations_.end()) {
        duration =
            durations_
                .emplace(route, registry_.histogram(durations, "From the request to its answer",
                                                    {{"route", route}}))
                .first;
    }
    duration->second.observe(seconds(exchange.elapsed));
    exemplars_.add(durations, {{"route", route}}, seconds(exchange.elapsed),
                   {"request_id", exchange.request.id});
    const auto& bounds = metrics::latency_bounds();
    const auto bucket = std::ranges::lower_bound(bounds, seconds(exchange.elapsed));
    const std::lock_guard lock(mutex_);
    ++answered_;
    failed_ += exchange.response.status >= 500 ? 1 : 0;
    recent_.resize(bounds.size() + 1);
    ++recent_[static_cast<std::size_t>(bucket - bounds.begin())];
}

Own Figures::own() {
    Own own;
    const std::lock_guard lock(mutex_);
    own.answered = answered_;
    own.failed = failed_;
    own.p99 = quantile_of(metrics::latency_bounds(), std::exchange(recent_, {}), 0.99);
    return own;
}

void Figures::count(const Verification& verification) {
    const bool is_fine = verification.passed == verification.total;
    registry_
        .counter("caisson_verifications_total", "Verifications that this daemon ran",
                 {{"outcome", is_fine ? "passed" : "failed"}})
        .add();
    registry_.gauge("caisson_verification_checks", "Checks of the last verification")
        .set(static_cast<double>(verification.total));
    registry_.gauge("caisson_verification_failed_checks", "Of them, those that did not hold")
        .set(static_cast<double>(verification.total - verification.passed));
}

void Figures::set_pool(const std::string& database, const PoolFigures& pool) {
    const auto& stats = pool.stats;
    const auto connections = [&](const char* state, std::size_t number) {
        registry_
            .gauge("caisson_pool_connections", "Connections of the pool, by state",
                   {{"database", database}, {"state", state}})
            .set(static_cast<double>(number));
    };
    connections("idle", stats.idle);
    connections("in_use", pool.in_use());
    connections("max", pool.max);
    const metrics::Labels labels{{"database", database}};
    const auto now = [&](const char* name, const char* help, std::size_t number) {
        registry_.gauge(name, help, labels).set(static_cast<double>(number));
    };
    now("caisson_pool_alone", "Connections that one caller holds alone", stats.alone);
    now("caisson_pool_opening", "Connections that are being opened", stats.opening);
    now("caisson_pool_in_flight", "Requests sent and not answered yet", stats.in_flight);
    now("caisson_pool_waiting", "Requests that wait for room", stats.waiting);
    now("caisson_pool_waiting_alone", "Callers that wait for a connection of their own",
        stats.waiting_alone);
    const auto since = [&](const char* name, const char* help, std::uint64_t number) {
        registry_.counter(name, help, labels).follow(static_cast<double>(number));
    };
    since("caisson_pool_answered_total", "Requests answered, fine or rejected", stats.answered);
    since("caisson_pool_opened_total", "Connections opened", stats.opened);
    since("caisson_pool_not_opened_total", "Connections that could not be opened",
          stats.not_opened);
    since("caisson_pool_broken_total", "Connections that broke", stats.broken);
    since("caisson_pool_unused_total", "Connections closed because nobody used them", stats.unused);
    since("caisson_pool_retired_total", "Connections closed because they were old", stats.retired);
    since("caisson_pool_timeouts_total", "Requests that got no room in time", stats.timeouts);
    since("caisson_pool_refused_total", "Requests refused because too many waited", stats.refused);
    since("caisson_pool_moved_total", "Requests moved because their connection broke", stats.moved);
    since("caisson_pool_run_again_total", "Requests run again for an outdated statement",
          stats.run_again);
    since("caisson_pool_prepares_total", "Statements prepared", stats.prepares);
}

void Figures::set_probes(const Finding& finding, const std::vector<Probe>& probes) {
    for (std::size_t i = 0; i < probes.size(); ++i) {
        const auto& reading = finding.readings[i];
        const metrics::Labels labels{{"kind", probes[i].is_database ? "database" : "redis"},
                                     {"name", probes[i].name}};
        registry_.gauge("caisson_up", "Whether the dependency is there and usable", labels)
            .set(reading.presence == Presence::connected ? 1 : 0);
        registry_.gauge("caisson_probe_duration_seconds", "What the last probe took", labels)
            .set(seconds(reading.latency));
        if (const auto& state = reading.migrations) {
            const metrics::Labels database{{"database", probes[i].name}};
            registry_.gauge("caisson_migrations_applied", "Migrations applied", database)
                .set(static_cast<double>(state->applied));
            registry_.gauge("caisson_migrations_pending", "Migrations not yet applied", database)
                .set(static_cast<double>(state->pending));
        }
    }
}

std::string Figures::text(const Sample& sample) {
    registry_.gauge("caisson_http_connections", "Open connections")
        .set(static_cast<double>(sample.connections));
    registry_.gauge("caisson_http_requests_in_flight", "Requests that are being answered")
        .set(static_cast<double>(sample.in_flight));
    registry_.counter("caisson_server_restarts_total", "Private servers that were started again")
        .follow(static_cast<double>(sample.restarts));
    for (const auto& [database, pool] : sample.pools) {
        set_pool(database, pool);
    }
    if (sample.finding) {
        set_probes(*sample.finding, sample.probes);
    }
    metrics::sample_process(registry_);
    return registry_.text();
}

}  // namespace caisson::daemon
