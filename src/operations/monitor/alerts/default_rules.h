// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What rules of the table and those of the manifest share. Private to the module.

#include <optional>

#include "operations/monitor/alerts/rule.h"

namespace caisson::alerts {

/// Where a level ends: as wanted, else a tenth nearer to what is good than its threshold.
void set_clear(Rule& rule, std::optional<double> wanted = {});

}  // namespace caisson::alerts
