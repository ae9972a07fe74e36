// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/daemon.h"

#include <atomic>
#include <utility>

#include <poll.h>
#include <unistd.h>

#include "app/daemon/database_metrics.h"
#include "app/daemon/database_probe.h"
#include "app/daemon/endpoints.h"
#include "app/daemon/figures.h"
#include "app/daemon/health.h"
#include "app/daemon/pools.h"
#include "app/daemon/token.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/text.h"
#include "drivers/http/server.h"

namespace caisson::daemon {
namespace {

std::vector<Probe> make_probes(const Parts& parts, Pools& pools) {
    std::vector<Probe> probes;
    for (std::size_t i = 0; i < pools.size(); ++i) {
        probes.push_back(database_probe(parts.databases[i], pools, i));
    }
    for (const auto& redis : parts.redis) {
        probes.push_back({redis.name, false, [ping = redis.ping] {
                              ping();
                              return Reading{Presence::connected, {}, {}, {}};
                          }});
    }
    return probes;
}

/// What a client sent, made fit for a line of JSON.
std::string printable(std::string_view text) {
    std::string kept(text.substr(0, 512));
    for (char& c : kept) {
        if (c < ' ' || c > '~') {
            c = '?';
        }
    }
    return kept;
}

/// One line a request; liveness, asked every few seconds for ever, only when it fails. Queries and
/// headers may hold secrets and are left out.
void log_exchange(const http::Exchange& exchange) {
    const auto& request = exchange.request;
    const int status = exchange.response.status;
    if (request.path == "/livez" && status == 200) {
        return;
    }
    const double milliseconds = std::chrono::duration<double, std::milli>(exchange.elapsed).count();
    const auto write = status >= 500 ? log::warning : log::info;
    if (exchange.response.cause.empty()) {
        write("request", {{"id", request.id},
                          {"method", printable(request.method)},
                          {"path", printable(request.path)},
                          {"status", status},
                          {"ms", milliseconds},
                          {"bytes", exchange.bytes},
                          {"remote", request.remote}});
    } else {
        write("request", {{"id", request.id},
                          {"method", printable(request.method)},
                          {"path", printable(request.path)},
                          {"status", status},
                          {"ms", milliseconds},
                          {"bytes", exchange.bytes},
                          {"remote", request.remote},
                          {"error", exchange.response.cause}});
    }
}

}  // namespace

struct Daemon::State {
    explicit State(Parts given)
        : asks_token(given.always_ask_token || !http::is_loopback(given.listen)),
          figures(given.version, given.platform, given.environment),
          pools(given.databases),
          verifier(given.verify, given.last_verification,
                   [this](const Verification& verification) { figures.count(verification); }),
          services{std::move(given),
                   prober,
                   verifier,
                   [this](bool is_open) {
                       return is_open ? metrics::open_metrics(scrape(), figures.exemplars())
                                      : scrape();
                   },
                   [this] { return database_metrics(); },
                   {}},
          prober(make_probes(services.parts, pools), {},
                 [this](Finding& finding) { complete(finding); }) {}

    void complete(Finding& finding) {
        const auto& parts = services.parts;
        describe(finding, {parts.platform, parts.environment, parts.version, prober.probes(),
                           pools.sum(), verifier.recent()});
    }

    std::string scrape() {
        Figures::Sample sample{0, 0, 0, {}, prober.last(), prober.probes()};
        if (const auto* const now = serving.load()) {
            sample.connections = now->connections();
            sample.in_flight = now->in_flight();
        }
        if (const auto& restarts = services.parts.supervision.restarts) {
            sample.restarts = restarts();
        }
        for (std::size_t i = 0; i < pools.size(); ++i) {
            sample.pools.emplace_back(pools.name(i), pools.figures(i));
        }
        const auto& more = services.parts.more_metrics;
        return figures.text(sample) + (more ? more() : "");
    }

