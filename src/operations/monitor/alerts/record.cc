// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/alerts/record.h"

#include <algorithm>

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "operations/monitor/alerts/message.h"

namespace caisson::alerts {

std::map<std::string, std::optional<std::string>> fields_of(const Alert& alert,
                                                            const std::vector<Rule>& rules,
                                                            const std::string& pages) {
    const auto moment = [](Moment at) {
        return at == Moment{} ? std::nullopt : std::optional(timestamp(at));
    };
    const auto* const rule = find_rule(rules, alert.rule);
    std::map<std::string, std::optional<std::string>> fields = {
        {"id", alert.id},
        {"rule", alert.rule},
        {"cause", alert.cause},
        {"level", std::string(text_of(alert.level))},
        {"state", alert.is_unknown ? "unknown" : std::string(text_of(alert.state))},
        {"summary", summary_of(rule, alert)},
        {"value", fmt::format("{}", alert.value)},
        {"threshold", fmt::format("{}", alert.threshold)},
        {"labels", json_text(monitor::json_of(alert.labels))},
        {"began_at", moment(alert.began)},
        {"ended_at", moment(alert.ended)},
        {"acknowledged_at", moment(alert.acknowledged)},
        {"page", remedy_of(rule, pages)},
        {"deliveries", join(alert.told, ",")},
        {"attempts", std::to_string(alert.attempts)},
        {"last_error", alert.last_error.empty() ? std::nullopt : std::optional(alert.last_error)}};
    return fields;
}

void record(pg::Connection& connection, const platform::AlertTable& table,
            const std::map<std::string, std::optional<std::string>>& fields) {
    std::vector<std::string> sets;
    std::vector<std::string> columns;
    std::vector<std::string> places;
    pg::Parameters values;
    std::size_t key = 0;
    for (const auto& [field, column] : table.columns) {
        const auto value = fields.find(field);
        if (value == fields.end()) {
            continue;
        }
        values.emplace_back(value->second);
        const auto place = fmt::format("${}", values.size());
        columns.push_back(pg::identifier(column));
        places.push_back(place);
        if (field == "id") {
            key = values.size();
        } else {
            sets.push_back(fmt::format("{} = {}", pg::identifier(column), place));
        }
    }
    const auto name = pg::qualified_name(table.table).quoted();
    // No ON CONFLICT: the column of the id need not have a unique index.
    pg::Transaction transaction(connection);
    std::uint64_t changed = 0;
    if (!sets.empty()) {
        changed = connection
                      .query(fmt::format("update {} set {} where {} = ${}", name, join(sets, ", "),
                                         pg::identifier(table.columns.at("id")), key),
                             values)
                      .affected();
    }
    if (changed == 0) {
        connection.query(fmt::format("insert into {} ({}) values ({})", name, join(columns, ", "),
                                     join(places, ", ")),
                         values);
    }
    transaction.commit();
}

}  // namespace caisson::alerts
