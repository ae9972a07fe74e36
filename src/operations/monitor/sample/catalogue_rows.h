// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The parts of the catalogue, each in a file of its own. Private to this module.

#include <span>

#include "operations/monitor/sample/catalogue.h"

namespace caisson::monitor {

std::span<const Metric> server_rows();
std::span<const Metric> database_rows();
std::span<const Metric> object_rows();
std::span<const Metric> own_rows();
std::span<const Metric> host_rows();

/// A gauge that is bad above these.
constexpr Threshold above(double warning, double critical, std::string_view source) {
    return {Bad::above, warning, critical, source};
}
constexpr Threshold below(double warning, double critical, std::string_view source) {
    return {Bad::below, warning, critical, source};
}
inline constexpr double none = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kilo = 1024;
inline constexpr double mega = kilo * 1024;
inline constexpr double giga = mega * 1024;

}  // namespace caisson::monitor
