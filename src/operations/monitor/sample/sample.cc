// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/sample/sample.h"

#include <algorithm>
#include <tuple>

#include <boost/json/object.hpp>

#include "operations/monitor/sample/catalogue.h"

namespace caisson::monitor {
namespace {

bool has_all(const Labels& labels, const Labels& wanted) {
    return std::ranges::all_of(
        wanted, [&](const auto& each) { return std::ranges::find(labels, each) != labels.end(); });
}

}  // namespace

void Sample::add(std::string_view metric, double value, Labels labels) {
    readings.push_back({metric, std::move(labels), value});
}

void Sample::finish() {
    const auto comes_before = [](const Reading& a, const Reading& b) {
        return std::tie(a.metric, a.labels) < std::tie(b.metric, b.labels);
    };
    // Most of it is carried over, or was finished before, and lies in order at the beginning.
    const auto rest = std::ranges::is_sorted_until(readings, comes_before);
    std::ranges::sort(rest, readings.end(), comes_before);
    std::ranges::inplace_merge(readings, rest, comes_before);
}

std::string_view witness_of(const Sample& sample, std::string_view metric, const Labels& labels) {
    const auto found = std::ranges::find_if(sample.witnesses, [&](const Witness& each) {
        return each.metric == metric && each.labels == labels;
    });
    return found == sample.witnesses.end() ? std::string_view() : found->text;
}

std::vector<const Reading*> series_of(const Sample& sample, std::string_view metric) {
    std::vector<const Reading*> series;
    const auto [first, last] =
        std::ranges::equal_range(sample.readings, metric, {}, &Reading::metric);
    for (auto each = first; each != last; ++each) {
        series.push_back(&*each);
    }
    return series;
}

std::optional<double> value_of(const Sample& sample, std::string_view metric,
                               const Labels& labels) {
    for (const auto* reading : series_of(sample, metric)) {
        if (has_all(reading->labels, labels)) {
            return reading->value;
        }
    }
    return std::nullopt;
}

const Unknown* unknown_of(const Sample& sample, std::string_view metric, const Labels& labels) {
    const auto* const row = find_metric(metric);
    const auto concerns = [&](const Unknown& unknown) {
        const bool named = unknown.what == metric || (row && unknown.what == row->group) ||
                           unknown.what == metric.substr(0, metric.find('.'));
        return named && (labels.empty() || unknown.labels.empty() ||
                         has_all(labels, unknown.labels) || has_all(unknown.labels, labels));
    };
    for (const auto* const list : {&sample.unknowns, &sample.too_young, &sample.unmeasured}) {
        const auto found = std::ranges::find_if(*list, concerns);
        if (found != list->end()) {
            return &*found;
        }
    }
    return nullptr;
}

const Unknown* unmeasured_of(const Sample& sample, std::string_view metric) {
    const auto found = std::ranges::find(sample.unmeasured, metric, &Unknown::what);
    return found == sample.unmeasured.end() ? nullptr : &*found;
}

std::string_view label_of(const Labels& labels, std::string_view name) {
    const auto found =
        std::ranges::find_if(labels, [&](const auto& each) { return each.first == name; });
    return found == labels.end() ? std::string_view() : found->second;
}

std::string text_of(const Labels& labels) {
    std::string text;
    for (const auto& [name, value] : labels) {
        text += text.empty() ? "" : ",";
        text += name + "=" + value;
    }
    return text;
}

boost::json::object json_of(const Labels& labels) {
    boost::json::object object;
    for (const auto& [name, value] : labels) {
        object[name] = value;
    }
    return object;
}

}  // namespace caisson::monitor
