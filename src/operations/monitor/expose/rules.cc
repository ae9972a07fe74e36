// SPDX-License-Identifier: Apache-2.0
#include <cctype>

#include <fmt/format.h>

#include "base/text.h"
#include "operations/monitor/expose/expose.h"

namespace caisson::monitor {
namespace {

/// `activity.used_percent` to `CaissonActivityUsedPercent`.
std::string alert_name(const Metric& metric, Level level) {
    std::string name = "Caisson";
    bool is_start = true;
    for (const char c : metric.name) {
        if (c == '.' || c == '_') {
            is_start = true;
        } else {
            name += is_start ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
            is_start = false;
        }
    }
    return name + (level == Level::critical ? "Critical" : "");
}

/// A text in single quotes, as YAML has it.
std::string quoted(std::string_view text) {
    return "'" + replace_all(std::string(text), "'", "''") + "'";
}

std::string rule(const Metric& metric, Level level) {
    const auto& threshold = metric.threshold;
    const double limit = level == Level::critical ? threshold.critical : threshold.warning;
    if (std::isnan(limit)) {
        return {};
    }
    // What is new is so in one sample only. What is a matter of yes and no needs no second look;
    // figures may be a peak.
    const bool is_new = metric.name.find(".new_") != std::string_view::npos;
    const auto* const pause = is_new ? "0m" : metric.unit == Unit::yes ? "1m" : "5m";
    const auto name = exposed_name(metric);
    const auto what = is_new ? fmt::format("max_over_time({}[15m])", name) : name;
    return fmt::format(
        "      - alert: {}\n        expr: {} {} {}\n        for: {}\n        labels:\n          "
        "severity: {}\n        annotations:\n          summary: {}\n          description: {}\n",
        alert_name(metric, level), what, threshold.bad == Bad::above ? ">=" : "<",
        limit * metric.scale, pause, name_of(level), quoted(metric.help),
        quoted(fmt::format("{} is {{{{ $value }}}}; the threshold is {} ({}).", metric.name, limit,
                           threshold.source)));
}

}  // namespace

std::string prometheus_rules() {
    std::string text =
        "# Made by `caisson monitor rules` from the catalogue of metrics: not to be edited.\n"
        "groups:\n";
    std::string_view group;
    for (const auto& row : catalogue()) {
        if (row.threshold.bad == Bad::none) {
            continue;
        }
        if (row.group != group) {
            group = row.group;
            text += fmt::format("  - name: caisson_{}\n    rules:\n", group);
        }
        text += rule(row, Level::warning) + rule(row, Level::critical);
    }
    // What may be missing for good would fire for ever.
    const auto groups = essential_groups();
    const std::vector<std::string> essential(groups.begin(), groups.end());
    return text +
           "  - name: caisson_unknown\n    rules:\n"
           "      - alert: CaissonUnknown\n        expr: 'caisson_monitor_unknown{what=~\"(" +
           join(essential, "|") +
           ")([.].+)?\"} > 0'\n"
           "        for: 15m\n        labels:\n          severity: warning\n"
           "        annotations:\n          summary: 'What could not be read is not known to be "
           "fine.'\n"
           "          description: '{{ $labels.what }} has not been readable for a quarter of an "
           "hour.'\n"
           "      - alert: CaissonMonitorSilent\n"
           "        expr: absent(caisson_monitor_sampled_timestamp_seconds) or time() - "
           "caisson_monitor_sampled_timestamp_seconds > 300\n"
           "        for: 5m\n        labels:\n          severity: critical\n"
           "        annotations:\n          summary: 'The monitor does not collect.'\n"
           "          description: 'No sample has been taken for five minutes.'\n";
}

}  // namespace caisson::monitor
