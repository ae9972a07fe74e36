// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "operations/monitor/expose/expose.h"

namespace caisson::monitor {
namespace {

std::string limit_text(const Metric& metric, double limit) {
    if (std::isnan(limit)) {
        return {};
    }
    if (metric.unit == Unit::bytes) {
        return human_bytes(static_cast<std::uint64_t>(limit));
    }
    return metric.unit == Unit::seconds   ? fmt::format("{} s", limit)
           : metric.unit == Unit::percent ? fmt::format("{} %", limit)
                                          : fmt::format("{}", limit);
}

std::string threshold_text(const Metric& metric) {
    const auto& threshold = metric.threshold;
    if (threshold.bad == Bad::none) {
        return {};
    }
    const auto* const side = threshold.bad == Bad::above ? "from" : "below";
    std::string text;
    if (const auto warning = limit_text(metric, threshold.warning); !warning.empty()) {
        text += fmt::format("warning {} {}", side, warning);
    }
    if (const auto critical = limit_text(metric, threshold.critical); !critical.empty()) {
        text += fmt::format("{}critical {} {}", text.empty() ? "" : ", ", side, critical);
    }
    return fmt::format("{} ({})", text, threshold.source);
}

}  // namespace

std::string metrics_reference() {
    std::string text = "| metric | what it is | threshold | Prometheus |\n|---|---|---|---|\n";
    for (const auto& row : catalogue()) {
        std::string labels;
        for (const auto& name : label_names(row)) {
            labels += (labels.empty() ? "" : ", ") + name;
        }
        text += fmt::format("| `{}` | {} ({}{}{}) | {} | `{}` |\n", row.name, row.help,
                            row.kind == Kind::counter ? "counter, " : "", name_of(row.unit),
                            labels.empty() ? "" : "; " + labels, threshold_text(row),
                            exposed_name(row));
    }
    return text;
}

}  // namespace caisson::monitor
