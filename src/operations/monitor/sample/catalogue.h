// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The table of everything that is measured. Collecting, the page of Prometheus, its rules, the
/// dashboard, alerts and docs/reference/monitor.md are made from it.

#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::monitor {

enum class Kind {
    gauge,    ///< Goes up and down.
    counter,  ///< Grows until it is reset: to be looked at as differences (derive.h).
};

enum class Unit { count, bytes, seconds, percent, moment, yes, per_second };

/// Which side is bad: at or above a figure, or below it.
enum class Bad { none, above, below };
enum class Level { fine, warning, critical };

/// When a value is to be worried about, where the field agrees on one.
struct Threshold {
    Bad bad = Bad::none;
    double warning = std::numeric_limits<double>::quiet_NaN();   ///< NaN: there is none.
    double critical = std::numeric_limits<double>::quiet_NaN();  ///< NaN: there is none.
    std::string_view source = {};  ///< Who says so: "check_postgres", "pgMonitor", …
};

/// One row. Its name is `group.what`, such as `activity.used_percent`.
struct Metric {
    std::string_view name;
    Kind kind = Kind::gauge;
    Unit unit = Unit::count;
    std::string_view labels;  ///< Names with blanks between: "datname mode".
    std::string_view help;    ///< One sentence for people.
    std::string_view source;  ///< Where the figure comes from: pg_stat_database.
    Threshold threshold = {};
    /// What postgres_exporter (or redis_exporter, node_exporter) calls the same figure; empty: the
    /// name is made of ours. `pg_settings_{name}`: the value of the label is part of its name.
    std::string_view exporter = {};
    double scale = 1;          ///< The exporter's figure is ours times this.
    std::string_view group{};  ///< Filled in from the name.
};

/// Every row, sorted by name. Threads: any.
std::span<const Metric> catalogue();
/// Groups without which nobody knows how the platform is. Others may be missing for good, such as
/// the statements where their extension is not installed.
std::span<const std::string_view> essential_groups();
/// Nothing when there is none.
const Metric* find_metric(std::string_view name);
/// The row. Errors: internal, for a name that is none: a mistake of ours.
const Metric& metric(std::string_view name);
/// `pg_stat_database_deadlocks`, or `caisson_activity_used_percent` where nobody else has it.
std::string exposed_name(const Metric& metric);
std::vector<std::string> label_names(const Metric& metric);
/// What a value of the metric means by its threshold; fine where it has none.
Level judge(const Metric& metric, double value);
std::string_view name_of(Level level);
std::string_view name_of(Kind kind);
std::string_view name_of(Unit unit);

}  // namespace caisson::monitor
