// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/daemon/prober.h"
#include "app/daemon/verifier.h"
#include "base/clock.h"
#include "base/secret.h"
#include "drivers/http/routes.h"

namespace caisson::daemon {

/// What the endpoints answer from. Outlives the server.
struct Services {
    Parts parts;
    Prober& prober;
    Verifier& verifier;
    /// For Prometheus; as OpenMetrics where that is asked for.
    std::function<std::string(bool is_open)> metrics;
    std::function<std::string()> database_metrics;
    Stopwatch uptime;
};

/// The table of everything the daemon answers; docs/reference/serve.md describes it.
/// Errors: usage for a further path of health that is taken already.
std::vector<http::Route> endpoints(const Services& services);

/// Whether a path is answered without a token: liveness and health, `health` its further paths.
bool is_public(std::string_view path, const std::vector<std::string>& health = {});
/// A page of another origin that makes a browser write here is refused with 403. Source: Fetch
/// (Origin) and Fetch Metadata.
std::optional<http::Response> refuse_foreign_write(const http::Request& request);

}  // namespace caisson::daemon
