// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/scale/site.h"

namespace caisson::scale {
namespace {

using platform::Node;
using platform::NodeType;

class Choice : public Maker {
 public:
    Choice(std::vector<Made> choices, std::vector<double> weights, Key key)
        : choices_(std::move(choices)), weights_(std::move(weights)), key_(key) {}
    void make(Row& row, Value& value) const override {
        const auto bits = draw(key_, row.number()).first;
        choices_[pick(weights_, bits)]->make(row, value);
    }

 private:
    std::vector<Made> choices_;
    std::vector<double> weights_;
    Key key_;
};

class Match : public Maker {
 public:
    Match(std::size_t column, std::vector<std::pair<Value, Made>> cases)
        : column_(column), cases_(std::move(cases)) {}
    void make(Row& row, Value& value) const override {
        const auto& of = row.at(column_);
        for (const auto& [wanted, made] : cases_) {
            if (equal(of, wanted)) {
                made->make(row, value);
                return;
            }
        }
        value.set_null();
    }

 private:
    std::size_t column_;
    std::vector<std::pair<Value, Made>> cases_;
};

class Band : public Maker {
 public:
    Band(std::size_t column, std::vector<std::pair<Decimal, std::string>> bands)
        : column_(column), bands_(std::move(bands)) {}
    void make(Row& row, Value& value) const override {
        const auto number = decimal_of(row.at(column_));
        value.set_null();
        if (!number) {
            return;
        }
        for (const auto& [least, name] : bands_) {
            if (compare(*number, least) < 0) {
                return;
            }
            value.set_text(name);
        }
    }

 private:
    std::size_t column_;
    std::vector<std::pair<Decimal, std::string>> bands_;
};

class Pick : public Maker {
 public:
    Pick(const List& list, std::size_t field, std::optional<std::size_t> at, Key key)
        : list_(list), field_(field), at_(at), key_(key) {}
    void make(Row& row, Value& value) const override {
        if (!at_) {
            value = list_.rows[list_.pick(draw(key_, row.number()).first)][field_];
            return;
        }
        const auto number = decimal_of(row.at(*at_));
        if (!number) {
            value.set_null();
            return;
        }
        const auto size = static_cast<Int128>(list_.rows.size());
        const auto index = rescaled(*number, 0).digits % size;
        value = list_.rows[static_cast<std::size_t>(index < 0 ? index + size : index)][field_];
    }

 private:
    const List& list_;
    std::size_t field_;
    std::optional<std::size_t> at_;
    Key key_;
};

/// Some rows have no value: by chance, or because of another column.
class Conditional : public Maker {
 public:
    struct Condition {
        std::size_t column;
        std::vector<Value> values;  ///< Empty: any but NULL.
    };
    Conditional(Made inner, double nulls, std::vector<Condition> conditions, Made otherwise,
                Key key)
        : inner_(std::move(inner)),
          nulls_(nulls),
          conditions_(std::move(conditions)),
          otherwise_(std::move(otherwise)),
          key_(key) {}
    void make(Row& row, Value& value) const override {
        const bool met = std::all_of(
            conditions_.begin(), conditions_.end(),
            [&](const Condition& condition) { return holds(condition, row.at(condition.column)); });
        if (met && !(nulls_ > 0 && unit(draw(key_, row.number()).first) < nulls_)) {
            inner_->make(row, value);
        } else {
            value.set_null();
        }
        if (value.is_null() && otherwise_) {
            otherwise_->make(row, value);
        }
    }

 private:
    static bool holds(const Condition& condition, const Value& found) {
        if (condition.values.empty()) {
            return !found.is_null();
        }
        return std::any_of(condition.values.begin(), condition.values.end(),
                           [&](const Value& wanted) { return equal(found, wanted); });
    }

