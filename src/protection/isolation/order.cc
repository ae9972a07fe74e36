// SPDX-License-Identifier: Apache-2.0
#include "protection/isolation/order.h"

#include <algorithm>
#include <set>

namespace caisson::isolation {

std::optional<TableColumn> namesake(const IslandPlan& plan, const std::string& bare) {
    if (!plan.tenancy.names.contains(bare)) {
        return std::nullopt;
    }
    for (const auto& name : plan.tenancy.tables) {
        const auto& table = plan.shapes.at(name);
        for (const auto& key : table.foreign_keys) {
            for (std::size_t index = 0; index < key.columns.size(); ++index) {
                if (table.find(key.columns[index])->bare == bare &&
                    plan.tenancy.is_tenants(key.parent)) {
                    return TableColumn{key.parent, key.targets[index]};
                }
            }
        }
    }
    return std::nullopt;
}

std::vector<const rows::Table*> ordered(const IslandPlan& plan) {
    std::vector<const rows::Table*> order;
    std::set<std::string> placed;
    auto left = plan.tenancy.tables;
    while (!left.empty()) {
        std::vector<std::string> ready;
        for (const auto& name : left) {
            const auto& table = plan.shapes.at(name);
            const auto is_left = [&](const std::string& parent) {
                return parent != name && left.contains(parent);
            };
            const bool waits =
                std::ranges::any_of(table.foreign_keys,
                                    [&](const auto& key) { return is_left(key.parent); }) ||
                std::ranges::any_of(table.columns, [&](const auto& column) {
                    // What a key says itself, its name need not.
                    const bool is_told =
                        std::ranges::any_of(table.foreign_keys, [&](const auto& key) {
                            return std::ranges::find(key.columns, column.name) != key.columns.end();
                        });
                    const auto target = namesake(plan, column.bare);
                    return !is_told && target && is_left(target->first);
                });
            if (!waits) {
                ready.push_back(name);
            }
        }
        if (ready.empty()) {
            ready.push_back(*left.begin());
        }
        for (const auto& name : ready) {
            order.push_back(&plan.shapes.at(name));
            left.erase(name);
        }
    }
    return order;
}

}  // namespace caisson::isolation