    Own own() {
        Own own = figures.own();
        for (std::size_t i = 0; i < pools.size(); ++i) {
            const auto pool = pools.figures(i);
            own.pools.push_back({pools.name(i), pool.in_use(), pool.max, pool.stats.waiting,
                                 pool.stats.timeouts, pool.stats.refused});
        }
        if (const auto finding = prober.last()) {
            for (std::size_t i = 0; i < finding->readings.size(); ++i) {
                if (const auto& state = finding->readings[i].migrations) {
                    own.migrations.emplace_back(prober.probes()[i].name, *state);
                }
            }
        }
        return own;
    }

    std::string database_metrics() {
        const auto& parts = services.parts;
        return metrics_body(parts.platform, parts.environment, figures_of(parts.databases, pools),
                            parts.monitor ? parts.monitor() : std::string());
    }

    http::Options options() {
        const auto& parts = services.parts;
        http::Options options;
        options.listen = parts.listen;
        options.port = parts.port;
        options.hosts = parts.hosts;
        options.limits.body_bytes = std::size_t{64} * 1024;
        options.guard = [this,
                         &parts](const http::Request& request) -> std::optional<http::Response> {
            if (asks_token && !is_public(request.path, parts.health)) {
                if (auto refusal = ask_token(request, token)) {
                    return refusal;
                }
            }
            return refuse_foreign_write(request);
        };
        options.observe = [this](const http::Exchange& exchange) {
            figures.count(exchange);
            log_exchange(exchange);
        };
        return options;
    }

    const bool asks_token;
    Secret token;
    Figures figures;
    Pools pools;
    Verifier verifier;
    Services services;
    Prober prober;
    Ready ready;
    bool is_supervised = false;
    std::atomic<const http::Server*> serving{nullptr};  ///< Requests come before `server` is set.
    // Last, so that it goes first: its handlers use everything above.
    std::unique_ptr<http::Server> server;
};

Daemon::Daemon(Parts parts) : state_(std::make_unique<State>(std::move(parts))) {
    auto& state = *state_;
    const auto& given = state.services.parts;
    if (!given.token.empty()) {
        state.token = token_at(given.token);
    } else if (state.asks_token) {
        throw Error(Code::usage, "listening on " + given.listen + " needs a file for the token",
                    "listen on 127.0.0.1, or name a state directory");
    }
    state.server = std::make_unique<http::Server>(state.options(), endpoints(state.services));
    state.serving = state.server.get();
    state.ready = {state.server->url(), state.server->port(), state.asks_token};
    if (given.offer) {
        given.offer([own = &state] { return own->own(); });
    }
    if (given.supervision.start) {
        given.supervision.start();
        state.is_supervised = true;
    }
    state.pools.start();
    state.prober.start();
}

Daemon::~Daemon() {
    state_->server->stop();
    state_->prober.stop();
    state_->pools.close();  // A probe that waits for a server that hangs waits no longer.
    if (state_->is_supervised && state_->services.parts.supervision.stop) {
        try {
            state_->services.parts.supervision.stop();
        } catch (const std::exception& failure) {
            log::error("supervision_failed", {{"error", failure.what()}});
        }
    }
}

const Ready& Daemon::ready() const { return state_->ready; }

bool Daemon::stop() {
    const bool is_drained =
        state_->server->drain(state_->services.parts.drain_limit, interrupt::insisted);
    if (!is_drained) {
        interrupt::insist();
        state_->pools.close();  // Those who ask a server that hangs are answered, and can end.
    }
    state_->server->stop();
    return is_drained;
}

int serve(Parts parts, const std::function<void(const Ready&)>& ready) {
    const auto drain_limit = parts.drain_limit;
    Daemon daemon(std::move(parts));
    log::info("started", {{"url", daemon.ready().url},
                          {"process", static_cast<std::int64_t>(::getpid())},
                          {"asks_token", daemon.ready().asks_token}});
    if (ready) {
        ready(daemon.ready());
    }
    pollfd waits{interrupt::descriptor(), POLLIN, 0};
    while (!interrupt::requested()) {
        ::poll(&waits, 1, -1);
    }
    log::info("stopping", {{"limit", human(drain_limit)}});
    const bool is_drained = daemon.stop();
    log::info("stopped", {{"drained", is_drained}});
    return 0;
}

}  // namespace caisson::daemon
