// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/scale/site.h"

namespace caisson::scale {
namespace {

using platform::Node;
using platform::NodeType;

constexpr std::array kinds = {
    MakerKind{"array", make_array},       MakerKind{"band", make_band},
    MakerKind{"boolean", make_boolean},   MakerKind{"bytes", make_bytes},
    MakerKind{"children", make_children}, MakerKind{"choice", make_choice},
    MakerKind{"company", make_company},   MakerKind{"compute", make_compute},
    MakerKind{"copy", make_copy},         MakerKind{"date", make_date},
    MakerKind{"decimal", make_decimal},   MakerKind{"hash", make_hash},
    MakerKind{"integer", make_integer},   MakerKind{"json", make_json},
    MakerKind{"match", make_match},       MakerKind{"person", make_person},
    MakerKind{"pick", make_pick},         MakerKind{"position", make_position},
    MakerKind{"previous", make_previous}, MakerKind{"reference", make_reference},
    MakerKind{"sequence", make_sequence}, MakerKind{"template", make_template},
    MakerKind{"text", make_text},         MakerKind{"time", make_time},
    MakerKind{"uuid", make_uuid},         MakerKind{"value", make_value},
    MakerKind{"vector", make_vector}};

Factory factory_named(const std::string& name, const Place& place, seeds::Mistakes& mistakes) {
    const auto found = std::find_if(kinds.begin(), kinds.end(),
                                    [&](const MakerKind& kind) { return kind.name == name; });
    if (found != kinds.end()) {
        return found->factory;
    }
    std::vector<std::string> names;
    for (const auto& kind : kinds) {
        names.emplace_back(kind.name);
    }
    const auto near = nearest(name, names);
    mistakes.add(place,
                 near.empty()
                     ? fmt::format("nothing makes {}; expected one of {}", name, join(names, ", "))
                     : fmt::format("nothing makes {}; did you mean {}?", name, near));
    return nullptr;
}

}  // namespace

void Constant::make(Row&, Value& value) const { value = value_; }

Key Site::shared_key(std::string_view name) const {
    return key_of(draft.declaration.seed,
                  fmt::format("{}.{}//{}", table().name.schema, table().name.name, name));
}

std::optional<std::size_t> Site::sibling(const std::string& name, const Place& place) const {
    const auto found = table().column(name);
    if (found) {
        draft.needs_of(column).insert({column.first, *found});
        return found;
    }
    std::vector<std::string> names;
    for (const auto& known : table().columns) {
        names.push_back(known.name);
    }
    const auto near = nearest(name, names);
    draft.mistakes.add(place,
                       fmt::format("{} has no column {} in this file{}", table().name.text(), name,
                                   near.empty() ? "" : "; did you mean " + near + "?"));
    return std::nullopt;
}

Made Site::source(const Node& node, std::string_view name) const {
    const Site inside{draft, column, fmt::format("{}/{}", path, name)};
    if (node.is(NodeType::section)) {
        return inside.maker(node);
    }
    auto constant = constant_of(node);
    if (!constant) {
        draft.mistakes.add(node.place, fmt::format("this is {}; expected a plain value or {{ make "
                                                   "= … }}",
                                                   platform::type_text(node.type)));
        return nullptr;
    }
    return std::make_unique<Constant>(std::move(*constant));
}

Made Site::maker(const Node& section) const {
    Settings settings(section, draft.mistakes);
    const auto name = settings.needed_text("make");
    const auto factory =
        name ? factory_named(*name, settings.find("make")->place, draft.mistakes) : nullptr;
    if (!factory) {
        return nullptr;
    }
    auto made = factory(settings, *this);
    made = with_conditions(std::move(made), settings, *this);
    settings.finish();
    return made;
}

void Draft::compile_column(ColumnNumber number) {
    const auto [table, column] = number;
    if (begun[table][column]) {
        return;
    }
    begun[table][column] = true;
    const auto& declared = declaration.tables[table].columns[column];
    auto& target = model.tables[table].columns[column];
    const auto& name = model.tables[table].name;
    const Site site{*this, number, fmt::format("{}.{}.{}", name.schema, name.name, declared.name)};
    if (declared.node.is(NodeType::text)) {
        // A word alone: what takes no settings.
        Node section;
        section.place = declared.node.place;
        section.members.push_back({"make", declared.node.place, declared.node});
        target.maker = site.maker(section);
    } else if (declared.node.is(NodeType::section)) {
        target.maker = site.maker(declared.node);
    } else if (auto constant = constant_of(declared.node)) {
        target.maker = std::make_unique<Constant>(std::move(*constant));
    } else {
        mistakes.add(declared.place, fmt::format("the column is {}; expected {{ make = … }}, the "
                                                 "name of a maker, or a constant",
                                                 platform::type_text(declared.node.type)));
    }
}

const Relation* Draft::relation(ColumnNumber number) {
    compile_column(number);
    return model.tables[number.first].columns[number.second].relation;
}

}  // namespace caisson::scale
