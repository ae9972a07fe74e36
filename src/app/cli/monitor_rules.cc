// SPDX-License-Identifier: Apache-2.0
// monitor rules: what Prometheus and Grafana are given.
#include <algorithm>

#include "app/cli/context.h"
#include "app/cli/monitor.h"
#include "base/text.h"
#include "operations/monitor/alerts/rule.h"
#include "operations/monitor/expose/expose.h"

namespace caisson::cli {
namespace {

/// What the manifest says of rules, as far as it differs from the built-in ones.
std::vector<monitor::RuleChange> changes_of(const platform::Alerting& alerting) {
    const auto made = alerts::rules_of(alerting);
    if (!made.mistakes.empty()) {
        throw Error(Code::platform_invalid, join(made.mistakes, "\n"),
                    "docs/reference/alerts.md names the rules, docs/reference/monitor.md the "
                    "metrics");
    }
    std::vector<monitor::RuleChange> changes;
    for (const auto& wanted : alerting.rules) {
        if (const auto* const rule = alerts::find_rule(made.rules, wanted.name)) {
            changes.push_back({.name = rule->name,
                               .metric = rule->metric,
                               .labels = rule->labels,
                               .below = rule->below,
                               .warning = rule->warning,
                               .critical = rule->critical,
                               .hold = wanted.hold,
                               .is_own = rule->is_own});
            continue;
        }
        const auto* const off = alerts::find_rule(alerts::default_rules(), wanted.name);
        changes.push_back(
            {.name = wanted.name, .metric = off ? off->metric : wanted.metric, .is_on = false});
    }
    return changes;
}

/// Without a platform the catalogue's thresholds are what there is to tell.
monitor::RuleSettings settings_of(Context& context) {
    monitor::RuleSettings settings;
    try {
        const auto& run = context.run();
        settings.manifest = run.manifest.name;
        settings.changes = changes_of(run.manifest.alerting);
        settings.interval = monitor_limits(monitor_settings(run)).interval;
        const auto* const missing =
            alerts::find_rule(alerts::rules_of(run.manifest.alerting).rules, "replication_missing");
        settings.has_standbys = run.manifest.alerting.is_on && missing;
    } catch (const Error& error) {
        if (error.code() != Code::manifest_missing) {
            throw;
        }
    }
    return settings;
}

Exit run_rules(Context& context) {
    const bool is_dashboard = context.arguments().has("--grafana");
    const auto text = is_dashboard ? monitor::grafana_dashboard()
                                   : monitor::prometheus_rules(settings_of(context));
    if (context.json()) {
        context.result() = {{is_dashboard ? "dashboard" : "rules", text}};
    } else {
        context.emit(text);
    }
    return Exit::fine;
}

}  // namespace

std::vector<Verb> monitor_rules_verbs() {
    return {
        {.name = "monitor rules",
         .summary = "alert rules for Prometheus, or a dashboard for Grafana",
         .details =
             "Made from the table of metrics and thresholds, and from what [alerts.rules] of "
             "the platform says otherwise; they work on what the daemon answers at "
             "/metrics. Without a platform the table alone counts. The head of the rules "
             "says how often Prometheus has to scrape.",
         .options = {{"--grafana", "", "the dashboard, as JSON", {}}},
         .positional = "",
         .examples = "  caisson monitor rules > caisson.rules.yml\n"
                     "  caisson monitor rules --grafana > caisson.json",
         .needs = Needs::nothing,
         .run = run_rules},
    };
}

}  // namespace caisson::cli
