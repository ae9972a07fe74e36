// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/keys.h"

#include <algorithm>
#include <set>

namespace caisson::docs {
namespace {

using Columns = std::set<std::string>;

Columns set_of(const std::vector<std::string>& columns) { return {columns.begin(), columns.end()}; }

Columns primary_key(const Table& table) {
    for (const auto& constraint : table.constraints) {
        if (constraint.kind == Constraint::Kind::primary_key) {
            return set_of(constraint.columns);
        }
    }
    return {};
}

/// Sets of columns of which no two rows have the same.
std::set<Columns> unique_columns(const Table& table) {
    std::set<Columns> unique;
    for (const auto& constraint : table.constraints) {
        if (!constraint.columns.empty()) {
            unique.insert(set_of(constraint.columns));
        }
    }
    for (const auto& index : table.indexes) {
        if (index.is_unique && index.condition.empty()) {
            unique.insert(set_of(index.keys));
        }
    }
    return unique;
}

}  // namespace

void mark_keys(std::vector<Table>& tables) {
    for (auto& table : tables) {
        const auto primary = primary_key(table);
        const auto unique = unique_columns(table);
        for (auto& column : table.columns) {
            column.in_primary_key = primary.contains(column.name);
            column.is_unique = unique.contains({column.name});
        }
        for (std::size_t i = 0; i < table.references.size(); ++i) {
            auto& reference = table.references[i];
            reference.is_single = unique.contains(set_of(reference.columns));
            for (auto& column : table.columns) {
                if (std::ranges::count(reference.columns, column.name) > 0) {
                    column.references.push_back(i);
                    reference.is_optional = reference.is_optional || !column.parts.not_null;
                }
            }
        }
    }
}

void refer(Inventory& inventory) {
    for (std::size_t i = 0; i < inventory.tables.size(); ++i) {
        const auto& references = inventory.tables[i].references;
        for (std::size_t j = 0; j < references.size(); ++j) {
            const auto target = inventory.table(references[j].table);
            if (target < inventory.tables.size()) {
                inventory.tables[target].referrers.push_back({i, j});
            }
        }
    }
}

}  // namespace caisson::docs
