// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "platform/reading.h"
#include "platform/shape.h"
#include "platform/values.h"

namespace caisson::platform {
namespace {

using std::chrono::milliseconds;

std::optional<double> figure_of(const Node& section, std::string_view key) {
    const Node* const node = section.find(key);
    if (!node) {
        return std::nullopt;
    }
    return node->is(NodeType::integer) ? static_cast<double>(node->integer) : node->number;
}

std::optional<milliseconds> duration_of(const Node& section, std::string_view key) {
    return section.find(key) ? parse_duration(text_of(section, key)) : std::nullopt;
}

/// What a variable holds is looked at when it is known.
bool has_secret_way(std::string_view url) {
    return url.find("${") != std::string_view::npos || is_secret_way(url);
}

AlertLevel level_of(const Node& section) {
    return text_of(section, "level") == "critical" ? AlertLevel::critical : AlertLevel::warning;
}

void check_order(Reading& reading, const AlertRule& rule, const Member& member) {
    const bool below = rule.below.value_or(false);
    const auto is_stricter = [&](double a, double b) { return below ? a < b : a > b; };
    const auto demand = [&](bool holds, const char* key, const char* other, const char* relation) {
        if (!holds) {
            reading.mistake(
                member.value.find(key)->place,
                fmt::format("alerts.rules.{}.{} is not {} {}", rule.name, key, relation, other));
        }
    };
    const auto first = rule.warning ? rule.warning : rule.critical;
    if (rule.warning && rule.critical) {
        demand(!is_stricter(*rule.warning, *rule.critical), "critical", "warning",
               below ? "at most" : "at least");
    }
    if (rule.clear && first) {
        demand(!is_stricter(*rule.clear, *first), "clear", rule.warning ? "warning" : "critical",
               below ? "at least" : "at most");
    }
}

void read_rule(Reading& reading, const Member& member, Alerting& alerting) {
    const Node& section = member.value;
    AlertRule rule;
    rule.name = member.key;
    rule.place = member.place;
    rule.is_on = boolean_of(section, "on", true);
    rule.metric = text_of(section, "metric");
    for (const auto& label : members_of(section, "labels")) {
        rule.labels[label.key] = label.value.text;
    }
    if (section.find("below")) {
        rule.below = boolean_of(section, "below", false);
    }
    rule.warning = figure_of(section, "warning");
    rule.critical = figure_of(section, "critical");
    rule.clear = figure_of(section, "clear");
    rule.hold = duration_of(section, "for");
    rule.cause = text_of(section, "cause");
    rule.page = text_of(section, "page");
    if (!rule.metric.empty()) {
        if (!rule.warning && !rule.critical) {
            reading.mistake(member.place,
                            fmt::format("the rule \"{}\" has no threshold; expected warning, "
                                        "critical or both beside metric",
                                        rule.name));
        }
        check_order(reading, rule, member);
    }
    alerting.rules.push_back(std::move(rule));
}

void read_delivery(Reading& reading, const Member& member, Alerting& alerting) {
    const Node& section = member.value;
    AlertDelivery delivery;
    delivery.name = member.key;
    delivery.place = member.place;
    delivery.webhook = referring_text(reading, section, "webhook");
    delivery.secret = referring_text(reading, section, "secret");
    delivery.email = texts_of(section, "email");
    delivery.smtp = referring_text(reading, section, "smtp");
    delivery.from = referring_text(reading, section, "from");
    delivery.user = referring_text(reading, section, "user");
    delivery.password = referring_text(reading, section, "password");
    delivery.command = texts_of(section, "command");
    delivery.log = boolean_of(section, "log", false);
    delivery.level = level_of(section);
    const int ways = static_cast<int>(!delivery.webhook.empty()) +
                     static_cast<int>(!delivery.email.empty()) +
                     static_cast<int>(!delivery.command.empty()) + static_cast<int>(delivery.log);
    if (ways != 1) {
        reading.mistake(member.place,
                        fmt::format("the delivery \"{}\" has {}; expected one of webhook, email, "
                                    "command and log",
                                    delivery.name, ways == 0 ? "no way" : "several ways"));
    }
    for (const auto& address : delivery.email) {
        const auto at = address.find('@');
        const bool is_address = at != std::string::npos && at > 0 && at + 1 < address.size() &&
                                address.find_first_of(" \t\r\n<>,") == std::string::npos;
        if (!is_address) {
            reading.mistake(section.find("email")->place,
                            fmt::format("\"{}\" is no mail address; expected name@host", address));
        }
    }
    if (!delivery.webhook.empty() && !has_secret_way(delivery.webhook)) {
        reading.mistake(section.find("webhook")->place,
                        fmt::format("the webhook of \"{}\" is no URL of https; expected "
                                    "https://…, or http:// of this machine",
                                    delivery.name));
    }
    if (!delivery.webhook.empty() && delivery.secret.empty()) {
        reading.mistake(member.place,
                        fmt::format("the webhook of \"{}\" is not signed; expected secret = "
                                    "\"${{NAME}}\" beside it",
                                    delivery.name));
    }
    alerting.deliveries.push_back(std::move(delivery));
}

void read_escalation(Reading& reading, const Node& section, Alerting& alerting) {
    const Node* const list = section.find("escalation");
    if (!list) {
        return;
    }
    std::vector<std::string> known;
    for (const auto& delivery : alerting.deliveries) {
        known.push_back(delivery.name);
    }
    for (const auto& item : list->items) {
        EscalationStep step;
        step.place = item.place;
        step.after = duration_of(item, "after").value_or(step.after);
        step.to = texts_of(item, "to");
        step.level = level_of(item);
        for (const auto& name : step.to) {
            if (std::ranges::find(known, name) == known.end()) {
                reading.mistake(
                    item.find("to")->place,
                    fmt::format("there is no delivery \"{}\" in [alerts.deliveries]", name),
                    suggestion(name, known));
            }
        }
        alerting.escalation.push_back(std::move(step));
    }
    std::ranges::stable_sort(alerting.escalation, {}, &EscalationStep::after);
}

void read_table(Reading& reading, const Node& section, Alerting& alerting) {
    const Node* const given = section.find("table");
    if (!given) {
        return;
    }
    AlertTable table;
    table.place = given->place;
    table.table = text_of(*given, "table");
    table.database = text_of(*given, "database");
    if (table.database.empty() && !reading.manifest.databases.empty()) {
        table.database = reading.manifest.databases.front().key;
    }
    const auto keys = keys_of(reading.written, "databases");
    if (!table.database.empty() && std::ranges::find(keys, table.database) == keys.end()) {
        reading.mistake(given->find("database") ? given->find("database")->place : given->place,
                        fmt::format("there is no database \"{}\"", table.database),
                        suggestion(table.database, keys));
    }
    for (const auto& column : members_of(*given, "columns")) {
        if (std::ranges::find(alert_fields(), column.key) == alert_fields().end()) {
            reading.mistake(column.place, fmt::format("an alert has no field \"{}\"", column.key),
                            suggestion(column.key, alert_fields()));
        }
        table.columns[column.key] = column.value.text;
    }
    if (!table.columns.contains("id")) {
        reading.mistake(given->place, "no column gets the id, by which a row is found again");
    }
    alerting.table = std::move(table);
}

}  // namespace

const std::vector<std::string>& alert_fields() {
    static const std::vector<std::string> fields = {
        "id",         "rule",      "cause",      "level",    "state",    "summary",
        "value",      "threshold", "labels",     "began_at", "ended_at", "acknowledged_at",
        "deliveries", "attempts",  "last_error", "page"};
    return fields;
}

void read_alerts(Reading& reading) {
    const Node* const section = reading.document.find("alerts");
    if (!section) {
        return;
    }
    auto& alerting = reading.manifest.alerting;
    alerting.is_on = boolean_of(*section, "on", alerting.is_on);
    alerting.repeat = duration_of(*section, "repeat").value_or(alerting.repeat);
    alerting.wait = duration_of(*section, "wait").value_or(alerting.wait);
    alerting.pages = text_of(*section, "pages");
    for (const auto& member : members_of(*section, "rules")) {
        read_rule(reading, member, alerting);
    }
    for (const auto& member : members_of(*section, "deliveries")) {
        read_delivery(reading, member, alerting);
    }
    read_escalation(reading, *section, alerting);
    for (const auto& member : members_of(*section, "silences")) {
        alerting.silences.push_back({member.key, texts_of(member.value, "rules"),
                                     text_of(member.value, "at"),
                                     duration_of(member.value, "for").value_or(milliseconds{0}),
                                     text_of(member.value, "reason")});
    }
    read_table(reading, *section, alerting);
}

}  // namespace caisson::platform
