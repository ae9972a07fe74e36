// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/scale/site.h"

namespace caisson::scale {
namespace {

constexpr std::uint64_t most_children = 1'000'000;
/// Eight bytes are kept for each.
constexpr std::uint64_t most_counted_parents = 200'000'000;
/// Of PostgreSQL: "Limits".
constexpr std::size_t most_columns = 1600;

/// A walk over a graph that finds its circles.
enum class Visit { not_yet, under_way, done };

class Compiling {
 public:
    Compiling(const Declaration& declaration, double factor, const Inputs& inputs,
              seeds::Mistakes& mistakes)
        : model_(std::make_unique<Model>()), draft_{declaration, inputs, mistakes, factor, *model_,
                                                    {},          {},     {},       {},     {}} {}

    std::unique_ptr<const Model> run() {
        const auto before = draft_.mistakes.count();
        name_columns();
        for (std::size_t table = 0; table < model_->tables.size(); ++table) {
            for (std::size_t column = 0; column < model_->tables[table].columns.size(); ++column) {
                draft_.compile_column({table, column});
            }
        }
        check_rows();
        check_columns();
        order_tables();
        if (draft_.mistakes.count() > before) {
            return nullptr;
        }
        count_rows();
        if (draft_.mistakes.count() > before) {
            return nullptr;
        }
        return std::move(model_);
    }

 private:
    void name_columns() {
        for (const auto& declared : draft_.declaration.tables) {
            auto& table = model_->tables.emplace_back();
            table.name = declared.name;
            table.place = declared.place;
            draft_.first_column.push_back(draft_.needs.size());
            for (const auto& column : declared.columns) {
                table.columns.push_back(
                    {column.name, !column.name.starts_with('_'), column.place, nullptr, nullptr});
                draft_.needs.emplace_back();
            }
            if (declared.columns.size() > most_columns) {
                draft_.mistakes.add(
                    declared.place,
                    fmt::format("the table has more than {} columns", most_columns));
            }
            draft_.begun.emplace_back(declared.columns.size(), false);
            draft_.counted.emplace_back();
        }
    }

    void check_rows() {
        for (std::size_t i = 0; i < model_->tables.size(); ++i) {
            const auto& declared = draft_.declaration.tables[i];
            if (declared.rows && draft_.counted[i]) {
                draft_.mistakes.add(declared.place,
                                    "rows is given, and each of a reference counts them, too");
            } else if (!declared.rows && !draft_.counted[i]) {
                draft_.mistakes.add(declared.place,
                                    "nothing says how many rows there are; "
                                    "expected rows, or a reference with each");
            }
        }
    }

    /// No column is made from itself.
    void check_columns() {
        std::vector<Visit> visits(draft_.needs.size(), Visit::not_yet);
        std::vector<ColumnNumber> path;
        const std::function<bool(ColumnNumber)> visit = [&](ColumnNumber column) {
            auto& state = visits[draft_.first_column[column.first] + column.second];
            if (state != Visit::not_yet) {
                if (state == Visit::under_way) {
                    tell_circle(path, column);
                }
                return state == Visit::done;
            }
            state = Visit::under_way;
            path.push_back(column);
            for (const auto& needed : draft_.needs_of(column)) {
                if (!visit(needed)) {
                    return false;
                }
            }
            path.pop_back();
            visits[draft_.first_column[column.first] + column.second] = Visit::done;
            return true;
        };
        for (std::size_t table = 0; table < model_->tables.size(); ++table) {
            for (std::size_t column = 0; column < model_->tables[table].columns.size(); ++column) {
                if (!visit({table, column})) {
                    return;
                }
            }
        }
    }

    void tell_circle(const std::vector<ColumnNumber>& path, ColumnNumber again) {
        std::vector<std::string> names;
        const auto begin = std::find(path.begin(), path.end(), again);
        for (auto at = begin; at != path.end(); ++at) {
            const auto& table = model_->tables[at->first];
            names.push_back(table.name.text() + "." + table.columns[at->second].name);
        }
        names.push_back(names.front());
        draft_.mistakes.add(model_->tables[again.first].columns[again.second].place,
                            fmt::format("a column is made from itself: {}", join(names, " from ")));
    }

