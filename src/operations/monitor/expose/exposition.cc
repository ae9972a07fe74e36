// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

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

/// The daemon tells of these itself.
bool is_told_elsewhere(std::string_view group) { return group == "backups"; }

}  // namespace

std::string exposition(const Sample& sample) {
    std::string text;
    std::string_view before;
    for (const auto& reading : sample.readings) {
        const auto* const row = find_metric(reading.metric);
        if (!row || is_told_elsewhere(row->group) || !std::isfinite(reading.value)) {
            continue;
        }
        const auto name = exposed_name(*row);
        if (reading.metric != before) {
            text += head(name, row->help, name_of(row->kind));
            before = reading.metric;
        }
        text +=
            fmt::format("{}{} {}\n", name, label_text(reading.labels), reading.value * row->scale);
    }
    text += head("caisson_monitor_sampled_timestamp_seconds", "When the last sample was begun.",
                 "gauge");
    text += fmt::format("caisson_monitor_sampled_timestamp_seconds {:.3f}\n",
                        std::chrono::duration<double>(sample.at.time_since_epoch()).count());
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
