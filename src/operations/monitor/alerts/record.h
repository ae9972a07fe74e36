// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Alerts as rows of the platform's own table, where the manifest maps one.

#include "drivers/pg/connection.h"
#include "operations/monitor/alerts/alert.h"

namespace caisson::alerts {

/// The value of each field that the table has a column for, by field (platform::alert_fields()).
/// Pure.
std::map<std::string, std::optional<std::string>> fields_of(const Alert& alert,
                                                            const std::vector<Rule>& rules,
                                                            const std::string& pages);

/// Writes an alert as a row, found again by its id. Errors: database_rejected; cannot_connect.
void record(pg::Connection& connection, const platform::AlertTable& table,
            const std::map<std::string, std::optional<std::string>>& fields);

}  // namespace caisson::alerts
