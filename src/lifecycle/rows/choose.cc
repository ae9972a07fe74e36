// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/rows/choose.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/error.h"

namespace caisson::rows {
namespace {

/// More combinations are not looked at: the least preferred values go first.
constexpr std::size_t most_combinations = 20'000;

using Names = std::set<std::string>;

/// Columns with all checks that bind them.
struct Group {
    Names columns;
    std::vector<const Check*> checks;
};

std::vector<Group> groups_of(const Table& table) {
    std::vector<Group> groups;
    for (const auto& check : table.checks) {
        Group joined{tied_columns(table, check), {&check}};
        std::erase_if(groups, [&](Group& other) {
            const bool is_tied = std::ranges::any_of(
                other.columns, [&](const auto& name) { return joined.columns.contains(name); });
            if (is_tied) {
                joined.columns.merge(other.columns);
                joined.checks.insert(joined.checks.end(), other.checks.begin(), other.checks.end());
            }
            return is_tied;
        });
        groups.push_back(std::move(joined));
    }
    return groups;
}

/// Leaves the most preferred ones of each, until few enough combinations are left.
void shorten(Choices& choices) {
    const auto combinations = [&] {
        std::size_t product = 1;
        for (const auto& [name, choice] : choices) {
            product = std::min<std::size_t>(product * choice.candidates.size(), 1'000'000'000);
        }
        return product;
    };
    while (combinations() > most_combinations) {
        auto longest = std::ranges::max_element(
            choices, {}, [](const auto& entry) { return entry.second.candidates.size(); });
        longest->second.candidates.pop_back();
    }
}

std::string query_for(const Table& table, const Choices& choices,
                      const std::vector<const Check*>& checks) {
    std::vector<std::string> sources;
    std::vector<std::string> values;
    std::vector<std::string> ranks;
    std::vector<std::string> outputs;
    for (const auto& [name, choice] : choices) {
        const auto& type = table.find(name)->type;
        const auto alias = fmt::format("c{}", sources.size());
        std::vector<std::string> rows;
        for (const auto& candidate : choice.candidates) {
            rows.push_back(fmt::format("({}, ({})::{})", rows.size(), candidate, type));
        }
        sources.push_back(fmt::format("(values {}) {} (rank, v)", join(rows, ", "), alias));
        values.push_back(fmt::format("{}.v as {}", alias, name));
        ranks.push_back(alias + ".rank");
        outputs.push_back(fmt::format("{}::text", name));
    }
    std::vector<std::string> generated;
    for (const auto& column : table.columns) {
        const bool is_asked =
            !column.generated.empty() && std::ranges::any_of(checks, [&](const Check* check) {
                return std::ranges::find(check->columns, column.name) != check->columns.end();
            });
        if (is_asked) {
            generated.push_back(fmt::format("({}) as {}", column.generated, column.name));
        }
    }
    std::vector<std::string> conditions = {"true"};
    for (const auto* check : checks) {
        conditions.push_back(fmt::format("({}) is not false", check->expression));
    }
    return fmt::format(
        "select {} from (select {}, {} as \"caisson rank\" from {}) as this{} where {} "
        "order by \"caisson rank\" limit 1",
        join(outputs, ", "), join(values, ", "), join(ranks, " + "), join(sources, " cross join "),
        generated.empty()
            ? ""
            : fmt::format(" cross join lateral (select {}) as made", join(generated, ", ")),
        join(conditions, " and "));
}

/// The rows, or nothing where the server refuses; the transaction goes on.
std::optional<pg::Result> ask(pg::Connection& connection, const std::string& query) {
    connection.query("savepoint choosing");
    try {
        auto rows = connection.query(query);
        connection.query("release savepoint choosing");
        return rows;
    } catch (const pg::DatabaseError& error) {
        if (error.code() == Code::disk_full) {
            throw;  // It says nothing of the values.
        }
        connection.query("rollback to savepoint choosing");
        return std::nullopt;
    }
}

/// Leaves out what is no value of its type. Whether any is left for every column.
bool drop_misfits(pg::Connection& connection, const Table& table, Choices& choices) {
    for (auto& [name, choice] : choices) {
        std::erase_if(choice.candidates, [&](const std::string& candidate) {
            return !ask(connection,
                        fmt::format("select ({})::{}", candidate, table.find(name)->type));
        });
        if (choice.candidates.empty()) {
            return false;
        }
    }
    return true;
}

bool choose_group(pg::Connection& connection, const Table& table, Choices choices,
                  const std::vector<const Check*>& checks, Values& values) {
    shorten(choices);
    auto rows = ask(connection, query_for(table, choices, checks));
    if (!rows) {
        if (!drop_misfits(connection, table, choices)) {
            return false;
        }
        rows = ask(connection, query_for(table, choices, checks));
    }
    if (!rows || rows->empty()) {
        return false;
    }
    std::size_t position = 0;
    for (const auto& [name, choice] : choices) {
        const auto row = rows->front();
        values[name] =
            row.is_null(position) ? std::nullopt : std::optional<std::string>(row.text(position));
        ++position;
    }
    return true;
}

}  // namespace

std::set<std::string> tied_columns(const Table& table, const Check& check) {
    Names names(check.columns.begin(), check.columns.end());
    for (const auto& column : table.columns) {
        if (!column.generated.empty() && names.contains(column.name)) {
            const auto made_of = table.named_in(column.generated);
            names.insert(made_of.begin(), made_of.end());
        }
    }
    return names;
}

std::optional<Values> choose(pg::Connection& connection, const Table& table,
                             const Choices& choices) {
    Values values;
    Choices loose = choices;
    for (const auto& group : groups_of(table)) {
        Choices tied;
        bool is_needed = false;
        for (const auto& name : group.columns) {
            if (const auto found = choices.find(name); found != choices.end()) {
                tied.insert(*found);
                is_needed = is_needed || !found->second.is_free;
                loose.erase(name);
            }
        }
        if (is_needed && !choose_group(connection, table, tied, group.checks, values)) {
            return std::nullopt;
        }
    }
    std::erase_if(loose, [](const auto& entry) { return entry.second.is_free; });
    for (auto& [name, choice] : loose) {
        choice.candidates.resize(std::min<std::size_t>(1, choice.candidates.size()));
    }
    if (!loose.empty() && !choose_group(connection, table, loose, {}, values)) {
        return std::nullopt;
    }
    return values;
}

}  // namespace caisson::rows
