// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a server was told not to measure, it shows as zero: such figures are taken out. Pure.
/// Source: PostgreSQL, "Run-time Statistics". Private to this module.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operations/monitor/sample/sample.h"

namespace caisson::monitor {

/// The settings by which a server measures.
std::span<const std::string_view> measuring_settings();
/// Takes out what depends on settings that are off. Without sessions and counters nobody knows how
/// the server is: these are unknown. Times of reading and writing blocks are not measured, which is
/// no fault.
void leave_out_unmeasured(Sample& sample, const std::vector<std::string>& off);

}  // namespace caisson::monitor