    Made inner_;
    double nulls_;
    std::vector<Condition> conditions_;
    Made otherwise_;
    Key key_;
};

/// `{ a = 3, b = 1 }`, or `["a", { make = … }]` with or without `weights`.
struct Choices {
    std::vector<Made> makers;
    std::vector<double> weights;
};

bool read_weight(const Node& node, Choices& choices, Settings& settings) {
    if ((!node.is(NodeType::integer) && !node.is(NodeType::number)) || !(node.number >= 0)) {
        settings.mistake(node, "a weight is a number from 0");
        return false;
    }
    choices.weights.push_back(node.number);
    return true;
}

bool read_weighted(const Node& of, Choices& choices, Settings& settings) {
    for (const auto& member : of.members) {
        Value value;
        value.set_text(member.key);
        choices.makers.push_back(std::make_unique<Constant>(std::move(value)));
        if (!read_weight(member.value, choices, settings)) {
            return false;
        }
    }
    return true;
}

bool read_listed(const Node& of, Choices& choices, Settings& settings, const Site& site) {
    for (std::size_t i = 0; i < of.items.size(); ++i) {
        choices.makers.push_back(site.source(of.items[i], std::to_string(i)));
        if (!choices.makers.back()) {
            return false;
        }
    }
    const auto* const weights = settings.find("weights");
    if (!weights) {
        choices.weights.assign(of.items.size(), 1);
        return true;
    }
    if (!weights->is(NodeType::list) || weights->items.size() != of.items.size()) {
        settings.mistake(*weights, fmt::format("weights is a list of {}, as of is",
                                               counted(of.items.size(), "number")));
        return false;
    }
    return std::all_of(weights->items.begin(), weights->items.end(),
                       [&](const Node& weight) { return read_weight(weight, choices, settings); });
}

std::optional<Conditional::Condition> read_condition(const platform::Member& member,
                                                     Settings& settings, const Site& site) {
    const auto column = site.sibling(member.key, member.place);
    if (!column) {
        return std::nullopt;
    }
    Conditional::Condition condition{*column, {}};
    if (member.value.is(NodeType::text) && member.value.text == "*") {
        return condition;
    }
    const auto add = [&](const Node& node) {
        auto value = constant_of(node);
        if (!value) {
            settings.mistake(node, "a condition names a plain value, a list of them, or \"*\"");
            return false;
        }
        condition.values.push_back(std::move(*value));
        return true;
    };
    if (!member.value.is(NodeType::list)) {
        return add(member.value) ? std::optional(condition) : std::nullopt;
    }
    if (member.value.items.empty()) {
        settings.mistake(member.value, "the list of values is empty");
        return std::nullopt;
    }
    const bool fine = std::all_of(member.value.items.begin(), member.value.items.end(), add);
    return fine ? std::optional(condition) : std::nullopt;
}

}  // namespace

Made make_value(Settings& settings, const Site& site) {
    const auto* const of = settings.need("of");
    return of ? site.source(*of, "of") : nullptr;
}

Made make_choice(Settings& settings, const Site& site) {
    const auto* const of = settings.need("of");
    if (!of) {
        return nullptr;
    }
    Choices choices;
    const bool fine = of->is(NodeType::section) ? read_weighted(*of, choices, settings)
                      : of->is(NodeType::list)  ? read_listed(*of, choices, settings, site)
                                                : false;
    if (fine && !choices.makers.empty()) {
        auto weights = summed(choices.weights);
        if (weights.back() > 0) {
            return std::make_unique<Choice>(std::move(choices.makers), std::move(weights),
                                            site.key());
        }
    }
    settings.mistake(*of, "choices are written { a = 3, b = 1 } with weights, or [\"a\", \"b\"]");
    return nullptr;
}

Made make_match(Settings& settings, const Site& site) {
    const auto name = settings.needed_text("of");
    const auto* const to = settings.need("to");
    const auto column = name ? site.sibling(*name, settings.find("of")->place) : std::nullopt;
    if (!to || !to->is(NodeType::section)) {
        if (to) {
            settings.mistake(*to, "to is written { value = \"result\", … }");
        }
        return nullptr;
    }
    std::vector<std::pair<Value, Made>> cases;
    for (const auto& member : to->members) {
        Value wanted;
        wanted.set_text(member.key);
        auto made = site.source(member.value, member.key);
        if (!made) {
            return nullptr;
        }
        cases.emplace_back(std::move(wanted), std::move(made));
    }
    return column ? std::make_unique<Match>(*column, std::move(cases)) : nullptr;
}

Made make_band(Settings& settings, const Site& site) {
    const auto name = settings.needed_text("of");
    const auto* const to = settings.need("to");
    const auto column = name ? site.sibling(*name, settings.find("of")->place) : std::nullopt;
    if (!to || !column) {
        return nullptr;
    }
    std::vector<std::pair<Decimal, std::string>> bands;
    for (const auto& member : to->members) {
        const auto least = parse_decimal(member.value.text);
        if (!least) {
            settings.mistake(member.value, "a band begins at a number");
            return nullptr;
        }
        bands.emplace_back(*least, member.key);
    }
    if (bands.empty()) {
        settings.mistake(*to, "to is written { low = 0, high = 60 }: where each band begins");
        return nullptr;
    }
    std::stable_sort(bands.begin(), bands.end(),
                     [](const auto& a, const auto& b) { return compare(a.first, b.first) < 0; });
    return std::make_unique<Band>(*column, std::move(bands));
}

Made make_pick(Settings& settings, const Site& site) {
    const auto name = settings.needed_text("list");
    const auto field = settings.text("column").value_or("");
    const auto as = settings.text("as").value_or("");
    const auto at = settings.text("at");
    if (!name) {
        return nullptr;
    }
    const auto* const list = site.draft.declaration.list(*name);
    if (!list || list->rows.empty()) {
        settings.mistake(*settings.find("list"), fmt::format("there is no list {}", *name));
        return nullptr;
    }
    const auto number = list->column(field);
    if (!number) {
        settings.mistake(fmt::format("the list {} has no column {}; it has {}", *name,
                                     field.empty() ? "without a name" : field,
                                     join(list->columns, ", ")));
        return nullptr;
    }
    std::optional<std::size_t> index;
    if (at) {
        index = site.sibling(*at, settings.find("at")->place);
        if (!index) {
            return nullptr;
        }
    }
    return std::make_unique<Pick>(*list, *number, index,
                                  site.shared_key(fmt::format("list/{}/{}", *name, as)));
}

Made with_conditions(Made inner, Settings& settings, const Site& site) {
    const auto nulls = settings.share("nulls").value_or(0);
    std::vector<Conditional::Condition> conditions;
    bool fine = inner != nullptr;
    if (const auto* const when = settings.find("when")) {
        if (!when->is(NodeType::section)) {
            settings.mistake(*when, "when is written { column = \"value\" }");
            fine = false;
        }
        for (const auto& member : when->members) {
            auto condition = read_condition(member, settings, site);
            fine = fine && condition.has_value();
            if (condition) {
                conditions.push_back(std::move(*condition));
            }
        }
    }
    Made otherwise;
    if (const auto* const node = settings.find("otherwise")) {
        otherwise = site.source(*node, "otherwise");
        fine = fine && otherwise;
    }
    if (!fine || (nulls <= 0 && conditions.empty() && !otherwise)) {
        return fine ? std::move(inner) : nullptr;
    }
    return std::make_unique<Conditional>(std::move(inner), nulls, std::move(conditions),
                                         std::move(otherwise),
                                         key_of(site.draft.declaration.seed, site.path + "/nulls"));
}

}  // namespace caisson::scale
