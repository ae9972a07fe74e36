// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/prepare.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/seeds/tracking.h"

namespace caisson::scale {
namespace {

/// More rows of a table that is not in the file are not looked at.
constexpr std::size_t most_input_rows = 100'000;

class Preparing {
 public:
    Preparing(pg::Connection& connection, const File& file, const Options& options)
        : connection_(connection), file_(file), options_(options) {}

    Prepared run() {
        check(options_);
        std::vector<Recorded> recorded;
        Inputs inputs;
        if (is_tracked(connection_)) {
            recorded = recorded_tables(connection_);
            inputs = recorded_inputs(connection_);
        }
        prepared_.source =
            understand(file_, options_.factor, frozen(wanted_inputs(file_), std::move(inputs)));
        const auto& model = *prepared_.source->model;
        std::vector<pg::QualifiedName> names;
        for (const auto& table : model.tables) {
            names.push_back(table.name);
        }
        prepared_.target = seeds::read_target(connection_, names);
        auto layouts = lay_out(connection_, model, prepared_.target, mistakes_);
        mistakes_.check();
        const auto parents = all_parents(layouts);
        const auto order = ordered(parents);
        const auto wanted = wanted_tables(parents);
        const auto sums = digests(prepared_.source->declaration, options_.factor);
        std::vector<std::optional<std::size_t>> job_of(layouts.size());
        for (const auto table : order) {
            if (!wanted.contains(table)) {
                continue;
            }
            job_of[table] = prepared_.jobs.size();
            Job job;
            job.layout = std::move(layouts[table]);
            job.rows = model.tables[table].rows;
            job.digest = sums[table];
            for (const auto parent : parents[table]) {
                job.after.insert(*job_of[parent]);
            }
            const auto known =
                std::find_if(recorded.begin(), recorded.end(),
                             [&](const Recorded& one) { return one.table == job.layout.name; });
            if (known != recorded.end()) {
                job.recorded = *known;
            }
            job.missing = missing_chunks(job.recorded ? job.recorded->chunks : std::vector<Chunk>{},
                                         job.rows);
            prepared_.jobs.push_back(std::move(job));
        }
        check_recorded();
        return std::move(prepared_);
    }

 private:
    /// Rows of tables that are not in the file: as they were frozen once, else as they are now.
    Inputs frozen(const std::map<std::string, std::set<std::string>>& wanted, Inputs known) {
        Inputs inputs;
        for (const auto& [table, columns] : wanted) {
            const auto found = known.find(table);
            if (found == known.end()) {
                inputs[table] = read_input(table, columns);
                continue;
            }
            for (const auto& column : columns) {
                if (!found->second.column(column)) {
                    throw Error(Code::database_rejected,
                                fmt::format("rows were made from {} without its column {}, which "
                                            "the file uses now",
                                            table, column),
                                "take them back first: caisson seed clear --set scale");
                }
            }
            inputs[table] = std::move(found->second);
        }
        mistakes_.check();
        return inputs;
    }

    List read_input(const std::string& table, const std::set<std::string>& columns) {
        const auto name = pg::qualified_name(table);
        const auto target = seeds::read_target(connection_, {name});
        const auto* const there = target.table(name);
        List list;
        list.columns.assign(columns.begin(), columns.end());
        if (!there) {
            mistakes_.add({file_.shown}, fmt::format("the table {} is neither in the file nor in "
                                                     "the database",
                                                     table));
            return list;
        }
        std::string selected;
        for (const auto& column : list.columns) {
            if (!there->column(column)) {
                mistakes_.add({file_.shown},
                              fmt::format("the table {} has no column {}", table, column));
                return list;
            }
            selected +=
                fmt::format("{}{}::text", selected.empty() ? "" : ", ", pg::identifier(column));
        }
        // By their texts, byte for byte: the same in every database, whatever its collation is.
        std::string order;
        for (std::size_t i = 0; i < list.columns.size(); ++i) {
            order += fmt::format("{}{}::text collate \"C\"", i == 0 ? "" : ", ",
                                 pg::identifier(list.columns[i]));
        }
        const auto rows =
            connection_.query(fmt::format("select {} from {} order by {} limit {}", selected,
                                          name.quoted(), order, most_input_rows));
        if (rows.empty()) {
            mistakes_.add({file_.shown}, fmt::format("the table {} has no rows to refer to; seed "
                                                     "it first",
                                                     table));
        }
        for (const auto row : rows) {
            auto& cells = list.rows.emplace_back(list.columns.size());
            for (std::size_t i = 0; i < cells.size(); ++i) {
                if (!row.is_null(i)) {
                    cells[i].set_text(row.text(i));
                }
            }
        }
        return list;
    }

