// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/lint/type.h"

#include <algorithm>
#include <array>
#include <utility>

namespace caisson::lint {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

/// The catalogue's name and the one people write.
constexpr std::array spellings = {Pair{"int2", "smallint"},     Pair{"int4", "integer"},
                                  Pair{"int8", "bigint"},       Pair{"float4", "real"},
                                  Pair{"bpchar", "char"},       Pair{"float8", "double precision"},
                                  Pair{"bool", "boolean"},      Pair{"serial4", "serial"},
                                  Pair{"serial8", "bigserial"}, Pair{"serial2", "smallserial"}};

/// The first modifier, where there is one and no more.
std::int64_t limit_of(const Type& type) { return type.modifiers.empty() ? -1 : type.modifiers[0]; }

bool widens(const Type& from, const Type& to) {
    return limit_of(to) < 0 || (limit_of(from) >= 0 && limit_of(to) >= limit_of(from));
}

bool numeric_widens(const Type& from, const Type& to) {
    if (to.modifiers.empty()) {
        return true;
    }
    const auto scale = [](const Type& type) {
        return type.modifiers.size() > 1 ? type.modifiers[1] : 0;
    };
    // Another scale rounds or pads every value.
    return !from.modifiers.empty() && scale(from) == scale(to) && widens(from, to);
}

}  // namespace

bool Type::is_serial() const {
    return name == "serial" || name == "bigserial" || name == "smallserial" || name == "serial2" ||
           name == "serial4" || name == "serial8";
}

std::string Type::text() const {
    const auto* const found = std::find_if(spellings.begin(), spellings.end(),
                                           [&](const Pair& pair) { return pair.first == name; });
    std::string text(found == spellings.end() ? std::string_view(name) : found->second);
    for (std::size_t i = 0; i < modifiers.size(); ++i) {
        text += (i == 0 ? "(" : ",") + std::to_string(modifiers[i]);
    }
    return text + (modifiers.empty() ? "" : ")") + (is_array ? "[]" : "");
}

Type type_of(sql::Node type_name) {
    Type type;
    for (const auto& part : type_name.list("names")) {
        const auto word = part.text("sval");
        if (word != "pg_catalog") {
            type.name += (type.name.empty() ? "" : ".") + std::string(word);
        }
    }
    for (const auto& modifier : type_name.list("typmods")) {
        if (const auto value = modifier["ival"]) {
            type.modifiers.push_back(value.number("ival"));
        }
    }
    type.is_array = !type_name.list("arrayBounds").empty();
    return type;
}

bool changes_without_rewrite(const Type& from, const Type& to) {
    if (from.empty() || from.is_array != to.is_array) {
        return false;
    }
    if (from == to) {
        return true;
    }
    if (to.name == "text") {
        return from.name == "varchar";
    }
    if (to.name == "varchar") {
        return (from.name == "varchar" && widens(from, to)) ||
               (from.name == "text" && to.modifiers.empty());
    }
    if (from.name == "cidr" && to.name == "inet") {
        return true;
    }
    if (from.name != to.name) {
        return false;
    }
    if (to.name == "numeric") {
        return numeric_widens(from, to);
    }
    static constexpr std::array<std::string_view, 6> by_limit = {
        "varbit", "timestamp", "timestamptz", "time", "timetz", "interval"};
    return std::find(by_limit.begin(), by_limit.end(), to.name) != by_limit.end() &&
           widens(from, to);
}

}  // namespace caisson::lint
