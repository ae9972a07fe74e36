// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a manifest says about the monitor, as values.

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "platform/environment.h"

namespace caisson::platform {

/// How figures are collected and kept; each has a default.
struct MonitorSettings {
    bool collect = true;
    std::chrono::milliseconds interval{30'000};
    std::chrono::milliseconds expensive{300'000};
    std::chrono::milliseconds timeout{2'000};
    std::chrono::milliseconds slow_query{500};
    std::size_t stored = 2'880;  ///< A day at 30 s.
    std::chrono::milliseconds minutes{std::chrono::hours(24 * 30)};
    std::chrono::milliseconds hours{std::chrono::hours(24 * 731)};
    std::uint64_t history_bytes = 256ULL * 1024 * 1024;
    std::size_t tables = 100;
    std::size_t indexes = 100;
    std::size_t queries = 100;
};

/// [monitor] with its references replaced. What it does not say comes from the variables
/// MONITORING_INTERVAL, SLOW_QUERY_THRESHOLD and MAX_METRICS_STORED where the manifest declares
/// them, else is the default. Errors: variable_invalid, naming everything that does not fit.
MonitorSettings monitor_settings(const Manifest& manifest, const Environment& environment,
                                 const Variables& variables);

}  // namespace caisson::platform
