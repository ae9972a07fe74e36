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

/// The constants of every check that binds the column.
Hints hints_for(const Table& table, const Column& column) {
    Hints all;
    for (const auto& check : table.checks) {
        if (!tied_columns(table, check).contains(column.name)) {
            continue;
        }
        const auto hints = hints_of(check.expression);
        const auto append = [](auto& to, const auto& from) {
            to.insert(to.end(), from.begin(), from.end());
        };
        append(all.texts, hints.texts);
        append(all.patterns, hints.patterns);
        append(all.likes, hints.likes);
        append(all.numbers, hints.numbers);
    }
    return all;
}

/// Columns of keys that no foreign key fills.
std::set<std::string> unique_columns(const Table& table) {
    std::set<std::string> names;
    for (const auto& key : table.keys) {
        if (!key.is_exclusion) {
            names.insert(key.columns.begin(), key.columns.end());
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

Choices choices_for(const Table& table, const Recipe& recipe, const Tag& tag) {
    Choices choices;
    const auto unique = unique_columns(table);
    std::size_t position = 0;
    for (const auto& column : table.columns) {
        ++position;
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
        auto list = candidates(column, position, is_unique, hints_for(table, column), tag);
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
    std::size_t position = 0;
    for (const auto& column : table.columns) {
        ++position;
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
            for (auto& candidate :
                 candidates(column, position, true, hints_for(table, column), tag)) {
                add(choice.candidates, std::move(candidate));
            }
        }
    }
    return choices;
}

std::vector<std::string> written_columns(const Table& table) {
    std::vector<std::string> names;
    for (const auto& column : table.columns) {
        if (column.generated.empty()) {
            names.push_back(column.name);
        }
    }
    return names;
}

std::string insert_of(const Table& table, const Values& values, const std::string& into) {
    const auto& target = into.empty() ? table.name : into;
    std::vector<std::string> names;
    std::vector<std::string> texts;
    for (const auto& name : written_columns(table)) {
        if (const auto found = values.find(name); found != values.end()) {
            names.push_back(name);
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
    const auto names = written_columns(table);
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
        for (std::size_t position = 0; position < names.size(); ++position) {
            const auto row = rows.front();
            done.values[names[position]] = row.is_null(position)
                                               ? std::nullopt
                                               : std::optional<std::string>(row.text(position));
        }
        return done;
    } catch (const pg::DatabaseError& error) {
        connection.query("rollback to savepoint putting");
        return {{}, Refusal{error.sqlstate, error.message()}};
    }
}

}  // namespace caisson::rows
