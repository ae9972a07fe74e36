// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the verbs about the monitor and the daemon share: what is looked at, where the history is.

#include <string>
#include <string_view>
#include <vector>

#include "app/cli/context.h"
#include "operations/monitor/collect/collector.h"
#include "operations/monitor/history/history.h"
#include "operations/monitor/sample/catalogue.h"
#include "platform/monitor.h"

namespace caisson::cli {

/// [monitor] of the run. Errors: variable_invalid.
platform::MonitorSettings monitor_settings(const trust::Run& run);
/// The databases as the role of the monitor, Redis, the host with the disks that we stand on.
monitor::Targets monitor_targets(const trust::Run& run);
monitor::Limits monitor_limits(const platform::MonitorSettings& settings);
monitor::HistoryLimits history_limits(const platform::MonitorSettings& settings);
/// `monitor/history.sqlite` below the state directory.
fs::path history_file(const trust::Run& run);

/// Asks servers and host now, twice with `pause` in between, so that there are rates, too.
monitor::Sample sample_now(Context& context, std::chrono::milliseconds pause);
/// Prints what of these groups is unknown, and what cannot be compared with before.
void print_unknowns(Context& context, const monitor::Sample& sample,
                    const std::vector<std::string_view>& groups);
/// Columns as wide as what is in them; the first row is the head. Numbers stand on the right.
void print_columns(Context& context, const std::vector<std::vector<std::string>>& rows);
/// A figure as people read it, and what its threshold says: "unknown" is a warning, "–" is fine.
struct ShownFigure {
    std::string text;
    monitor::Level level = monitor::Level::fine;
};
/// Pure.
ShownFigure figure_of(const monitor::Sample& sample, std::string_view metric,
                      const monitor::Labels& labels = {});
/// The figure as people read it, coloured by its threshold; "unknown" or "–" without one.
std::string shown(Context& context, const monitor::Sample& sample, std::string_view metric,
                  const monitor::Labels& labels = {});
/// Waits. Errors: interrupted.
void pause_for(std::chrono::milliseconds pause);
/// A duration of an option. Errors: usage.
std::chrono::milliseconds duration_of(Context& context, const std::string& option,
                                      const std::string& fallback);

}  // namespace caisson::cli
