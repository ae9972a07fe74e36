// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// When a reading is an alert. The thresholds are those of the catalogue of metrics; here stands
/// how long one must be passed, and what is a consequence of what. Pure.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operations/monitor/sample/catalogue.h"
#include "platform/alerting.h"

namespace caisson::alerts {

using Level = platform::AlertLevel;
std::string_view text_of(Level level);

struct Rule {
    std::string name{};    ///< `activity_used_percent`: the metric's name, and the remedy's anchor.
    std::string metric{};  ///< `activity.used_percent`.
    std::map<std::string, std::string> labels{};  ///< Only readings that have these.
    bool below = false;                           ///< Bad is below the threshold, not from it on.
    std::optional<double> warning{};
    std::optional<double> critical{};
    /// Up to here a level stays: nearer to what is good than the threshold.
    std::optional<double> clear_warning{};
    std::optional<double> clear_critical{};
    std::chrono::milliseconds hold{0};  ///< Bad for so long before it fires.
    std::chrono::milliseconds stay{0};  ///< Good for so long before it is resolved.
    /// Of what is missed: there for so long before it is.
    std::chrono::milliseconds settle{0};
    /// Rules of which it is a consequence: while one of them fires, this one is part of its page.
    std::vector<std::string> causes{};
    std::string summary{};  ///< What people read; `{value}` and `{labels}` are replaced.
    std::string page{};     ///< Where the remedy is told: an address, or `#rule` of our own page.
    bool is_own = false;    ///< Of the manifest alone.
    /// Bad enough to be told when it joins a page that was told already, and when it is over.
    bool is_grave = false;
};

/// The rules that are there without a word in the manifest.
const std::vector<Rule>& default_rules();
/// Metrics with a threshold that are advice and no reason to wake anybody, each with why.
const std::map<std::string_view, std::string_view>& advice_only();

struct Rules {
    std::vector<Rule> rules{};
    std::vector<std::string> mistakes{};  ///< Of the manifest: a name that is none, a circle.
};
/// Those of the manifest over the default ones.
Rules rules_of(const platform::Alerting& alerting);
const Rule* find_rule(const std::vector<Rule>& rules, std::string_view name);

/// How bad a value is: nothing for a good one. `now`: the level it has already, which it keeps
/// until the value is past `clear`.
std::optional<Level> level_of(const Rule& rule, double value, std::optional<Level> now);
/// The threshold that made it so.
double threshold_of(const Rule& rule, Level level);
/// `{value}` as people read it in the metric's unit.
std::string value_text(std::string_view metric, double value);

}  // namespace caisson::alerts
