// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/alerts/rule.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "operations/monitor/alerts/default_rules.h"

namespace caisson::alerts {
namespace {

/// A tenth nearer to what is good; of a share, a tenth of what is left to it.
double clear_of(const Rule& rule, const monitor::Metric* metric, double threshold) {
    const auto unit = metric ? metric->unit : monitor::Unit::count;
    if (unit == monitor::Unit::yes) {
        return threshold;
    }
    if (!rule.below) {
        return threshold * 0.9;
    }
    return unit == monitor::Unit::percent ? threshold + (100 - threshold) * 0.1 : threshold * 1.1;
}

/// Whether a rule is a consequence of itself.
bool is_circular(const std::vector<Rule>& rules, const Rule& rule) {
    std::set<std::string> seen;
    std::vector<std::string> open = rule.causes;
    while (!open.empty()) {
        const auto name = open.back();
        open.pop_back();
        if (name == rule.name) {
            return true;
        }
        const auto* const cause = find_rule(rules, name);
        if (cause && seen.insert(name).second) {
            open.insert(open.end(), cause->causes.begin(), cause->causes.end());
        }
    }
    return false;
}

/// Of one threshold the manifest may say what does not fit the built-in other one.
void check_order(const platform::AlertRule& wanted, const Rule& rule,
                 std::vector<std::string>& mistakes) {
    if (!rule.warning || !rule.critical) {
        return;
    }
    const bool fits =
        rule.below ? *rule.critical <= *rule.warning : *rule.critical >= *rule.warning;
    if (!fits) {
        mistakes.push_back(
            fmt::format("{}: the rule {} is critical {} {:g} and a warning {} {:g}; say both",
                        wanted.place.text(), rule.name, rule.below ? "below" : "from",
                        *rule.critical, rule.below ? "below" : "from", *rule.warning));
    }
}

std::vector<std::string> names_of(const std::vector<Rule>& rules) {
    std::vector<std::string> names;
    for (const auto& rule : rules) {
        names.push_back(rule.name);
    }
    return names;
}

std::string did_you_mean(const std::string& name, const std::vector<std::string>& names) {
    const auto near = nearest(name, names);
    return near.empty() ? "" : fmt::format(" (did you mean {}?)", near);
}

/// What a rule could never fire by, or would fire by for ever.
void check_metric(const platform::AlertRule& wanted, const Rule& rule,
                  std::vector<std::string>& mistakes) {
    const auto* const metric = monitor::find_metric(rule.metric);
    if (!metric) {
        if (!wanted.metric.empty()) {
            std::vector<std::string> names;
            for (const auto& each : monitor::catalogue()) {
                names.emplace_back(each.name);
            }
            mistakes.push_back(fmt::format("{}: there is no metric {}{}", wanted.place.text(),
                                           wanted.metric, did_you_mean(wanted.metric, names)));
        }
        return;
    }
    if (metric->kind == monitor::Kind::counter) {
        mistakes.push_back(fmt::format(
            "{}: {} counts since the server began, and would fire for ever; name a gauge of the "
            "group {}: docs/reference/monitor.md",
            wanted.place.text(), rule.metric, metric->group));
    }
    const auto names = split(metric->labels, ' ');
    for (const auto& [label, value] : wanted.labels) {
        if (std::ranges::find(names, label) == names.end()) {
            mistakes.push_back(fmt::format("{}: {} has no label {}; it has {}", wanted.place.text(),
                                           rule.metric, label,
                                           metric->labels.empty() ? "none" : metric->labels));
        }
    }
}

void apply(const platform::AlertRule& wanted, Rule& rule) {
    if (!wanted.metric.empty()) {
        rule.metric = wanted.metric;
    }
    if (!wanted.labels.empty()) {
        rule.labels = wanted.labels;
    }
    rule.below = wanted.below.value_or(rule.below);
    // A threshold of one's own takes the place of both where only it is said of a rule of one's
    // own.
    if (wanted.warning) {
        rule.warning = wanted.warning;
    }
    if (wanted.critical) {
        rule.critical = wanted.critical;
    }
    if (wanted.hold) {
        rule.hold = *wanted.hold;
    }
    if (!wanted.cause.empty()) {
        rule.causes = {wanted.cause};
    }
    if (!wanted.page.empty()) {
        rule.page = wanted.page;
    }
    set_clear(rule, wanted.clear);
}

}  // namespace

void set_clear(Rule& rule, std::optional<double> wanted) {
    const auto* const metric = monitor::find_metric(rule.metric);
    rule.clear_warning.reset();
    rule.clear_critical.reset();
    if (rule.warning) {
        rule.clear_warning = wanted ? *wanted : clear_of(rule, metric, *rule.warning);
    }
    if (rule.critical) {
        const bool is_first = !rule.warning;
        rule.clear_critical = wanted && is_first ? *wanted : clear_of(rule, metric, *rule.critical);
    }
}

std::string_view text_of(Level level) { return level == Level::critical ? "critical" : "warning"; }

const Rule* find_rule(const std::vector<Rule>& rules, std::string_view name) {
    const auto found = std::ranges::find(rules, name, &Rule::name);
    return found == rules.end() ? nullptr : &*found;
}

Rules rules_of(const platform::Alerting& alerting) {
    Rules made;
    made.rules = default_rules();
    for (const auto& wanted : alerting.rules) {
        auto found = std::ranges::find(made.rules, wanted.name, &Rule::name);
        if (found == made.rules.end()) {
            if (wanted.metric.empty()) {
                made.mistakes.push_back(fmt::format(
                    "{}: there is no built-in rule {}{}; a rule of your own needs a metric",
                    wanted.place.text(), wanted.name,
                    did_you_mean(wanted.name, names_of(made.rules))));
                continue;
            }
            Rule rule;
            rule.name = wanted.name;
            rule.summary = wanted.metric + " is {value} ({labels})";
            rule.page = "#rules-of-your-own";
            rule.is_own = true;
            made.rules.push_back(std::move(rule));
            found = made.rules.end() - 1;
        }
        if (!wanted.is_on) {
            made.rules.erase(found);
            continue;
        }
        apply(wanted, *found);
        check_metric(wanted, *found, made.mistakes);
        check_order(wanted, *found, made.mistakes);
    }
    for (auto& rule : made.rules) {
        for (const auto& cause : rule.causes) {
            const bool is_known = find_rule(made.rules, cause) || find_rule(default_rules(), cause);
            if (!is_known) {
                made.mistakes.push_back(fmt::format(
                    "the rule {} names the cause {}, which is no rule", rule.name, cause));
            }
        }
        if (is_circular(made.rules, rule)) {
            made.mistakes.push_back(fmt::format("the rule {} is a cause of itself", rule.name));
            rule.causes.clear();
        }
    }
    for (const auto& silence : alerting.silences) {
        for (const auto& name : silence.rules) {
            const bool is_off =
                std::ranges::count(alerting.rules, name, &platform::AlertRule::name) > 0;
            if (!is_off && !find_rule(made.rules, name) && !find_rule(default_rules(), name)) {
                made.mistakes.push_back(fmt::format("alerts.silences.{}: there is no rule {}{}",
                                                    silence.name, name,
                                                    did_you_mean(name, names_of(made.rules))));
            }
        }
    }
    return made;
}

std::optional<Level> level_of(const Rule& rule, double value, std::optional<Level> now) {
    const auto is_bad = [&](double limit) { return rule.below ? value < limit : value >= limit; };
    if (rule.critical &&
        (is_bad(*rule.critical) || (now == Level::critical && is_bad(*rule.clear_critical)))) {
        return Level::critical;
    }
    if (rule.warning && (is_bad(*rule.warning) || (now && is_bad(*rule.clear_warning)))) {
        return Level::warning;
    }
    return std::nullopt;
}

double threshold_of(const Rule& rule, Level level) {
    if (level == Level::critical && rule.critical) {
        return *rule.critical;
    }
    return rule.warning ? *rule.warning : rule.critical.value_or(0);
}

std::string value_text(std::string_view metric, double value) {
    const auto* const known = monitor::find_metric(metric);
    const auto unit = known                        ? known->unit
                      : metric == "monitor.unread" ? monitor::Unit::seconds
                                                   : monitor::Unit::count;
    switch (unit) {
        case monitor::Unit::percent:
            return fmt::format("{:.3g} %", value);
        case monitor::Unit::bytes:
            return human_bytes(static_cast<std::uint64_t>(std::max(0.0, value)));
        case monitor::Unit::seconds:
            return human(
                std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(value, 1e9) * 1e9)));
        case monitor::Unit::yes:
            return value != 0 ? "yes" : "no";
        default:
            return fmt::format("{:.6g}", value);
    }
}

}  // namespace caisson::alerts
