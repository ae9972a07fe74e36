// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "serving/cache/stored.h"

namespace caisson::cache {

/// More patterns than this are told as one, `others`: those that stand last in the
/// manifest.
constexpr std::size_t most_told_patterns = 100;

/// Figures by pattern as Prometheus scrapes them: caisson_cache_hits_total{pattern,level} and so
/// on. They begin anew when Redis loses them. Pure.
std::string metrics_text(const Overview& overview);

}  // namespace caisson::cache
