// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// [alerts] as values: what is an alert, who is told, how, and when nobody is.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace caisson::platform {

/// [alerts.rules.NAME]: what is different from a built-in rule; with a metric, a rule of one's own.
struct AlertRule {
    std::string name{};
    std::string metric{};                         ///< Empty: the built-in rule's.
    std::map<std::string, std::string> labels{};  ///< Only readings that have these.
    std::optional<bool> below{};                  ///< Whether small values are the bad ones.
    std::optional<double> warning{};
    std::optional<double> critical{};
    std::optional<double> clear{};  ///< Where a warning ends; less strict than it.
    std::optional<std::chrono::milliseconds> hold{};  ///< `for`: how long before it fires.
    std::string cause{};                              ///< The rule of which it is a consequence.
    std::string page{};  ///< Where the remedy is told; empty: our own page.
    bool is_on = true;
    Place place{};
};

enum class AlertLevel { warning, critical };

/// [alerts.deliveries.NAME]: one way to tell somebody. `${NAME}` is not yet replaced.
struct AlertDelivery {
    std::string name{};
    std::string webhook{};             ///< URL of http or https.
    std::string secret{};              ///< Of the webhook's signature.
    std::vector<std::string> email{};  ///< Addresses.
    std::string smtp{};                ///< smtp://host:port or smtps://…
    std::string from{};
    std::string user{};
    std::string password{};
    std::vector<std::string> command{};  ///< A program and its arguments; it reads JSON.
    bool log = false;
    AlertLevel level = AlertLevel::warning;  ///< Of less nobody is told this way.
    Place place{};
};

/// An entry of alerts.escalation.
struct EscalationStep {
    std::chrono::milliseconds after{0};  ///< Since it fires and nobody has acknowledged it.
    std::vector<std::string> to{};       ///< Names of deliveries.
    AlertLevel level = AlertLevel::warning;
    Place place{};
};

/// [alerts.silences.NAME]: a window that comes again and again.
struct SilenceWindow {
    std::string name{};
    std::vector<std::string> rules{};  ///< Empty: all.
    std::string at{};                  ///< A cron expression, UTC: when it begins.
    std::chrono::milliseconds lasts{0};
    std::string reason{};
};

/// [alerts.table]: where alerts are recorded in a database of the platform's own.
struct AlertTable {
    std::string database{};                        ///< Key.
    std::string table{};                           ///< `name` or `schema.name`.
    std::map<std::string, std::string> columns{};  ///< Field to column.
    Place place{};
};

struct Alerting {
    bool is_on = true;
    std::chrono::milliseconds repeat{std::chrono::hours(4)};
    std::chrono::milliseconds wait{std::chrono::seconds(30)};
    std::string pages{};  ///< Address of the remedy pages.
    std::vector<AlertRule> rules{};
    std::vector<AlertDelivery> deliveries{};
    std::vector<EscalationStep> escalation{};
    std::vector<SilenceWindow> silences{};
    std::optional<AlertTable> table{};
};

/// What a table may be given of an alert: the keys of [alerts.table.columns].
const std::vector<std::string>& alert_fields();

}  // namespace caisson::platform
