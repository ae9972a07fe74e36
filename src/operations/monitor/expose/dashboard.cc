// SPDX-License-Identifier: Apache-2.0
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "operations/monitor/expose/expose.h"

namespace caisson::monitor {
namespace {

using boost::json::array;
using boost::json::object;

constexpr int panel_width = 8;
constexpr int panel_height = 7;
constexpr int row_width = 24;
constexpr int most_series = 10;

std::string_view unit_of(const Metric& metric) {
    switch (metric.unit) {
        case Unit::bytes:
            return metric.kind == Kind::counter ? "Bps" : "bytes";
        case Unit::seconds:
            return "s";
        case Unit::percent:
            return "percent";
        case Unit::moment:
            return "dateTimeFromNow";
        case Unit::yes:
            return "bool";
        case Unit::per_second:
        case Unit::count:
            break;
    }
    return "short";
}

std::string expression(const Metric& metric) {
    auto text = exposed_name(metric);
    if (const auto label = text.find('{'); label != std::string::npos) {
        text = fmt::format("{{__name__=~\"{}.+\"}}", text.substr(0, label));
    }
    if (metric.kind == Kind::counter) {
        text = fmt::format("rate({}[$__rate_interval])", text);
    }
    if (metric.unit == Unit::moment) {
        text += " * 1000";  // Grafana's moments are in milliseconds.
    } else if (metric.scale != 1) {
        text += fmt::format(" / {}", metric.scale);  // The panel has our unit, not the exporter's.
    }
    return metric.labels.empty() ? text : fmt::format("topk({}, {})", most_series, text);
}

object steps_of(const Metric& metric) {
    array steps{object{{"color", "green"}, {"value", nullptr}}};
    const auto add = [&](double value, const char* colour) {
        if (!std::isnan(value) && metric.threshold.bad == Bad::above) {
            steps.push_back(object{{"color", colour}, {"value", value}});
        }
    };
    add(metric.threshold.warning, "orange");
    add(metric.threshold.critical, "red");
    return {{"mode", "absolute"}, {"steps", std::move(steps)}};
}

object panel(const Metric& metric, int id, int x, int y) {
    std::string legend;
    const bool is_in_name = metric.exporter.find('{') != std::string_view::npos;
    for (const auto& name :
         is_in_name ? std::vector<std::string>{"__name__"} : label_names(metric)) {
        legend += fmt::format("{}{{{{{}}}}}", legend.empty() ? "" : " ", name);
    }
    const object source{{"type", "prometheus"}, {"uid", "${datasource}"}};
    return {
        {"id", id},
        {"type", "timeseries"},
        {"title", metric.name},
        {"description", metric.help},
        {"datasource", source},
        {"gridPos", object{{"x", x}, {"y", y}, {"w", panel_width}, {"h", panel_height}}},
        {"fieldConfig",
         object{{"defaults", object{{"unit", unit_of(metric)}, {"thresholds", steps_of(metric)}}},
                {"overrides", array{}}}},
        {"targets", array{object{{"refId", "A"},
                                 {"datasource", source},
                                 {"expr", expression(metric)},
                                 {"legendFormat", legend}}}}};
}

}  // namespace

std::string grafana_dashboard() {
    array panels;
    int id = 0;
    int x = 0;
    int y = 0;
    std::string_view group;
    for (const auto& row : catalogue()) {
        if (row.group != group) {
            group = row.group;
            y += x > 0 ? panel_height : 0;
            x = 0;
            panels.push_back(
                object{{"id", ++id},
                       {"type", "row"},
                       {"title", group},
                       {"collapsed", false},
                       {"panels", array{}},
                       {"gridPos", object{{"x", 0}, {"y", y}, {"w", row_width}, {"h", 1}}}});
            ++y;
        }
        panels.push_back(panel(row, ++id, x, y));
        x += panel_width;
        if (x >= row_width) {
            x = 0;
            y += panel_height;
        }
    }
    return boost::json::serialize(
               object{{"title", "Caisson"},
                      {"uid", "caisson"},
                      {"schemaVersion", 38},
                      {"version", 1},
                      {"refresh", "30s"},
                      {"time", object{{"from", "now-6h"}, {"to", "now"}}},
                      {"tags", array{"caisson", "postgresql"}},
                      {"templating", object{{"list", array{object{{"name", "datasource"},
                                                                  {"type", "datasource"},
                                                                  {"query", "prometheus"}}}}}},
                      {"panels", std::move(panels)}}) +
           "\n";
}

}  // namespace caisson::monitor
