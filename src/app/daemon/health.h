// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What /health says, made of findings: pure.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/daemon/pools.h"
#include "app/daemon/prober.h"

namespace caisson::daemon {

/// Everything that a finding is told with.
struct Circumstances {
    std::string platform;
    std::string environment;
    std::string version;
    std::vector<Probe> probes;
    PoolFigures pool;  ///< Of all databases together.
    std::optional<Verification> verification;
};

/// connected when all of this kind are, else the worst of them; nothing when there is none.
std::optional<Presence> together(const Finding& finding, const std::vector<Probe>& probes,
                                 bool databases);

/// Fills in `is_fine` (every database is there and is a primary) and `health`.
void describe(Finding& finding, const Circumstances& circumstances);
/// The body of /health: `health` with what differs from request to request.
std::string health_body(const Finding& finding, std::uint64_t uptime_seconds, std::string_view id);
/// The same for people, a line each.
std::string health_text(const Finding& finding, const std::vector<Probe>& probes);

}  // namespace caisson::daemon
