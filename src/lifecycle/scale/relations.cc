// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/relations.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

namespace caisson::scale {
namespace {

/// A column of the rows that were there which nobody has read yet.
constexpr auto unread = std::numeric_limits<std::size_t>::max();

}  // namespace

Chooser::Chooser(std::uint64_t count, std::optional<double> exponent) : count_(count) {
    if (exponent && count > 0) {
        zipf_.emplace(count, *exponent);
        scatter_.emplace(count);
    }
}

std::uint64_t Chooser::choose(Key key, std::uint64_t row) const {
    return zipf_ ? scatter_->at(zipf_->rank(key, row) - 1) : below(draw(key, row).first, count_);
}

void TableReference::settle(const Model& model) {
    model_ = &model;
    const auto& each = model.tables[options_.table].each;
    each_ = options_.counts && each ? &*each : nullptr;
    parents_ = model.tables[options_.parent].rows;
    if (options_.table != options_.parent) {
        chooser_.emplace(parents_, options_.exponent);
    }
}

bool TableReference::leads_nowhere(const Row& row) const {
    if (!options_.where.empty()) {
        return matching().rows.empty();
    }
    return options_.table == options_.parent ? row.number() == 0 : parents_ == 0;
}

const TableReference::Matching& TableReference::matching() const {
    std::call_once(looked_, [this] {
        std::vector<std::uint64_t> rows;
        Row row(*model_, options_.parent);
        for (std::uint64_t number = 0; number < parents_; ++number) {
            row.seek(number);
            if (std::all_of(options_.where.begin(), options_.where.end(), [&](const auto& filter) {
                    return filter.passes(row.at(filter.column));
                })) {
                rows.push_back(number);
            }
        }
        const Chooser chooser(rows.size(), options_.exponent);
        matching_.emplace(Matching{std::move(rows), chooser});
    });
    return *matching_;
}

Row& TableReference::parent_of(Row& row) const {
    const auto number = row.chosen(options_.relation, [&] {
        if (!options_.where.empty()) {
            const auto& [rows, chooser] = matching();
            return rows[chooser.choose(options_.key, row.number())];
        }
        if (each_) {
            return each_->find(row.number()).parent;
        }
        return chooser_ ? chooser_->choose(options_.key, row.number())
                        : below(draw(options_.key, row.number()).first, row.number());
    });
    return row.related(options_.relation, options_.parent, number);
}

void TableReference::make(Row& row, Value& value) const { copy(row, options_.field, value); }

void TableReference::copy(Row& row, std::size_t field, Value& value) const {
    if (leads_nowhere(row)) {
        value.set_null();
    } else {
        value = parent_of(row).at(field);
    }
}

std::optional<std::size_t> TableReference::field(const std::string& name, const Site& site,
                                                 const Place& place) const {
    const auto& parent = site.draft.model.tables[options_.parent];
    const auto column = parent.column(name);
    if (!column) {
        site.draft.mistakes.add(
            place, fmt::format("{} has no column {} in this file", parent.name.text(), name));
        return std::nullopt;
    }
    site.draft.needs_of(site.column).insert({options_.parent, *column});
    return column;
}

std::optional<std::uint64_t> TableReference::position(const Row& row) const {
    return each_ ? std::optional(each_->find(row.number()).position) : std::nullopt;
}

InputReference::InputReference(const Site& site, const pg::QualifiedName& table,
                               const std::string& column, std::optional<double> exponent,
                               std::size_t relation, Key key,
                               const std::vector<Filter<std::string>>& where)
    : table_(table.text()), exponent_(exponent), relation_(relation), key_(key) {
    field_ = want(site, table_, column);
    for (const auto& filter : where) {
        where_.push_back({want(site, table_, filter.column), filter.values});
    }
    const auto found = site.draft.inputs.find(table_);
    rows_ = found == site.draft.inputs.end() ? nullptr : &found->second;
}

std::size_t InputReference::want(const Site& site, const std::string& table,
                                 const std::string& column) {
    site.draft.model.wanted[table].insert(column);
    const auto found = site.draft.inputs.find(table);
    const auto field =
        found == site.draft.inputs.end() ? std::nullopt : found->second.column(column);
    return field.value_or(unread);
}

void InputReference::settle(const Model&) {
    if (!rows_ || chooser_) {
        return;  // They are as they were, however often it is settled.
    }
    for (std::size_t number = 0; number < rows_->rows.size(); ++number) {
        const auto& cells = rows_->rows[number];
        if (std::all_of(where_.begin(), where_.end(), [&](const auto& filter) {
                return filter.column != unread && filter.passes(cells[filter.column]);
            })) {
            passing_.push_back(number);
        }
    }
    chooser_.emplace(passing_.size(), exponent_);
}

void InputReference::make(Row& row, Value& value) const { copy(row, field_, value); }

void InputReference::copy(Row& row, std::size_t field, Value& value) const {
    if (!rows_ || passing_.empty() || field == unread) {
        value.set_null();
        return;
    }
    const auto number =
        row.chosen(relation_, [&] { return passing_[chooser_->choose(key_, row.number())]; });
    value = rows_->rows[number][field];
}

std::optional<std::size_t> InputReference::field(const std::string& name, const Site& site,
                                                 const Place&) const {
    return want(site, table_, name);
}

}  // namespace caisson::scale
