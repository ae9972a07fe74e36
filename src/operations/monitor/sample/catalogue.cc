// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/sample/catalogue.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "operations/monitor/sample/catalogue_rows.h"

namespace caisson::monitor {
namespace {

std::vector<Metric> make() {
    std::vector<Metric> all;
    for (const auto part :
         {server_rows(), database_rows(), object_rows(), host_rows(), own_rows()}) {
        all.insert(all.end(), part.begin(), part.end());
    }
    for (auto& row : all) {
        row.group = row.name.substr(0, row.name.find('.'));
    }
    std::ranges::sort(all, {}, &Metric::name);
    return all;
}

}  // namespace

std::span<const Metric> catalogue() {
    static const auto table = make();
    return table;
}

std::span<const std::string_view> essential_groups() {
    static constexpr std::array<std::string_view, 10> groups = {
        "server", "activity", "locks", "databases", "replication",
        "slots",  "archiver", "host",  "disks",     "backups"};
    return groups;
}

const Metric* find_metric(std::string_view name) {
    const auto table = catalogue();
    const auto found = std::ranges::lower_bound(table, name, {}, &Metric::name);
    return found != table.end() && found->name == name ? &*found : nullptr;
}

const Metric& metric(std::string_view name) {
    if (const auto* const found = find_metric(name)) {
        return *found;
    }
    throw Error(Code::internal, fmt::format("there is no metric {}", name));
}

std::string exposed_name(const Metric& metric) {
    if (!metric.exporter.empty()) {
        return std::string(metric.exporter);
    }
    auto name = "caisson_" + replace_all(std::string(metric.name), ".", "_");
    const auto end = [&](std::string_view suffix) {
        if (!name.ends_with(suffix)) {
            name += suffix;
        }
    };
    if (metric.unit == Unit::bytes && !metric.name.ends_with("_per_second")) {
        end("_bytes");
    } else if (metric.unit == Unit::seconds) {
        end("_seconds");
    } else if (metric.unit == Unit::moment) {
        end("_timestamp_seconds");
    }
    if (metric.kind == Kind::counter) {
        end("_total");
    }
    return name;
}

std::vector<std::string> label_names(const Metric& metric) { return split(metric.labels, ' '); }

Level judge(const Metric& metric, double value) {
    const auto& threshold = metric.threshold;
    // Nothing is on the bad side of what is not a number.
    const auto is_bad = [&](double limit) {
        return threshold.bad == Bad::above ? value >= limit
                                           : threshold.bad == Bad::below && value < limit;
    };
    return is_bad(threshold.critical)  ? Level::critical
           : is_bad(threshold.warning) ? Level::warning
                                       : Level::fine;
}

std::string_view name_of(Level level) {
    return level == Level::critical ? "critical" : level == Level::warning ? "warning" : "fine";
}

std::string_view name_of(Kind kind) { return kind == Kind::counter ? "counter" : "gauge"; }

std::string_view name_of(Unit unit) {
    switch (unit) {
        case Unit::bytes:
            return "bytes";
        case Unit::seconds:
            return "seconds";
        case Unit::percent:
            return "percent";
        case Unit::moment:
            return "moment";
        case Unit::yes:
            return "yes or no";
        case Unit::per_second:
            return "a second";
        case Unit::count:
            break;
    }
    return "count";
}

}  // namespace caisson::monitor
