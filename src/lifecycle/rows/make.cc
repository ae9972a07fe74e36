// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/rows/make.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/error.h"
#include "drivers/pg/quote.h"

namespace caisson::rows {
namespace {

/// How many of the simplest candidates come before those of examples.
constexpr std::size_t simple_first = 3;

void add(std::vector<std::string>& list, std::string sql) {
    if (std::ranges::find(list, sql) == list.end()) {
        list.push_back(std::move(sql));
    }
}

/// The constants of every check that binds the column, behind those that are there.
Hints hints_for(const Table& table, const Column& column, Hints all) {
    for (const auto& check : table.checks) {
        if (!tied_columns(table, check).contains(column.name)) {
            continue;
        }
        const auto hints = hints_of(check.expression);
        all.append(hints);
    }
    return all;
}

/// Columns of keys; of generated ones, those that they are made of.
std::set<std::string> unique_columns(const Table& table) {
    std::set<std::string> names;
    for (const auto& key : table.keys) {
        for (const auto& name : key.is_exclusion ? std::vector<std::string>() : key.columns) {
            const auto given = table.written_for(name);
            names.insert(given.begin(), given.end());
        }
    }
    return names;
}

bool is_bound(const Table& table, const std::string& column) {
    return std::ranges::any_of(table.checks, [&](const Check& check) {
        return tied_columns(table, check).contains(column);
    });
}

void add_examples(std::vector<std::string>& list, const Column& column, bool is_unique,
                  const std::vector<Values>& examples, const Tag& tag) {
    std::vector<std::string> more;
    for (const auto& example : examples) {
        const auto found = example.find(column.name);
        if (found == example.end() || !found->second) {
            continue;
        }
        if (is_unique) {
            for (auto& variation : variations(column, *found->second, tag)) {
                add(more, std::move(variation));
            }
        } else {
            add(more, pg::literal(*found->second));
        }
    }
    const auto at = std::min(simple_first, list.size());
    list.insert(list.begin() + static_cast<std::ptrdiff_t>(at), more.begin(), more.end());
}

}  // namespace

std::vector<std::string> candidates_for(const Table& table, const Column& column, bool is_unique,
                                        const Tag& tag, const Hints& more) {
    const auto position = static_cast<std::size_t>(&column - table.columns.data()) + 1;
    return candidates(column, position, is_unique, hints_for(table, column, more), tag);
}

Choices choices_for(const Table& table, const Recipe& recipe, const Tag& tag) {
    Choices choices;
    const auto unique = unique_columns(table);
    for (const auto& column : table.columns) {
        if (!column.generated.empty()) {
            continue;
        }
        if (const auto fixed = recipe.fixed.find(column.name); fixed != recipe.fixed.end()) {
            choices[column.name] = {fixed->second, false};
            continue;
        }
        const bool is_unique = unique.contains(column.name);
        const bool has_default = !column.fallback.empty() && !column.is_counted;
        // A unique column is said even where a default would do: the rows of others must be known.
        Choice choice;
        choice.is_free = (!column.is_required || has_default) && !(is_unique && has_default);
        if (choice.is_free) {
            if (!is_bound(table, column.name)) {
                continue;
            }
            choice.candidates.push_back(has_default ? column.fallback : "null");
        }
        auto list = candidates_for(table, column, is_unique, tag);
        add_examples(list, column, is_unique, recipe.examples, tag);
        for (auto& candidate : list) {
            add(choice.candidates, std::move(candidate));
        }
        if (!column.is_required) {
            add(choice.candidates, "null");
        }
        choices[column.name] = std::move(choice);
    }
    return choices;
}

Choices choices_like(const Table& table, const Values& example, const Recipe& recipe,
                     const Tag& tag) {
    auto choices = choices_for(table, recipe, tag);
    const auto unique = unique_columns(table);
    for (const auto& column : table.columns) {
        const auto found = example.find(column.name);
        if (!column.generated.empty() || found == example.end() ||
            recipe.fixed.contains(column.name)) {
            continue;
        }
        auto& choice = choices[column.name];
        choice.is_free = false;
        if (!found->second) {
            choice.candidates = {"null"};
        } else if (!unique.contains(column.name)) {
            choice.candidates = {pg::literal(*found->second)};
        } else {
            choice.candidates = variations(column, *found->second, tag);
            for (auto& candidate : candidates_for(table, column, true, tag)) {
                add(choice.candidates, std::move(candidate));
            }
        }
    }
    return choices;
}

std::vector<std::string> all_columns(const Table& table) {
    std::vector<std::string> names;
    for (const auto& column : table.columns) {
        names.push_back(column.name);
    }
    return names;
}

Values values_of(const pg::Row& row, const std::vector<std::string>& columns) {
    Values values;
    for (std::size_t place = 0; place < columns.size(); ++place) {
        values[columns[place]] =
            row.is_null(place) ? std::nullopt : std::optional<std::string>(row.text(place));
    }
    return values;
}

std::string insert_of(const Table& table, const Values& values, const std::string& into) {
    const auto& target = into.empty() ? table.name : into;
    std::vector<std::string> names;
    std::vector<std::string> texts;
    for (const auto& column : table.columns) {
        const auto found = values.find(column.name);
        if (found != values.end() && column.generated.empty()) {
            names.push_back(column.name);
            texts.push_back(found->second ? pg::literal(*found->second) : "null");
        }
    }
    if (names.empty()) {
        return fmt::format("insert into {} default values", target);
    }
    return fmt::format("insert into {} ({}) overriding system value values ({})", target,
                       join(names, ", "), join(texts, ", "));
}

Put put(pg::Connection& connection, const Table& table, const Values& values) {
    const auto names = all_columns(table);
    connection.query("savepoint putting");
    try {
        const auto rows = connection.query(
            fmt::format("{} returning {}", insert_of(table, values), join(names, ", ")));
        connection.query("release savepoint putting");
        Put done;
        if (rows.empty()) {  // A trigger or a rule swallowed it.
            done.refusal = Refusal{"", "a trigger or a rule puts no row there"};
            return done;
        }
        done.values = values_of(rows.front(), names);
        return done;
    } catch (const pg::DatabaseError& error) {
        if (error.code() == Code::disk_full) {
            throw;  // It says nothing of the row.
        }
        connection.query("rollback to savepoint putting");
        return {{}, Refusal{error.sqlstate, error.message()}};
    }
}

}  // namespace caisson::rows
