// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/seeds/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/seeds/mistakes.h"
#include "lifecycle/seeds/order.h"

namespace caisson::seeds {
namespace {

bool gives(const File& file, const std::string& column) {
    return std::any_of(file.columns.begin(), file.columns.end(),
                       [&](const auto& given) { return given.column == column; });
}

bool gives_all(const File& file, const std::vector<std::string>& columns) {
    return std::all_of(columns.begin(), columns.end(),
                       [&](const auto& column) { return gives(file, column); });
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
    const auto near = nearest(word, candidates);
    return near.empty() ? "" : fmt::format("; did you mean {}?", near);
}

std::vector<File> chosen(const Seeds& seeds, const Options& options) {
    if (options.files.empty()) {
        return seeds.files;
    }
    std::set<std::string> wanted(options.files.begin(), options.files.end());
    std::vector<File> files;
    for (const auto& file : seeds.files) {
        bool is_wanted = false;
        for (const auto& name : options.files) {
            if (is_called(file, name)) {
                is_wanted = true;
                wanted.erase(name);
            }
        }
        if (is_wanted) {
            files.push_back(file);
        }
    }
    if (!wanted.empty()) {
        std::vector<std::string> names;
        for (const auto& file : seeds.files) {
            names.push_back(file.name);
            names.push_back(file.table.text());
        }
        throw Error(Code::usage, fmt::format("no seed is called {}{}", *wanted.begin(),
                                             did_you_mean(*wanted.begin(), names)));
    }
    return files;
}

/// Compares one CSV or JSON file with the table that it is named after.
class Check {
 public:
    Check(const File& file, const Table& table, Mistakes& mistakes)
        : file_(file), table_(table), mistakes_(mistakes) {}

    /// The key that the upsert goes by; empty when there is none, or nothing to do.
    std::vector<std::string> run() {
        if (table_.kind != "r" && table_.kind != "p") {
            mistakes_.add({file_.shown},
                          fmt::format("{} is no table that rows can be put into and tracked in",
                                      table_.name.text()));
            return {};
        }
        for (const auto& given : file_.columns) {
            const auto* const column = table_.column(given.column);
            if (!column) {
                mistakes_.add(given.place,
                              fmt::format("{} has no column {}{}", table_.name.text(), given.column,
                                          did_you_mean(given.column, table_.column_names())));
            } else if (column->generated) {
                mistakes_.add(given.place, fmt::format("the column {} is generated; leave it out",
                                                       given.column));
            }
        }
        return file_.rows == 0 ? std::vector<std::string>{} : key();
    }

 private:
    std::vector<std::string> key() {
        if (!file_.key.empty()) {
            return declared_key();
        }
        for (const auto& key : table_.keys) {
            if (gives_all(file_, key.columns)) {
                return key.columns;
            }
        }
        std::vector<std::string> known;
        for (const auto& key : table_.keys) {
            known.push_back("(" + join(key.columns, ", ") + ")");
        }
        mistakes_.add({file_.shown},
                      known.empty()
                          ? fmt::format("{} has no primary key and no unique constraint; without "
                                        "one a row cannot be found again",
                                        table_.name.text())
                          : fmt::format("the file gives no complete key of {}, which has {}",
                                        table_.name.text(), join(known, ", ")));
        return {};
    }

    std::vector<std::string> declared_key() {
        for (const auto& column : file_.key) {
            if (!table_.column(column)) {
                mistakes_.add(file_.key_place,
                              fmt::format("key: {} has no column {}{}", table_.name.text(), column,
                                          did_you_mean(column, table_.column_names())));
                return {};
            }
            if (!gives(file_, column)) {
                mistakes_.add({file_.shown},
                              fmt::format("the file does not give {}, which is in the key of "
                                          "[seeds.\"{}\"]",
                                          column, file_.table.text()));
                return {};
            }
        }
        const std::set<std::string> wanted(file_.key.begin(), file_.key.end());
        for (const auto& key : table_.keys) {
            if (std::set<std::string>(key.columns.begin(), key.columns.end()) == wanted) {
                return key.columns;
            }
        }
        mistakes_.add(file_.key_place,
                      fmt::format("nothing keeps ({}) of {} unique; a key needs a unique "
                                  "constraint or index over just these columns",
                                  join(file_.key, ", "), table_.name.text()));
        return {};
    }

    const File& file_;
    const Table& table_;
    Mistakes& mistakes_;
};

/// The tables that an SQL file names as targets, as far as the database knows them.
std::vector<pg::QualifiedName> resolve(pg::Connection& connection, const File& file) {
    std::vector<pg::QualifiedName> tables;
    const auto rows = connection.query(
        "select n.nspname as schema, c.relname as name from unnest($1::text[]) w(name) "
        "  join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass(w.name) "
        "  join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
        " where n.nspname !~ '^pg_'",
        {array_literal(file.writes)});
    for (const auto row : rows) {
        tables.push_back({row.string("schema"), row.string("name")});
    }
    return tables;
}

/// Puts the files of one set into the order of the foreign keys.
class Sorting {
 public:
    Sorting(const Target& target, Mistakes& mistakes) : target_(target), mistakes_(mistakes) {}

    void add(Step step, const std::vector<pg::QualifiedName>& tables) {
        Node node;
        node.is_sql = step.file.format == Format::sql;
        for (const auto& table : tables) {
            node.writes.push_back(numbers_.emplace(table, numbers_.size()).first->second);
        }
        steps_.push_back(std::move(step));
        nodes_.push_back(std::move(node));
    }

