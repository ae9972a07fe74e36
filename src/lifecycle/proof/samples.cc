// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/proof/samples.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
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

/// Runs each statement for itself, all of them in one message: there may be thousands. The numbers
/// of those that the server refused.
std::set<std::size_t> refused(pg::Connection& connection,
                              const std::vector<std::string>& statements) {
    std::set<std::size_t> numbers;
    if (statements.empty()) {
        return numbers;
    }
    std::vector<std::string> literals;
    literals.reserve(statements.size());
    for (const auto& statement : statements) {
        literals.push_back(pg::literal(statement));
    }
    connection.query("do " +
                     pg::literal(fmt::format(
                         "declare statement text; number int := 0; refused text := ''; begin "
                         "foreach statement in array array[{}] loop begin execute statement; "
                         "exception when others or assert_failure then refused := refused || "
                         "number || ' '; end; "
                         "number := number + 1; end loop; perform pg_catalog.set_config("
                         "'caisson.refused', refused, true); end",
                         join(literals, ", "))));
    const auto answer =
        connection.query("select pg_catalog.current_setting('caisson.refused') as numbers");
    for (const auto& number : split(answer.front().text("numbers"), ' ')) {
        if (!number.empty()) {
            numbers.insert(std::stoul(number));
        }
    }
    return numbers;
}

/// What a row of it may be made of.
rows::Choices choices_of(const Plan& plan) {
    return rows::choices_for(*plan.table, plan.recipe,
                             {"a1", 1, "00000000-0000-4000-8000-000000000001"});
}

/// With the first value of each column, which mostly does.
std::string simplest_row(const Plan& plan) {
    std::vector<std::string> columns;
    std::vector<std::string> values;
    for (const auto& [column, choice] : choices_of(plan)) {
        if (!choice.is_free && !choice.candidates.empty()) {
            columns.push_back(column);
            values.push_back(choice.candidates.front());
        }
    }
    if (columns.empty()) {
        return fmt::format("insert into {} default values", plan.table->name);
    }
    return fmt::format("insert into {} ({}) overriding system value values ({})", plan.table->name,
                       join(columns, ", "), join(values, ", "));
}

/// With values that the server picked so that every check holds: a few questions a table.
bool put_chosen(pg::Connection& connection, const Plan& plan) {
    const auto values = rows::choose(connection, *plan.table, choices_of(plan));
    return values && !rows::put(connection, *plan.table, *values).refusal;
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
        std::vector<std::string> names;
        std::vector<std::string> statements;
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
            names.push_back(name);
            statements.push_back(simplest_row(plan->second));
        }
        const auto doubtful = refused(connection, statements);
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (!doubtful.contains(i) || put_chosen(connection, plans.at(names[i]))) {
                filled.insert(names[i]);
                samples.tables.push_back(names[i]);
            } else {
                samples.without.push_back(names[i]);
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
    std::vector<std::string> statements;
    for (auto table = samples.tables.rbegin(); table != samples.tables.rend(); ++table) {
        statements.push_back("delete from only " + *table);
    }
    begin(connection);
    refused(connection, statements);
    connection.query("commit");
}

}  // namespace caisson::proof
