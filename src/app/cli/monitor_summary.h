// SPDX-License-Identifier: Apache-2.0
#pragma once

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
/// All of it on one screen.
void print_summary(Context& context, const monitor::Sample& sample);

}  // namespace caisson::cli
