// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/scale/relations.h"
#include "lifecycle/scale/site.h"

namespace caisson::scale {
namespace {

using platform::Node;
using platform::NodeType;

class Copy : public Maker {
 public:
    Copy(std::size_t column, const Relation& relation, std::size_t field)
        : column_(column), relation_(relation), field_(field) {}
    void make(Row& row, Value& value) const override {
        if (row.at(column_).is_null()) {
            value.set_null();
        } else {
            relation_.copy(row, field_, value);
        }
    }

 private:
    std::size_t column_;
    const Relation& relation_;
    std::size_t field_;
};

class Sibling : public Maker {
 public:
    explicit Sibling(std::size_t column) : column_(column) {}
    void make(Row& row, Value& value) const override { value = row.at(column_); }

 private:
    std::size_t column_;
};

/// The row before the first one is in no table, but has values all the same.
class Previous : public Maker {
 public:
    Previous(std::size_t table, std::size_t column, std::size_t relation)
        : table_(table), column_(column), relation_(relation) {}
    void make(Row& row, Value& value) const override {
        value = row.related(relation_, table_, row.number() - 1).at(column_);
    }

 private:
    std::size_t table_;
    std::size_t column_;
    std::size_t relation_;
};

class Position : public Maker {
 public:
    explicit Position(const Relation& relation) : relation_(relation) {}
    void make(Row& row, Value& value) const override {
        const auto position = relation_.position(row);
        if (position) {
            value.set_integer(static_cast<std::int64_t>(*position));
        } else {
            value.set_null();
        }
    }

 private:
    const Relation& relation_;
};

/// How many rows of another table belong to this one, or what a column of them adds up to.
class Children : public Maker {
 public:
    struct Sum {
        std::size_t column;
        std::size_t relation;
    };
    Children(const Model& model, std::size_t table, std::optional<Sum> sum)
        : model_(model), table_(table), sum_(sum) {}
    void make(Row& row, Value& value) const override {
        const auto& each = model_.tables[table_].each;
        if (!each) {
            throw Error(Code::seed_invalid,
                        fmt::format("the rows of {} are counted by a column that is made from the "
                                    "number of those of another table",
                                    model_.tables[table_].name.text()),
                        "put that table before it in the file");
        }
        const auto count = each->count(row.number());
        if (!sum_) {
            value.set_integer(static_cast<std::int64_t>(count));
            return;
        }
        Decimal sum;
        const auto first = each->first(row.number());
        for (auto child = first; child < first + count; ++child) {
            const auto& part = row.related(sum_->relation, table_, child).at(sum_->column);
            const auto number = decimal_of(part);
            if (!number && !part.is_null()) {
                throw Error(Code::seed_failed,
                            fmt::format("{} is {}; expected a number to sum up",
                                        model_.tables[table_].columns[sum_->column].name,
                                        name_of(part.kind)));
            }
            sum = number ? add(sum, *number) : sum;
        }
        value.set_decimal(sum);
    }