    void finish(Plan& plan) {
        const auto sorted = order(nodes_, references());
        for (const auto node : sorted.nodes) {
            plan.steps.push_back(std::move(steps_[node]));
        }
        for (const auto constraint : sorted.deferred) {
            plan.deferred.push_back(target_.foreign_keys[constraint].quoted());
        }
        if (!sorted.circle.empty()) {
            std::vector<std::string> names;
            for (const auto node : sorted.circle) {
                names.push_back(steps_[node].file.table.text());
            }
            names.push_back(names.front());
            mistakes_.add({steps_[sorted.circle.front()].file.shown},
                          fmt::format("no order suits the foreign keys, which go in a circle: {}; "
                                      "make one of them deferrable, or leave its column out of "
                                      "the file",
                                      join(names, " needs ")));
        }
    }

 private:
    std::vector<Reference> references() const {
        std::vector<Reference> references;
        for (std::size_t i = 0; i < target_.foreign_keys.size(); ++i) {
            const auto& key = target_.foreign_keys[i];
            const auto child = numbers_.find(key.child);
            const auto parent = numbers_.find(key.parent);
            if (child == numbers_.end() || parent == numbers_.end()) {
                continue;
            }
            Reference reference{child->second, parent->second, key.deferrable, i, {}};
            for (std::size_t node = 0; node < nodes_.size(); ++node) {
                // A file that leaves the referring columns out refers to nothing.
                reference.applies.push_back(
                    nodes_[node].is_sql ||
                    std::any_of(
                        key.child_columns.begin(), key.child_columns.end(),
                        [&](const auto& column) { return gives(steps_[node].file, column); }));
            }
            references.push_back(std::move(reference));
        }
        return references;
    }

    const Target& target_;
    Mistakes& mistakes_;
    std::map<pg::QualifiedName, std::size_t> numbers_;
    std::vector<Step> steps_;
    std::vector<Node> nodes_;
};

void refuse_sample(const Seeds& seeds, const Options& options) {
    const bool has_sample =
        std::find(seeds.sets.begin(), seeds.sets.end(), Set::sample) != seeds.sets.end();
    if (options.is_protected && has_sample) {
        throw Error(Code::protected_environment,
                    "sample seeds never go into a protected environment",
                    "apply the reference seeds alone: --set reference");
    }
}

}  // namespace

bool is_called(const File& file, const std::string& wanted) {
    const auto name = file.path.filename().string();
    return wanted == file.name || wanted == file.shown || wanted == name || wanted == file.stem ||
           wanted == file.table.text() || "public." + file.table.name == wanted;
}

std::string_view name_of(Standing standing) {
    switch (standing) {
        case Standing::fresh:
            return "new";
        case Standing::unchanged:
            return "unchanged";
        case Standing::changed:
            return "changed";
        default:
            return "gone";
    }
}

const Recorded* Prepared::record_of(const File& file) const {
    const auto found = std::find_if(recorded.begin(), recorded.end(),
                                    [&](const auto& known) { return known.name == file.name; });
    return found == recorded.end() ? nullptr : &*found;
}

Standing standing_of(const File& file, const Recorded* recorded) {
    if (!recorded) {
        return Standing::fresh;
    }
    return recorded->checksum == file.checksum && recorded->definition == file.definition
               ? Standing::unchanged
               : Standing::changed;
}

std::vector<Recorded> gone_files(const Seeds& seeds, const std::vector<Recorded>& recorded) {
    std::vector<Recorded> gone;
    for (const auto& known : recorded) {
        const bool looked_for =
            std::find(seeds.sets.begin(), seeds.sets.end(), known.set) != seeds.sets.end();
        const bool is_there =
            std::any_of(seeds.files.begin(), seeds.files.end(),
                        [&](const auto& file) { return file.name == known.name; });
        if (looked_for && !is_there) {
            gone.push_back(known);
        }
    }
    return gone;
}

Prepared prepare(pg::Connection& connection, const Seeds& seeds, const Options& options) {
    refuse_sample(seeds, options);
    const auto files = chosen(seeds, options);
    Prepared prepared;
    if (is_tracked(connection)) {
        prepared.recorded = recorded_files(connection);
        prepared.shapes = recorded_shapes(connection);
    }
    std::vector<pg::QualifiedName> wanted;
    std::map<std::string, std::vector<pg::QualifiedName>> tables;
    for (const auto& file : files) {
        auto& own = tables[file.name];
        own = file.format == Format::sql ? resolve(connection, file) : std::vector{file.table};
        wanted.insert(wanted.end(), own.begin(), own.end());
    }
    for (const auto& shape : prepared.shapes) {
        wanted.push_back(shape.table);
    }
    prepared.target = read_target(connection, wanted);

    Mistakes mistakes;
    std::optional<std::vector<std::string>> known_tables;
    for (const auto set : {Set::reference, Set::sample}) {
        Sorting sorting(prepared.target, mistakes);
        for (const auto& file : files) {
            if (file.set != set) {
                continue;
            }
            Step step{file, standing_of(file, prepared.record_of(file)), {}};
            if (file.format != Format::sql) {
                const auto* const table = prepared.target.table(file.table);
                if (!table) {
                    known_tables = known_tables ? known_tables : table_names(connection);
                    mistakes.add({file.shown},
                                 fmt::format("there is no table {}{}", file.table.text(),
                                             did_you_mean(file.table.text(), *known_tables)));
                    continue;
                }
                step.key = Check(file, *table, mistakes).run();
            }
            sorting.add(std::move(step), tables[file.name]);
        }
        sorting.finish(prepared.plan);
    }
    mistakes.check();
    return prepared;
}

Plan plan(pg::Connection& connection, const Seeds& seeds, const Options& options) {
    const pg::Transaction transaction(connection,
                                      "begin isolation level repeatable read read only");
    settle_session(connection);
    return prepare(connection, seeds, options).plan;
}

}  // namespace caisson::seeds
