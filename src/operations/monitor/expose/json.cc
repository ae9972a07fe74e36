// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "base/moment.h"
#include "operations/monitor/expose/expose.h"

namespace caisson::monitor {
namespace {

/// Whole figures stay whole: moments and bytes have more digits than a fraction is written with.
boost::json::value number_of(double value) {
    constexpr double exact = 9e15;
    if (value == std::floor(value) && std::abs(value) < exact) {
        return static_cast<std::int64_t>(value);
    }
    return value;
}

}  // namespace

boost::json::object to_json(const Sample& sample, const std::vector<std::string_view>& groups) {
    const auto is_wanted = [&](std::string_view name) {
        const auto group = name.substr(0, name.find_first_of(". "));
        return groups.empty() || group.empty() || std::ranges::count(groups, group) > 0;
    };
    boost::json::object metrics;
    for (const auto& reading : sample.readings) {
        if (!is_wanted(reading.metric)) {
            continue;
        }
        if (reading.labels.empty()) {
            metrics[reading.metric] = number_of(reading.value);
            continue;
        }
        auto& list = metrics[reading.metric];
        if (!list.is_array()) {
            list.emplace_array();
        }
        auto object = json_of(reading.labels);
        object["value"] = number_of(reading.value);
        list.as_array().push_back(std::move(object));
    }
    boost::json::array unknowns;
    for (const auto& unknown : sample.unknowns) {
        if (is_wanted(unknown.what)) {
            boost::json::object object{{"what", unknown.what}, {"why", unknown.why}};
            if (!unknown.labels.empty()) {
                object["labels"] = json_of(unknown.labels);
            }
            unknowns.push_back(std::move(object));
        }
    }
    boost::json::array gaps;
    for (const auto& gap : sample.gaps) {
        if (is_wanted(gap.what)) {
            gaps.push_back(boost::json::object{{"what", gap.what}, {"why", gap.why}});
        }
    }
    boost::json::array unmeasured;
    for (const auto& each : sample.unmeasured) {
        if (is_wanted(each.what)) {
            unmeasured.push_back(boost::json::object{{"what", each.what}, {"why", each.why}});
        }
    }
    return {{"at", timestamp(std::chrono::floor<std::chrono::seconds>(sample.at))},
            {"metrics", std::move(metrics)},
            {"unknown", std::move(unknowns)},
            {"unmeasured", std::move(unmeasured)},
            {"gaps", std::move(gaps)}};
}

}  // namespace caisson::monitor