 private:
    const Model& model_;
    std::size_t table_;
    std::optional<Sum> sum_;
};

/// `each = 3`, `[1, 3]`, `{ from = 1, to = 9, shape = "zipf" }` or `{ column = "name" }`.
std::optional<CountedBy> read_each(const Node& node, std::size_t parent, const Site& site) {
    auto& draft = site.draft;
    CountedBy counted;
    counted.parent = parent;
    counted.place = node.place;
    counted.key = key_of(draft.declaration.seed, site.path + "/each");
    if (node.is(NodeType::integer) && node.integer >= 0) {
        counted.same = static_cast<std::uint64_t>(node.integer);
        return counted;
    }
    if (node.is(NodeType::list) && node.items.size() == 2 && node.items[0].is(NodeType::integer) &&
        node.items[1].is(NodeType::integer) && node.items[0].integer >= 0 &&
        node.items[0].integer <= node.items[1].integer) {
        Shape::Settings shape;
        shape.from = node.items[0].integer;
        shape.to = node.items[1].integer;
        counted.shape.emplace(shape);
        return counted;
    }
    if (!node.is(NodeType::section)) {
        draft.mistakes.add(node.place,
                           "each is written 3, [1, 3], { from = 1, to = 9, shape = "
                           "\"zipf\" } or { column = \"name\" }");
        return std::nullopt;
    }
    Settings settings(node, draft.mistakes);
    if (const auto name = settings.text("column")) {
        const auto& table = draft.model.tables[parent];
        counted.column = table.column(*name);
        if (!counted.column) {
            draft.mistakes.add(node.place, fmt::format("{} has no column {} in this file",
                                                       table.name.text(), *name));
        } else {
            draft.needs_of(site.column).insert({parent, *counted.column});
        }
    } else {
        counted.shape = settings.shape(0);
        if (counted.shape && counted.shape->from() < 0) {
            settings.mistake("from lies below 0");
            counted.shape.reset();
        }
    }
    settings.finish();
    return counted.column || counted.shape ? std::optional(std::move(counted)) : std::nullopt;
}

/// `where = { status = "active", kind = ["a", "b"] }`, by names of columns. Nothing, and a mistake,
/// when it is written otherwise.
std::optional<std::vector<Filter<std::string>>> read_where(Settings& settings) {
    std::vector<Filter<std::string>> filters;
    const auto* const where = settings.find("where");
    const auto refuse = [&](const Node& node) {
        settings.mistake(node, "where is written { column = \"value\" }, or with a list of values");
        return std::nullopt;
    };
    if (where && (!where->is(NodeType::section) || where->members.empty())) {
        return refuse(*where);
    }
    for (std::size_t i = 0; where && i < where->members.size(); ++i) {
        const auto& [name, place, node] = where->members[i];
        Filter<std::string> filter{name, {}};
        const auto nodes = node.is(NodeType::list) ? node.items : std::vector<Node>{node};
        for (const auto& each : nodes) {
            const auto value = constant_of(each);
            if (!value) {
                return refuse(each);
            }
            filter.values.push_back(*value);
        }
        if (filter.values.empty()) {
            return refuse(node);
        }
        filters.push_back(std::move(filter));
    }
    return filters;
}

/// The columns of a table of the file that filters name. Nothing, and a mistake, when one is not
/// there.
std::optional<std::vector<Filter<std::size_t>>> filters_of(
    const std::vector<Filter<std::string>>& where, std::size_t parent, Settings& settings,
    const Site& site) {
    std::vector<Filter<std::size_t>> filters;
    for (const auto& filter : where) {
        const auto& table = site.draft.model.tables[parent];
        const auto column = table.column(filter.column);
        if (!column) {
            settings.mistake(
                *settings.find("where"),
                fmt::format("{} has no column {} in this file", table.name.text(), filter.column));
            return std::nullopt;
        }
        site.draft.needs_of(site.column).insert({parent, *column});
        filters.push_back({*column, filter.values});
    }
    return filters;
}

Made reference_to_input(Settings& settings, const Site& site, const ColumnName& to) {
    if (const auto* const each = settings.find("each")) {
        settings.mistake(
            *each, fmt::format("each is for tables of this file, and {} is none", to.table.text()));
        return nullptr;
    }
    const auto exponent = settings.skew();
    const auto where = read_where(settings);
    if (!where) {
        return nullptr;
    }
    auto made = std::make_unique<InputReference>(site, to.table, to.column, exponent,
                                                 site.draft.model.relations++, site.key(), *where);
    site.draft.counting.push_back(made.get());
    site.draft.model.tables[site.column.first].columns[site.column.second].relation = made.get();
    return made;
}

}  // namespace

Made make_reference(Settings& settings, const Site& site) {
    auto& draft = site.draft;
    const auto text = settings.needed_text("to");
    const auto to = text ? column_name(*text) : std::nullopt;
    if (!to) {
        if (text) {
            settings.mistake(*settings.find("to"), "to is written \"table.column\"");
        }
        return nullptr;
    }
    const auto [table, column] = site.column;
    const auto parent = draft.model.number_of(to->table);
    if (!parent) {
        return reference_to_input(settings, site, *to);
    }
    const auto field = draft.model.tables[*parent].column(to->column);
    if (!field) {
        settings.mistake(*settings.find("to"), fmt::format("{} has no column {} in this file",
                                                           to->table.text(), to->column));
        return nullptr;
    }
    draft.needs_of(site.column).insert({*parent, *field});
    const bool to_itself = *parent == table;
    if (!to_itself) {
        draft.model.tables[table].parents.insert(*parent);
    }
    const auto exponent = settings.skew();
    const auto* const each = settings.find("each");
    const auto where = read_where(settings);
    const auto filters = where ? filters_of(*where, *parent, settings, site) : std::nullopt;
    if (!filters) {
        return nullptr;
    }
    if (to_itself && (each || exponent || !filters->empty())) {
        settings.mistake(
            "a reference to its own table takes earlier rows, all alike: neither each "
            "nor shape nor where is for it");
        return nullptr;
    }
    if (each && !filters->empty()) {
        settings.mistake(*each,
                         "each and where exclude one another: let each = { column = … } say 0 for "
                         "parents that are to have none");
        return nullptr;
    }
    if (each) {
        if (draft.counted[table]) {
            settings.mistake(*each, "another column counts the rows of this table already");
            return nullptr;
        }
        draft.counted[table] = read_each(*each, *parent, site);
        if (!draft.counted[table]) {
            return nullptr;
        }
    }
    auto made = std::make_unique<TableReference>(
        TableReference::Options{table, *parent, *field, each != nullptr, exponent,
                                draft.model.relations++, site.key(), *filters});
    draft.counting.push_back(made.get());
    draft.model.tables[table].columns[column].relation = made.get();
    return made;
}

Made make_copy(Settings& settings, const Site& site) {
    const auto of = settings.needed_text("of");
    if (!of) {
        return nullptr;
    }
    const auto& place = settings.find("of")->place;
    const auto dot = of->find('.');
    const auto column = site.sibling(of->substr(0, dot), place);
    if (!column) {
        return nullptr;
    }
    if (dot == std::string::npos) {
        return std::make_unique<Sibling>(*column);
    }
    const auto* const relation = site.draft.relation({site.column.first, *column});
    if (!relation) {
        site.draft.mistakes.add(place, fmt::format("{} is no reference", of->substr(0, dot)));
        return nullptr;
    }
    const auto field = relation->field(of->substr(dot + 1), site, place);
    return field ? std::make_unique<Copy>(*column, *relation, *field) : nullptr;
}

Made make_previous(Settings& settings, const Site& site) {
    const auto of = settings.needed_text("of");
    const auto column = of ? site.sibling(*of, settings.find("of")->place) : std::nullopt;
    return column ? std::make_unique<Previous>(site.column.first, *column,
                                               site.draft.model.relations++)
                  : nullptr;
}

Made make_position(Settings& settings, const Site& site) {
    const auto of = settings.needed_text("of");
    const auto column = of ? site.sibling(*of, settings.find("of")->place) : std::nullopt;
    if (!column) {
        return nullptr;
    }
    const auto* const relation = site.draft.relation({site.column.first, *column});
    if (!relation || !relation->counts()) {
        settings.mistake(*settings.find("of"), fmt::format("{} is no reference with each", *of));
        return nullptr;
    }
    return std::make_unique<Position>(*relation);
}

Made make_children(Settings& settings, const Site& site) {
    auto& draft = site.draft;
    const auto of = settings.needed_text("of");
    if (!of) {
        return nullptr;
    }
    const auto& node = *settings.find("of");
    const auto target = column_name(*of);
    const auto table = target ? draft.model.number_of(target->table) : std::nullopt;
    const auto column = table ? draft.model.tables[*table].column(target->column) : std::nullopt;
    const auto* const relation = column ? draft.relation({*table, *column}) : nullptr;
    if (!relation || !relation->counts() || !draft.counted[*table] ||
        draft.counted[*table]->parent != site.column.first) {
        settings.mistake(node, fmt::format("{} is no reference of this file with each that leads "
                                           "to {}",
                                           *of, site.table().name.text()));
        return nullptr;
    }
    if (const auto counted_by = draft.counted[*table]->column) {
        draft.needs_of(site.column).insert({site.column.first, *counted_by});
    }
    std::optional<Children::Sum> sum;
    if (const auto name = settings.text("sum")) {
        const auto summed_up = draft.model.tables[*table].column(*name);
        if (!summed_up) {
            settings.mistake(*settings.find("sum"),
                             fmt::format("{} has no column {} in this file",
                                         draft.model.tables[*table].name.text(), *name));
            return nullptr;
        }
        draft.needs_of(site.column).insert({*table, *summed_up});
        sum = Children::Sum{*summed_up, draft.model.relations++};
    }
    return std::make_unique<Children>(draft.model, *table, sum);
}

}  // namespace caisson::scale
