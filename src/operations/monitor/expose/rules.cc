// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/text.h"
#include "operations/monitor/expose/expose.h"

namespace caisson::monitor {
namespace {

using std::chrono::seconds;

/// `activity.used_percent` to `CaissonActivityUsedPercent`.
std::string alert_name(std::string_view of, Level level) {
    std::string name = "Caisson";
    bool is_start = true;
    for (const char c : of) {
        if (!std::isalnum(static_cast<unsigned char>(c))) {
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

/// A text in double quotes, as PromQL has it.
std::string label_value(const std::string& text) {
    return "\"" +
           replace_all(replace_all(replace_all(text, "\\", "\\\\"), "\"", "\\\""), "\n", "\\n") +
           "\"";
}

std::string duration_text(std::chrono::milliseconds time) {
    const auto whole = std::chrono::ceil<seconds>(time);
    return whole % seconds(60) == seconds(0) ? fmt::format("{}m", whole.count() / 60)
                                             : fmt::format("{}s", whole.count());
}

/// A metric's thresholds, whoever says them.
struct Judged {
    std::string_view name;
    const Metric& metric;
    Threshold threshold;
    std::map<std::string, std::string> labels{};
    std::optional<std::chrono::milliseconds> hold{};
};

/// As exposition() names the series.
std::string selector(const Judged& judged) {
    auto name = exposed_name(judged.metric);
    auto labels = judged.labels;
    std::string text;
    if (const auto begin = name.find('{'); begin != std::string::npos) {
        const auto label = name.substr(begin + 1, name.find('}') - begin - 1);
        const auto wanted = labels.extract(label);
        name.replace(begin, label.size() + 2, wanted ? wanted.mapped() : ".+");
        if (!wanted) {
            text = "__name__=~" + label_value(name);
            name.clear();
        }
    }
    for (const auto& [label, value] : labels) {
        const bool is_mode = judged.metric.name == "locks.held" && label == "mode";
        text +=
            (text.empty() ? "" : ",") + label + "=" + label_value(is_mode ? lower(value) : value);
    }
    return text.empty() ? name : name + "{" + text + "}";
}

std::string rule(const Judged& judged, Level level, std::chrono::milliseconds back) {
    const auto& [name, metric, threshold, labels, hold] = judged;
    const double limit = level == Level::critical ? threshold.critical : threshold.warning;
    if (std::isnan(limit)) {
        return {};
    }
    // What is new is so in one sample only. What is a matter of yes and no needs no second look;
    // figures may be a peak.
    const bool is_new = metric.name.find(".new_") != std::string_view::npos;
    const auto pause = hold                       ? duration_text(*hold)
                       : is_new                   ? "0m"
                       : metric.unit == Unit::yes ? "1m"
                                                  : "5m";
    const auto series = selector(judged);
    const auto what =
        is_new ? fmt::format("max_over_time({}[{}])", series, duration_text(back)) : series;
    auto expression = fmt::format("{} {} {}", what, threshold.bad == Bad::above ? ">=" : "<",
                                  limit * metric.scale);
    if (expression.find_first_of("{'\"\\") != std::string::npos) {
        expression = quoted(expression);  // YAML would read more into it.
    }
    return fmt::format(
        "      - alert: {}\n        expr: {}\n        for: {}\n        labels:\n          "
        "severity: {}\n        annotations:\n          summary: {}\n          description: {}\n",
        alert_name(name, level), expression, pause, name_of(level), quoted(metric.help),
        quoted(fmt::format("{} is {{{{ $value }}}}; the threshold is {} ({}).", metric.name, limit,
                           threshold.source)));
}

void change(Judged& judged, const RuleChange& by) {
    const auto none = std::numeric_limits<double>::quiet_NaN();
    const auto alike = [](double a, double b) {
        return a == b || (std::isnan(a) && std::isnan(b));
    };
    const bool is_same = judged.threshold.bad == (by.below ? Bad::below : Bad::above) &&
                         alike(judged.threshold.warning, by.warning.value_or(none)) &&
                         alike(judged.threshold.critical, by.critical.value_or(none));
    if (!is_same) {
        judged.threshold = {by.below ? Bad::below : Bad::above, by.warning.value_or(none),
                            by.critical.value_or(none), "the manifest"};
    }
    judged.labels = by.labels;
    judged.hold = by.hold;
}

std::string head(const RuleSettings& settings, std::chrono::milliseconds back) {
    std::string off;
    for (const auto& each : settings.changes) {
        off += each.is_on ? "" : (off.empty() ? "" : ", ") + each.name;
    }
    const auto interval = duration_text(settings.interval);
    return fmt::format(
               "# Made by `caisson monitor rules` from the catalogue of metrics{}: not to be "
               "edited.\n",
               settings.manifest.empty() ? "" : " and [alerts.rules] of " + settings.manifest) +
           fmt::format(
               "# A sample is made every {0}: scrape at least as often (scrape_interval: {0} or "
               "less), else what is\n# new in one sample only is never seen. Rules of what is new "
               "look back {1}.\n",
               interval, duration_text(back)) +
           (off.empty() ? "" : fmt::format("# Off in the manifest: {}.\n", off)) +
           (settings.has_standbys
                ? ""
                : "# [alerts] is off: nobody knows which standbys are missing.\n");
}

std::string standbys_rule() {
    return "  - name: caisson_standbys\n    rules:\n"
           "      - alert: CaissonReplicationMissing\n        expr: caisson_replication_missing "
           ">= 1\n        for: 1m\n        labels:\n          severity: warning\n"
           "        annotations:\n          summary: 'A standby that was there streams no more.'\n"
           "          description: '{{ $labels.application_name }} is expected; for good: caisson "
           "monitor standbys --forget.'\n";
}

/// What may be missing for good would fire for ever.
std::string unknown_rules(std::chrono::milliseconds interval) {
    const auto groups = essential_groups();
    const std::vector<std::string> essential(groups.begin(), groups.end());
    const auto silent = std::max<std::chrono::milliseconds>(seconds(300), 3 * interval);
    return "  - name: caisson_unknown\n    rules:\n"
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
           "caisson_monitor_sampled_timestamp_seconds > " +
           std::to_string(std::chrono::ceil<seconds>(silent).count()) +
           "\n        for: 5m\n        labels:\n          severity: critical\n"
           "        annotations:\n          summary: 'The monitor does not collect.'\n"
           "          description: 'No sample has been taken for " +
           duration_text(silent) + ".'\n";
}

}  // namespace

std::string prometheus_rules(const RuleSettings& settings) {
    const auto back =
        std::max<std::chrono::milliseconds>(std::chrono::minutes(15), 2 * settings.interval);
    std::string text = head(settings, back) + "groups:\n";
    std::string_view group;
    const auto add = [&](std::string_view of, const Judged& judged) {
        const auto rules = rule(judged, Level::warning, back) + rule(judged, Level::critical, back);
        if (of != group && !rules.empty()) {
            group = of;
            text += fmt::format("  - name: caisson_{}\n    rules:\n", group);
        }
        text += rules;
    };
    for (const auto& row : catalogue()) {
        Judged judged{row.name, row, row.threshold};
        const auto changed = std::ranges::find_if(settings.changes, [&](const RuleChange& each) {
            return !each.is_own && each.metric == row.name;
        });
        if (changed != settings.changes.end()) {
            if (!changed->is_on) {
                continue;
            }
            change(judged, *changed);
        }
        if (judged.threshold.bad != Bad::none) {
            add(row.group, judged);
        }
    }
    for (const auto& own : settings.changes) {
        const auto* const row = find_metric(own.metric);
        if (own.is_own && own.is_on && row) {
            Judged judged{own.name, *row, {}};
            change(judged, own);
            add("own", judged);
        }
    }
    return text + (settings.has_standbys ? standbys_rule() : "") + unknown_rules(settings.interval);
}

}  // namespace caisson::monitor