    /// Parents first.
    void order_tables() {
        std::vector<Visit> visits(model_->tables.size(), Visit::not_yet);
        const std::function<bool(std::size_t)> visit = [&](std::size_t number) {
            if (visits[number] == Visit::under_way) {
                draft_.mistakes.add(model_->tables[number].place,
                                    fmt::format("{} refers to itself over other tables; expected "
                                                "parents before children",
                                                model_->tables[number].name.text()));
                return false;
            }
            if (visits[number] == Visit::done) {
                return true;
            }
            visits[number] = Visit::under_way;
            const auto& parents = model_->tables[number].parents;
            if (!std::all_of(parents.begin(), parents.end(), visit)) {
                return false;
            }
            visits[number] = Visit::done;
            model_->order.push_back(number);
            return true;
        };
        for (std::size_t number = 0; number < model_->tables.size(); ++number) {
            if (!visit(number)) {
                return;
            }
        }
    }

    void count_rows() {
        // Every count is needed by those that refer to the table, and by nobody before: a column
        // that says how many children there are stands in a table that is counted already.
        for (const auto number : model_->order) {
            auto& table = model_->tables[number];
            if (draft_.counted[number]) {
                table.each.emplace(counted(*draft_.counted[number]));
                table.rows = table.each->total();
            } else {
                const auto rows = static_cast<double>(*draft_.declaration.tables[number].rows);
                table.rows = rows == 0 ? 0
                                       : static_cast<std::uint64_t>(
                                             std::max(1.0, std::floor(rows * draft_.factor + 0.5)));
            }
            settle();
        }
    }

    /// Cheap to do again: who refers to a table that is not counted yet is told later once more.
    void settle() {
        for (auto* const reference : draft_.counting) {
            reference->settle(*model_);
        }
    }

    Each counted(const CountedBy& by) {
        const auto& parent = model_->tables[by.parent];
        if (by.same) {
            return {parent.rows, *by.same};
        }
        if (parent.rows > most_counted_parents) {
            draft_.mistakes.add(by.place,
                                fmt::format("{} has {} rows; expected at most {} where each is no "
                                            "single number",
                                            parent.name.text(), parent.rows, most_counted_parents));
            return {0, 0};
        }
        if (by.shape) {
            return {parent.rows, [&](std::uint64_t row) {
                        return static_cast<std::uint64_t>(by.shape->number(by.key, row));
                    }};
        }
        Row row(*model_, by.parent);
        bool fine = true;
        return {parent.rows, [&](std::uint64_t number) -> std::uint64_t {
                    row.seek(number);
                    const auto count = decimal_of(row.at(*by.column));
                    const auto whole = count ? rescaled(*count, 0).digits : -1;
                    if ((whole < 0 || whole > Int128{most_children}) && fine) {
                        fine = false;
                        std::string found;
                        append_text(found, row.at(*by.column));
                        draft_.mistakes.add(
                            by.place,
                            fmt::format("{} is \"{}\" in row {}; expected a number from 0 "
                                        "to {}",
                                        parent.columns[*by.column].name, found, number + 1,
                                        most_children));
                    }
                    return fine ? static_cast<std::uint64_t>(whole) : 0;
                }};
    }

    std::unique_ptr<Model> model_;
    Draft draft_;
};

}  // namespace

std::optional<std::size_t> Table::column(std::string_view wanted) const {
    const auto found = std::find_if(columns.begin(), columns.end(),
                                    [&](const Column& known) { return known.name == wanted; });
    return found == columns.end()
               ? std::nullopt
               : std::optional(static_cast<std::size_t>(found - columns.begin()));
}

std::optional<std::size_t> Model::number_of(const pg::QualifiedName& name) const {
    const auto found = std::find_if(tables.begin(), tables.end(),
                                    [&](const Table& known) { return known.name == name; });
    return found == tables.end() ? std::nullopt
                                 : std::optional(static_cast<std::size_t>(found - tables.begin()));
}

const Table* Model::table(const pg::QualifiedName& name) const {
    const auto number = number_of(name);
    return number ? &tables[*number] : nullptr;
}

std::unique_ptr<const Model> compile(const Declaration& declaration, double factor,
                                     const Inputs& inputs, seeds::Mistakes& mistakes) {
    return Compiling(declaration, factor, inputs, mistakes).run();
}

}  // namespace caisson::scale
