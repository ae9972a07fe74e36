// SPDX-License-Identifier: Apache-2.0
#include "protection/isolation/changes.h"

#include <algorithm>

namespace caisson::isolation {
namespace {

/// Values of one column, and changes of one table.
constexpr std::size_t most_values = 5;
constexpr std::size_t most_changes = 40;

/// Whether the column may vary in rows of the same tenant.
bool is_free(const IslandPlan& plan, const rows::Table& table, const rows::Column& column) {
    const bool refers = std::ranges::any_of(table.foreign_keys, [&](const auto& key) {
        return std::ranges::find(key.columns, column.name) != key.columns.end();
    });
    const bool is_key = std::ranges::any_of(table.keys, [&](const auto& key) {
        return key.columns == std::vector<std::string>{column.name};
    });
    return !refers && !is_key && column.generated.empty() &&
           !plan.tenancy.tells(table.name, column.name) &&
           !plan.tenancy.optional.contains({table.name, column.name});
}

std::vector<std::string> values_for(const IslandPlan& plan, const rows::Table& table,
                                    const rows::Column& column,
                                    const std::set<std::string>& expressions,
                                    const rows::Tag& tag) {
    rows::Hints hints;
    for (const auto& expression : expressions) {
        hints.append(rows::hints_of(expression));
    }
    std::erase(hints.texts, plan.isolation.setting);
    auto values = rows::candidates_for(table, column, false, tag, hints);
    values.resize(std::min(values.size(), most_values));
    if (!column.is_required) {
        values.emplace_back("null");
    }
    return values;
}

}  // namespace

std::vector<Change> changes_of(const IslandPlan& plan, const rows::Table& table,
                               const rows::Tag& tag) {
    std::vector<Change> changes;
    for (const auto& column : table.columns) {
        const auto asked = plan.tenancy.asked.find({table.name, column.name});
        if (asked == plan.tenancy.asked.end() || !is_free(plan, table, column)) {
            continue;
        }
        for (auto& value : values_for(plan, table, column, asked->second, tag)) {
            changes.push_back({{column.name, std::move(value)}});
        }
    }
    const auto singles = changes.size();
    for (std::size_t one = 0; one < singles; ++one) {
        for (auto other = one + 1; other < singles && changes.size() < most_changes; ++other) {
            auto both = changes[one];
            both.insert(changes[other].begin(), changes[other].end());
            if (both.size() > 1) {
                changes.push_back(std::move(both));
            }
        }
    }
    return changes;
}

}  // namespace caisson::isolation
