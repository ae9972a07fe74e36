// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the daemon adds to every sample about Caisson itself, so that it has a history and rules.

#include "app/daemon/daemon.h"
#include "operations/monitor/sample/sample.h"
#include "serving/cache/stored.h"
#include "trust/session.h"

namespace caisson::cli {

/// Groups `pool`, `http`, `migrations`. Pure.
void add_own(const daemon::Own& own, monitor::Sample& sample);
/// Group `cache` of what was read. Pure.
void add_cache(const cache::Overview& overview, monitor::Sample& sample);
/// The same, asked of Redis; nothing where the platform has no cache, unknown while Redis is away.
void read_cache(const trust::Run& run, monitor::Sample& sample);
/// Figures of the library's cache that processes add up in Redis, for Prometheus; none while it is
/// away.
std::string cache_figures(const trust::Run& run);
/// Whether the library's cache keeps keys of the platform.
bool has_cache(const trust::Run& run);

}  // namespace caisson::cli
