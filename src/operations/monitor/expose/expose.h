// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Samples and the catalogue in the forms of others. Pure.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

#include "operations/monitor/sample/catalogue.h"
#include "operations/monitor/sample/sample.h"

namespace caisson::monitor {

/// Prometheus' text format 0.0.4.
std::string exposition(const Sample& sample);

/// `at`, `metrics` (a number, or one for each set of labels), `unknown`, `unmeasured`, `gaps`;
/// `groups` names those that are wanted, nothing means all.
boost::json::object to_json(const Sample& sample, const std::vector<std::string_view>& groups = {});

/// What a manifest says of a rule: another threshold of a row of the catalogue, or a rule of its
/// own.
struct RuleChange {
    std::string name{};                           ///< `activity_used_percent`, `too_many_sessions`.
    std::string metric{};                         ///< Of the catalogue.
    std::map<std::string, std::string> labels{};  ///< Only series that have these.
    bool below = false;
    std::optional<double> warning{};
    std::optional<double> critical{};
    std::optional<std::chrono::milliseconds> hold{};  ///< Nothing: as is usual.
    bool is_own = false;
    bool is_on = true;
};

struct RuleSettings {
    std::string manifest{};  ///< Whose changes they are, for the head of the file; empty: nobody's.
    std::vector<RuleChange> changes{};
    std::chrono::milliseconds interval{30'000};  ///< Between samples.
    bool has_standbys = true;  ///< Whether the daemon tells which of them are missing.
};

/// A file of rules for Prometheus, as YAML: one for each threshold, those of the manifest over the
/// catalogue's.
std::string prometheus_rules(const RuleSettings& settings = {});
/// The table of metrics in docs/reference/monitor.md.
std::string metrics_reference();
/// A dashboard of Grafana, as JSON.
std::string grafana_dashboard();

}  // namespace caisson::monitor
