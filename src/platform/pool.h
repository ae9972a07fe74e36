// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a manifest says about the connections that a process keeps to a database.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "platform/environment.h"

namespace caisson::platform {

/// As pg::PoolLimits; nothing where nothing is said, and whoever makes the pool decides.
struct PoolSettings {
    std::optional<std::size_t> min;
    std::optional<std::size_t> max;
    std::optional<std::chrono::milliseconds> acquire;
    std::optional<std::chrono::milliseconds> idle;
    std::optional<std::chrono::milliseconds> lifetime;
    std::optional<std::chrono::milliseconds> reap;
    std::optional<std::chrono::milliseconds> retry;
    std::optional<bool> fail_at_once;
};

/// [databases.NAME.pool] with its references replaced. Errors: variable_invalid, with the place,
/// naming everything that is missing or does not fit.
PoolSettings pool_settings(const Manifest& manifest, const Environment& environment,
                           const Database& database, const Variables& variables);

}  // namespace caisson::platform