    /// By the file, and by foreign keys whose columns it gives.
    std::vector<std::set<std::size_t>> all_parents(const std::vector<Layout>& layouts) const {
        const auto& model = *prepared_.source->model;
        std::vector<std::set<std::size_t>> parents;
        for (const auto& table : model.tables) {
            parents.push_back(table.parents);
        }
        for (const auto& key : prepared_.target.foreign_keys) {
            const auto child = model.number_of(key.child);
            const auto parent = model.number_of(key.parent);
            if (!child || !parent || child == parent) {
                continue;
            }
            const bool given = std::all_of(
                key.child_columns.begin(), key.child_columns.end(),
                [&](const std::string& column) { return layouts[*child].field(column); });
            if (given) {
                parents[*child].insert(*parent);
            }
        }
        return parents;
    }

    std::vector<std::size_t> ordered(const std::vector<std::set<std::size_t>>& parents) {
        const auto& model = *prepared_.source->model;
        std::vector<std::size_t> order;
        std::vector<int> visits(parents.size(), 0);
        const std::function<void(std::size_t)> visit = [&](std::size_t table) {
            if (visits[table] == 1) {
                mistakes_.add(model.tables[table].place,
                              fmt::format("{} refers to itself over other tables by foreign keys; "
                                          "expected parents before children",
                                          model.tables[table].name.text()));
            }
            if (visits[table] != 0) {
                return;
            }
            visits[table] = 1;
            for (const auto parent : parents[table]) {
                visit(parent);
            }
            visits[table] = 2;
            order.push_back(table);
        };
        for (std::size_t table = 0; table < parents.size(); ++table) {
            visit(table);
        }
        mistakes_.check();
        return order;
    }

    std::set<std::size_t> wanted_tables(const std::vector<std::set<std::size_t>>& parents) const {
        const auto& model = *prepared_.source->model;
        std::set<std::size_t> wanted;
        const std::function<void(std::size_t)> want = [&](std::size_t table) {
            if (wanted.insert(table).second) {
                std::for_each(parents[table].begin(), parents[table].end(), want);
            }
        };
        if (options_.tables.empty()) {
            for (std::size_t table = 0; table < parents.size(); ++table) {
                wanted.insert(table);
            }
        }
        for (const auto& name : options_.tables) {
            const auto table = model.number_of(pg::qualified_name(name));
            if (!table) {
                std::vector<std::string> names;
                for (const auto& known : model.tables) {
                    names.push_back(known.name.text());
                }
                const auto near = nearest(name, names);
                throw Error(Code::usage,
                            fmt::format("{} has no table {}{}", file_.shown, name,
                                        near.empty() ? "; it has " + join(names, ", ")
                                                     : "; did you mean " + near + "?"));
            }
            want(*table);
        }
        return wanted;
    }

    /// Rows that are there follow from what the file says today.
    void check_recorded() const {
        for (const auto& job : prepared_.jobs) {
            if (!job.recorded || job.recorded->chunks.empty()) {
                continue;
            }
            if (job.recorded->generation != generation) {
                throw Error(Code::database_rejected,
                            fmt::format("the rows of {} were made by another version of Caisson, "
                                        "whose rows differ",
                                        job.layout.name.text()),
                            "take them back with that version: caisson seed clear --set scale");
            }
            if (job.recorded->digest != job.digest) {
                throw Error(
                    Code::database_rejected,
                    fmt::format("{} has {} made with {}: {}", job.layout.name.text(),
                                counted(job.recorded->there(), "row"),
                                job.recorded->factor == options_.factor
                                    ? "another " + file_.shown
                                    : fmt::format("the factor {}", job.recorded->factor),
                                "they would not fit to those that are missing"),
                    job.recorded->factor == options_.factor
                        ? "take them back first: caisson seed clear --set scale"
                        : fmt::format("go on with --scale {}, or take them back first: caisson "
                                      "seed clear --set scale",
                                      job.recorded->factor));
            }
        }
    }

    pg::Connection& connection_;
    const File& file_;
    const Options& options_;
    seeds::Mistakes mistakes_;
    Prepared prepared_;
};

}  // namespace

void check(const Options& options) {
    if (options.is_protected) {
        throw Error(Code::protected_environment,
                    "synthetic rows never go into a protected environment",
                    "make them in an environment of your own, such as -e local");
    }
    if (!(options.factor >= least_factor && options.factor <= largest_factor)) {
        throw Error(Code::usage, fmt::format("the factor is {}; expected {} to {}", options.factor,
                                             least_factor, largest_factor));
    }
}

std::vector<Chunk> missing_chunks(const std::vector<Chunk>& chunks, std::uint64_t rows) {
    std::vector<Chunk> missing;
    std::uint64_t end = 0;
    for (const auto& chunk : chunks) {
        if (chunk.first > end) {
            missing.push_back({end, chunk.first - end, false});
        }
        if (chunk.cleared) {
            missing.push_back(chunk);
        }
        end = std::max(end, chunk.first + chunk.rows);
    }
    if (end < rows) {
        missing.push_back({end, rows - end, false});
    }
    return missing;
}

Prepared prepare(pg::Connection& connection, const File& file, const Options& options) {
    return Preparing(connection, file, options).run();
}

}  // namespace caisson::scale
