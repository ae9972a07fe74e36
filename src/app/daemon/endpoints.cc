// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/endpoints.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "app/daemon/health.h"
#include "app/daemon/status_page.h"
#include "base/error.h"
#include "base/open_metrics.h"

namespace caisson::daemon {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 4> public_paths = {"/livez", "/readyz", "/health",
                                                          "/api/v1/health"};

http::Response uncached(int status, std::string body) {
    return {status, "application/json", std::move(body), {{"Cache-Control", "no-store"}}};
}

std::string body_of(const Services& services, const Finding& finding, std::string_view id) {
    const auto uptime =
        std::chrono::duration_cast<std::chrono::seconds>(services.uptime.elapsed()).count();
    return health_body(finding, static_cast<std::uint64_t>(uptime), id);
}

/// Answers with a fresh finding, without holding a thread while it is awaited.
http::Route from_finding(
    const Services& services, std::string path,
    std::function<http::Response(const Finding&, const std::string& id)> answer) {
    return http::deferred(
        "GET", std::move(path),
        [&services, answer = std::move(answer)](const http::Request& request, http::Reply reply) {
            services.prober.ask([answer, reply = std::move(reply),
                                 id = request.id](const std::shared_ptr<const Finding>& finding) {
                reply(answer(*finding, id));
            });
        });
}

http::Route health(const Services& services, std::string path) {
    return from_finding(
        services, std::move(path), [&services](const Finding& finding, const std::string& id) {
            return uncached(finding.is_fine ? 200 : 503, body_of(services, finding, id));
        });
}

http::Response ready(const Finding& finding, const std::string&) {
    return finding.is_fine ? uncached(200, "{\"status\":\"ready\"}\n")
                           : uncached(503, "{\"status\":\"not ready\"}\n");
}

http::Route page(const Services& services) {
    return from_finding(services, "/", [&services](const Finding& finding, const std::string& id) {
        const auto& parts = services.parts;
        auto response = status_page({parts.title.empty() ? parts.platform : parts.title,
                                     parts.environment, body_of(services, finding, id),
                                     health_text(finding, services.prober.probes())});
        response.headers.push_back({"Cache-Control", "no-store"});
        return response;
    });
}

http::Response last_verification(Verifier& verifier) {
    const auto last = verifier.last();
    return last ? uncached(200, last->report)
                : http::problem(404, "no verification has run yet", {},
                                "run one: POST to this address, or `caisson verify`");
}

}  // namespace

std::vector<http::Route> endpoints(const Services& services) {
    auto& verifier = services.verifier;
    std::vector<http::Route> routes = {
        http::fast("GET", "/livez",
                   [](const http::Request&) { return uncached(200, "{\"status\":\"alive\"}\n"); }),
        from_finding(services, "/readyz", ready),
        health(services, "/health"),
        health(services, "/api/v1/health"),
        page(services),
        http::slow("GET", "/metrics",
                   [&services](const http::Request& request) {
                       const bool is_open = metrics::prefers_open_metrics(request.header("Accept"));
                       return http::Response{
                           200,
                           is_open ? metrics::open_content_type : metrics::content_type,
                           services.metrics(is_open),
                           {{"Vary", "Accept"}}};
                   }),
        http::slow("GET", "/api/v1/verification",
                   [&verifier](const http::Request&) { return last_verification(verifier); }),
        http::slow(
            "POST", "/api/v1/verification",
            [&verifier](const http::Request&) { return uncached(200, verifier.run().report); },
            10min),
        http::slow("GET", "/v1/database/metrics",
                   [&services](const http::Request&) {
                       return uncached(200, services.database_metrics());
                   }),
    };
    for (const auto& path : services.parts.health) {
        if (std::any_of(routes.begin(), routes.end(),
                        [&](const auto& route) { return route.pattern == path; })) {
            throw Error(Code::usage, fmt::format("{} is answered already", path),
                        "choose another path for [api] health");
        }
        routes.push_back(health(services, path));
    }
    return routes;
}

bool is_public(std::string_view path, const std::vector<std::string>& health) {
    return std::find(public_paths.begin(), public_paths.end(), path) != public_paths.end() ||
           std::find(health.begin(), health.end(), path) != health.end();
}

std::optional<http::Response> refuse_foreign_write(const http::Request& request) {
    if (request.method == "GET" || request.method == "HEAD") {
        return {};
    }
    const auto site = request.header("Sec-Fetch-Site");
    const auto origin = request.header("Origin");
    const std::string host(request.header("Host"));
    const bool is_foreign_site = !site.empty() && site != "same-origin" && site != "none";
    const bool is_foreign_origin =
        !origin.empty() && origin != "http://" + host && origin != "https://" + host;
    if (is_foreign_site || is_foreign_origin) {
        return http::problem(403, "a page of another origin may not write here");
    }
    return {};
}

}  // namespace caisson::daemon
