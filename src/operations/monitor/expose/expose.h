// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Samples and the catalogue in the forms of others. Pure.

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

/// A file of rules for Prometheus, as YAML.
std::string prometheus_rules();
/// The table of metrics in docs/reference/monitor.md.
std::string metrics_reference();
/// A dashboard of Grafana, as JSON.
std::string grafana_dashboard();

}  // namespace caisson::monitor
