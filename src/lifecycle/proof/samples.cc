// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/proof/samples.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "lifecycle/rows/rows.h"

namespace caisson::proof {
namespace {

/// What a row needs of other tables: keys of a row that is there.
rows::Recipe recipe_of(const rows::Table& table, std::vector<std::string>& parents) {
    rows::Recipe recipe;
    for (const auto& key : table.foreign_keys) {
        const bool is_needed = std::ranges::any_of(key.columns, [&](const auto& name) {
            const auto* const column = table.find(name);
            return column->is_required && (column->fallback.empty() || column->is_counted);
        });
        if (!is_needed) {
            continue;  // NULL will do.
        }
        parents.push_back(key.parent);
        for (std::size_t index = 0; index < key.columns.size(); ++index) {
            recipe.fixed[key.columns[index]] = {
                fmt::format("(select {} from {} limit 1)", key.targets[index], key.parent)};
        }
    }
    return recipe;
}

struct Plan {
    const rows::Table* table = nullptr;
    rows::Recipe recipe;
    std::vector<std::string> parents;
};

std::map<std::string, Plan> plans_for(const rows::Shapes& shapes) {
    std::map<std::string, Plan> plans;
    for (const auto& [name, table] : shapes) {
        auto& plan = plans[name];
        plan.table = &table;
        plan.recipe = recipe_of(table, plan.parents);
    }
    return plans;
}

/// Without triggers, where the session may: an audit trail is no place for the rows of a proof.
void begin(pg::Connection& connection) {
    connection.query("begin");
    connection.query("savepoint mode");
    try {
        connection.query("set local session_replication_role = replica");
    } catch (const pg::DatabaseError&) {
        connection.query("rollback to savepoint mode");
    }
}

bool put(pg::Connection& connection, const Plan& plan) {
    const rows::Tag tag{"a1", 1, "00000000-0000-4000-8000-000000000001"};
    const auto values =
        rows::choose(connection, *plan.table, rows::choices_for(*plan.table, plan.recipe, tag));
    return values && !rows::put(connection, *plan.table, *values).refusal;
}

bool attempt(pg::Connection& connection, const std::string& statement) {
    connection.query("savepoint sample");
    try {
        connection.query(statement);
        connection.query("release savepoint sample");
        return true;
    } catch (const pg::DatabaseError&) {
        connection.query("rollback to savepoint sample");
        return false;
    }
}

}  // namespace

Samples put_samples(pg::Connection& connection, const std::map<std::string, Rows>& rows) {
    Samples samples;
    std::vector<std::string> left;
    std::set<std::string> filled;
    for (const auto& [name, found] : rows) {
        if (found.count > 0) {
            filled.insert(name);
        } else {
            left.push_back(name);
        }
    }
    if (left.empty()) {
        return samples;
    }
    const auto shapes = rows::read_shapes(connection, rows::Partitions::as_tables);
    const auto plans = plans_for(shapes);
    begin(connection);
    // Parents first; what refers to itself or in a circle stays without.
    for (bool progress = true; progress;) {
        progress = false;
        std::vector<std::string> rest;
        for (const auto& name : left) {
            const auto plan = plans.find(name);
            if (plan == plans.end()) {  // It has no columns.
                samples.without.push_back(name);
                continue;
            }
            const bool ready = std::ranges::all_of(plan->second.parents, [&](const auto& parent) {
                return filled.contains(parent) || !rows.contains(parent);
            });
            if (!ready) {
                rest.push_back(name);
                continue;
            }
            progress = true;
            if (put(connection, plan->second)) {
                filled.insert(name);
                samples.tables.push_back(name);
            } else {
                samples.without.push_back(name);
            }
        }
        left = std::move(rest);
    }
    connection.query("commit");
    samples.without.insert(samples.without.end(), left.begin(), left.end());
    std::ranges::sort(samples.without);
    return samples;
}

void take_samples(pg::Connection& connection, const Samples& samples) {
    if (samples.tables.empty()) {
        return;
    }
    begin(connection);
    for (auto table = samples.tables.rbegin(); table != samples.tables.rend(); ++table) {
        attempt(connection, "delete from only " + *table);
    }
    connection.query("commit");
}

}  // namespace caisson::proof
