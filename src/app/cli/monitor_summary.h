// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/cli/context.h"
#include "operations/monitor/sample/catalogue.h"
#include "operations/monitor/sample/sample.h"

namespace caisson::cli {

/// A figure that is beyond its threshold.
struct Worry {
    monitor::Level level;
    const monitor::Reading* reading;  ///< Of the sample.
};
/// The critical ones first.
std::vector<Worry> worries_of(const monitor::Sample& sample);
/// `critical redis.up is no`, without its help.
std::string worry_text(const Worry& worry);
/// A block of the summary: a figure each line, or with `label` a row for each series of the first.
struct SummaryPart {
    std::string title;
    std::string_view label;
    std::vector<std::pair<std::string, std::string_view>> figures;  ///< Name and metric.
};
/// In the order in which they are shown; without Redis where there is none.
std::vector<SummaryPart> summary_parts(const monitor::Sample& sample);
/// Head and rows of a part with a label; nothing when there is no series.
std::vector<std::vector<std::string>> rows_of(
    const monitor::Sample& sample, const SummaryPart& part,
    const std::function<std::string(std::string_view, const monitor::Labels&)>& shown);
/// All of it on one screen.
void print_summary(Context& context, const monitor::Sample& sample);

}  // namespace caisson::cli
