// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "operations/monitor/expose/expose.h"

namespace caisson::monitor {
namespace {

std::string escaped(std::string_view text, bool is_label) {
    std::string safe;
    for (const char c : text) {
        if (c == '\\') {
            safe += "\\\\";
        } else if (c == '\n') {
            safe += "\\n";
        } else if (c == '"' && is_label) {
            safe += "\\\"";
        } else {
            safe += c;
        }
    }
    return safe;
}

std::string label_text(const Labels& labels) {
    std::string text;
    for (const auto& [name, value] : labels) {
        text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", name, escaped(value, true));
    }
    return text.empty() ? text : "{" + text + "}";
}

std::string head(std::string_view name, std::string_view help, std::string_view type) {
    return fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, escaped(help, false), type);
}

std::string line(std::string_view name, const Labels& labels, double value) {
    return fmt::format("{}{} {}\n", name, label_text(labels), value);
}

/// What postgres_exporter writes as 0 where it never was.
constexpr std::array<std::string_view, 4> may_be_never = {
    "tables.last_vacuum", "tables.last_autovacuum", "tables.last_analyze",
    "tables.last_autoanalyze"};

/// The daemon tells of backups and these figures of its own itself; of locks, see locks_text(), of
/// these moments, moments_text().
bool is_told_otherwise(const Metric& row) {
    constexpr std::array own = {"pool.waiting",        "pool.timeouts",       "pool.refused",
                                "migrations.applied",  "migrations.pending",  "cache.misses",
                                "cache.load_failures", "backups.success_age", "backups.failing",
                                "backups.alarm",       "backups.newest_age",  "backups.proof_age"};
    return std::ranges::count(own, row.name) > 0 || row.name == "locks.held" ||
           std::ranges::count(may_be_never, row.name) > 0;
}

struct Exposed {
    std::string name;
    Labels labels;
};

/// What the pattern of the name names is no label.
Exposed exposed_as(const Metric& row, const Labels& labels) {
    Exposed exposed{exposed_name(row), labels};
    const auto begin = exposed.name.find('{');
    if (begin != std::string::npos) {
        const auto label = exposed.name.substr(begin + 1, exposed.name.find('}') - begin - 1);
        exposed.name.replace(begin, label.size() + 2, label_of(labels, label));
        std::erase_if(exposed.labels, [&](const auto& each) { return each.first == label; });
    }
    return exposed;
}

/// postgres_exporter writes modes in lower case, and tells of each in each database, also of those
/// that nobody holds: rules and panels select by them. What was left out may not be nought.
std::string locks_text(const Sample& sample) {
    if (!value_of(sample, "locks.blocked")) {
        return {};
    }
    constexpr std::array modes = {
        "accesssharelock", "rowsharelock",          "rowexclusivelock", "shareupdateexclusivelock",
        "sharelock",       "sharerowexclusivelock", "exclusivelock",    "accessexclusivelock",
        "sireadlock"};
    std::map<Labels, double> held;
    if (!value_of(sample, "monitor.left_out", {{"what", "locks.held"}})) {
        for (const auto* const database : series_of(sample, "databases.backends")) {
            for (const auto* const mode : modes) {
                held[{database->labels.front(), {"mode", mode}}] = 0;
            }
        }
    }
    for (const auto* const reading : series_of(sample, "locks.held")) {
        auto labels = reading->labels;
        for (char& c : labels.back().second) {
            c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
        held[labels] += reading->value;
    }
    const auto& row = metric("locks.held");
    auto text = head(exposed_name(row), row.help, name_of(row.kind));
    for (const auto& [labels, number] : held) {
        text += line(exposed_name(row), labels, number);
    }
    return text;
}

/// Of a table that was never vacuumed a rule that looks for old moments must hear, too.
std::string moments_text(const Sample& sample) {
    std::string text;
    const auto tables = series_of(sample, "tables.live_rows");
    for (const auto name : may_be_never) {
        std::map<Labels, double> moments;
        for (const auto* const table : tables) {
            moments[table->labels] = 0;
        }
        for (const auto* const reading : series_of(sample, name)) {
            moments[reading->labels] = reading->value;
        }
        const auto& row = metric(name);
        text += moments.empty() ? "" : head(exposed_name(row), row.help, name_of(row.kind));
        for (const auto& [labels, moment] : moments) {
            text += line(exposed_name(row), labels, moment);
        }
    }
    return text;
}

/// The rules of its mixin know figures by names that postgres_exporter has given up.
std::string older_names_text(const Sample& sample) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> older = {
        {{"replication.behind", "pg_replication_lag"},
         {"wal.position", "pg_xlog_position_bytes"},
         {"replication.lag_bytes", "pg_stat_replication_pg_xlog_location_diff"}}};
    std::string text;
    for (const auto& [name, exposed] : older) {
        const auto series = series_of(sample, name);
        const auto& row = metric(name);
        text += series.empty() ? "" : head(exposed, row.help, name_of(row.kind));
        for (const auto* const reading : series) {
            text += line(exposed, reading->labels, reading->value * row.scale);
        }
    }
    return text;
}

/// A whole group that nobody may be without: statistics that may be missing for good would fire for
/// ever.
std::string errors_text(const Sample& sample) {
    constexpr std::array groups = {"server",      "activity", "locks",   "databases",
                                   "replication", "slots",    "archiver"};
    const bool has_error = std::ranges::any_of(sample.unknowns, [&](const Unknown& unknown) {
        return std::ranges::count(groups, unknown.what) > 0;
    });
    constexpr std::string_view name = "pg_exporter_last_scrape_error";
    return head(name, "Whether something essential could not be read.", "gauge") +
           line(name, {}, has_error ? 1 : 0);
}

}  // namespace

std::string exposition(const Sample& sample) {
    std::string text;
    std::string before;
    for (const auto& reading : sample.readings) {
        const auto* const row = find_metric(reading.metric);
        if (!row || is_told_otherwise(*row) || !std::isfinite(reading.value)) {
            continue;
        }
        const auto exposed = exposed_as(*row, reading.labels);
        if (exposed.name != before) {
            text += head(exposed.name, row->help, name_of(row->kind));
            before = exposed.name;
        }
        text += line(exposed.name, exposed.labels, reading.value * row->scale);
    }
    text +=
        locks_text(sample) + moments_text(sample) + older_names_text(sample) + errors_text(sample);
    text += head("caisson_monitor_sampled_timestamp_seconds", "When the last sample was begun.",
                 "gauge");
    text += fmt::format("caisson_monitor_sampled_timestamp_seconds {:.3f}\n",
                        std::chrono::duration<double>(sample.at.time_since_epoch()).count());
    if (!sample.unmeasured.empty()) {
        constexpr std::string_view name = "caisson_monitor_unmeasured";
        text += head(name, "What the server was told not to measure: always 1.", "gauge");
        for (const auto& each : sample.unmeasured) {
            text += line(name, {{"what", each.what}}, 1);
        }
    }
    if (!sample.unknowns.empty()) {
        text += head("caisson_monitor_unknown", "What could not be read: always 1.", "gauge");
        std::vector<Labels> told;
        for (const auto& unknown : sample.unknowns) {
            Labels labels = unknown.labels;
            labels.insert(labels.begin(), {"what", unknown.what});
            if (std::find(told.begin(), told.end(), labels) == told.end()) {
                text += fmt::format("caisson_monitor_unknown{} 1\n", label_text(labels));
                told.push_back(std::move(labels));
            }
        }
    }
    return text;
}

}  // namespace caisson::monitor
