// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/alerts/rule.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::alerts {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::optional<double> given(double value) {
    return std::isnan(value) ? std::nullopt : std::optional(value);
}

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

void set_clear(Rule& rule, std::optional<double> wanted = {}) {
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

std::string name_of(std::string_view metric) { return replace_all(std::string(metric), ".", "_"); }

/// A row of the table of rules.
struct Row {
    std::string_view metric;
    milliseconds hold;
    milliseconds stay;
    std::vector<std::string> causes;
    std::string_view summary;
};

const std::vector<Row>& rows() {
    static const std::vector<Row> table = {
        {"server.up",
         seconds(0),
         seconds(0),
         {"host_new_oom_kills", "disks_used_percent"},
         "PostgreSQL does not answer"},
        {"activity.used_percent",
         minutes(1),
         minutes(1),
         {"locks_longest_wait", "locks_blocked"},
         "{value} of the connections are in use"},
        {"activity.longest_idle_in_transaction",
         seconds(0),
         seconds(0),
         {},
         "a session has left its transaction open for {value}"},
        {"activity.oldest_transaction",
         seconds(0),
         seconds(0),
         {"activity_longest_idle_in_transaction", "locks_longest_wait"},
         "a transaction runs for {value}"},
        {"activity.longest_query",
         seconds(0),
         seconds(0),
         {"locks_longest_wait"},
         "a statement runs for {value}"},
        {"locks.blocked",
         minutes(1),
         seconds(0),
         {"activity_longest_idle_in_transaction"},
         "{value} sessions wait for others"},
        {"locks.longest_wait",
         seconds(0),
         seconds(0),
         {"activity_longest_idle_in_transaction"},
         "a session has waited for a lock for {value}"},
        {"locks.table_used_percent",
         minutes(1),
         minutes(1),
         {},
         "{value} of the table of locks are used"},
        {"replication.lag_bytes",
         minutes(2),
         minutes(1),
         {"host_cpu_percent"},
         "a standby is {value} of the log behind ({labels})"},
        {"replication.replay_lag",
         minutes(2),
         minutes(1),
         {"replication_lag_bytes"},
         "a standby replays {value} late ({labels})"},
        {"replication.receiver_up", minutes(1), minutes(1), {}, "this standby receives no log"},
        {"replication.behind",
         minutes(2),
         minutes(1),
         {"replication_receiver_up"},
         "this standby is {value} behind"},
        {"slots.inactive",
         seconds(0),
         seconds(0),
         {},
         "nobody reads from a slot for {value} ({labels})"},
        {"slots.retained",
         minutes(1),
         minutes(1),
         {"slots_inactive"},
         "{value} of the log are kept for a slot ({labels})"},
        {"slots.lost",
         seconds(0),
         seconds(0),
         {"slots_retained", "slots_inactive"},
         "a slot has lost log that its reader needs ({labels})"},
        {"archiver.failing",
         minutes(1),
         minutes(1),
         {"disks_used_percent"},
         "the log cannot be archived"},
        {"archiver.ready",
         minutes(1),
         minutes(1),
         {"archiver_failing"},
         "{value} segments of the log wait to be archived"},
        {"databases.new_checksum_failures",
         seconds(0),
         std::chrono::hours(24),
         {},
         "{value} pages have wrong checksums ({labels})"},
        {"databases.xid_used_percent",
         seconds(0),
         minutes(5),
         {},
         "{value} of the transaction ids are used ({labels})"},
        {"databases.multixact_used_percent",
         seconds(0),
         minutes(5),
         {},
         "{value} of the multixact ids are used ({labels})"},
        {"databases.rollback_percent",
         minutes(10),
         minutes(5),
         {"locks_longest_wait"},
         "{value} of the transactions are rolled back ({labels})"},
        {"databases.deadlocks_per_minute",
         minutes(2),
         minutes(5),
         {},
         "{value} deadlocks a minute ({labels})"},
        {"sequences.used_percent",
         seconds(0),
         seconds(0),
         {},
         "{value} of a sequence's numbers are used ({labels})"},
        {"host.cpu_percent", minutes(15), minutes(5), {}, "the processors are busy to {value}"},
        {"host.load_per_core",
         minutes(10),
         minutes(5),
         {"host_cpu_percent"},
         "{value} tasks wait for each processor"},
        {"host.memory_available_percent",
         minutes(5),
         minutes(5),
         {},
         "{value} of the memory are left"},
        {"host.new_oom_kills",
         seconds(0),
         minutes(30),
         {"host_memory_available_percent"},
         "the kernel has killed {value} processes for lack of memory"},
        {"disks.used_percent", minutes(1), minutes(1), {}, "a disk is full to {value} ({labels})"},
        {"disks.inodes_used_percent",
         minutes(1),
         minutes(1),
         {},
         "{value} of the files that a disk can have are there ({labels})"},
        {"disks.full_in",
         minutes(10),
         minutes(10),
         {"disks_used_percent", "archiver_failing", "slots_retained"},
         "a disk is full in {value} at this pace ({labels})"},
        {"redis.up", seconds(0), seconds(0), {"host_new_oom_kills"}, "Redis does not answer"},
        {"redis.memory_used_percent",
         minutes(5),
         minutes(5),
         {},
         "Redis uses {value} of its memory"},
        {"redis.new_rejected",
         seconds(0),
         minutes(10),
         {},
         "Redis has refused {value} connections"},
        {"redis.save_ok",
         seconds(0),
         seconds(0),
         {"disks_used_percent"},
         "Redis could not write its last snapshot"},
        {"redis.append_ok",
         seconds(0),
         seconds(0),
         {"disks_used_percent"},
         "Redis could not write its log"},
        {"backups.failing",
         seconds(0),
         seconds(0),
         {"archiver_failing", "disks_used_percent"},
         "a backup job has failed ({labels})"},
        {"backups.alarm",
         seconds(0),
         seconds(0),
         {"backups_failing"},
         "a backup job has not succeeded when it should have ({labels})"},
    };
    return table;
}

std::vector<Rule> make_rules() {
    std::vector<Rule> rules;
    for (const auto& row : rows()) {
        const auto& metric = monitor::metric(row.metric);
        Rule rule;
        rule.name = name_of(row.metric);
        rule.metric = row.metric;
        rule.below = metric.threshold.bad == monitor::Bad::below;
        rule.warning = given(metric.threshold.warning);
        rule.critical = given(metric.threshold.critical);
        rule.hold = row.hold;
        rule.stay = row.stay;
        rule.causes = row.causes;
        rule.summary = row.summary;
        rule.page = "#" + rule.name;
        set_clear(rule);
        rules.push_back(std::move(rule));
    }
    // What cannot be read is not fine: after five minutes somebody should know.
    Rule blind;
    blind.name = "unreadable";
    blind.metric = "monitor.unread";
    blind.warning = 300;
    blind.clear_warning = 300;
    blind.causes = {"server_up", "redis_up"};
    blind.summary = "{labels} could not be read for {value}";
    blind.page = "#unreadable";
    rules.push_back(std::move(blind));
    return rules;
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

std::string_view text_of(Level level) { return level == Level::critical ? "critical" : "warning"; }

const std::vector<Rule>& default_rules() {
    static const std::vector<Rule> rules = make_rules();
    return rules;
}

const std::map<std::string_view, std::string_view>& advice_only() {
    static const std::map<std::string_view, std::string_view> metrics = {
        {"server.pending_restart", "waits for a restart that somebody plans"},
        {"checkpoints.requested_percent", "costs time, and is advice"},
        {"databases.hit_percent", "costs time, and is advice"},
        {"databases.new_temp_files", "costs time, and is advice"},
        {"tables.index_use_percent", "costs time, and is advice"},
        {"tables.dead_percent", "costs time and space, and is advice"},
        {"tables.vacuum_age", "costs time and space, and is advice"},
        {"bloat.bytes", "costs space, and is advice"},
        {"bloat.percent", "costs space, and is advice"},
        {"indexes.invalid", "costs time, and is advice"},
    };
    return metrics;
}

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
                std::vector<std::string> names;
                for (const auto& rule : made.rules) {
                    names.push_back(rule.name);
                }
                const auto near = nearest(wanted.name, names);
                made.mistakes.push_back(fmt::format(
                    "{}: there is no built-in rule {}{}; a rule of your own needs a metric",
                    wanted.place.text(), wanted.name,
                    near.empty() ? "" : fmt::format(" (did you mean {}?)", near)));
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
        if (!wanted.metric.empty() && !monitor::find_metric(wanted.metric)) {
            made.mistakes.push_back(
                fmt::format("{}: there is no metric {}", wanted.place.text(), wanted.metric));
        }
        if (!wanted.is_on) {
            made.rules.erase(found);
            continue;
        }
        apply(wanted, *found);
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
