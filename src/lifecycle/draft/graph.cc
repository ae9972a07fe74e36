// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/draft/graph.h"

#include <algorithm>
#include <array>
#include <functional>

namespace caisson::draft {
namespace {

using namespace std::string_view_literals;

constexpr std::array order = {"schema"sv,
                              "extension"sv,
                              "language"sv,
                              "access method"sv,
                              "foreign data wrapper"sv,
                              "server"sv,
                              "user mapping"sv,
                              "collation"sv,
                              "enum"sv,
                              "type"sv,
                              "domain"sv,
                              "base type"sv,
                              "range"sv,
                              "domain constraint"sv,
                              "sequence"sv,
                              "table"sv,
                              "column"sv,
                              "inheritance"sv,
                              "partition"sv,
                              "inherited column"sv,
                              "sequence ownership"sv,
                              "function"sv,
                              "procedure"sv,
                              "aggregate"sv,
                              "operator"sv,
                              "operator family"sv,
                              "operator class"sv,
                              "cast"sv,
                              "transform"sv,
                              "conversion"sv,
                              "text search parser"sv,
                              "text search template"sv,
                              "text search dictionary"sv,
                              "text search configuration"sv,
                              "constraint"sv,
                              "index"sv,
                              "view"sv,
                              "view default"sv,
                              "materialized view"sv,
                              "population"sv,
                              "statistics"sv,
                              "storage parameters"sv,
                              "column setting"sv,
                              "replica identity"sv,
                              "clustering"sv,
                              "rule"sv,
                              "trigger"sv,
                              "policy"sv,
                              "row security"sv,
                              "event trigger"sv,
                              "publication"sv,
                              "subscription"sv,
                              "comment"sv,
                              "owner"sv,
                              "default privilege"sv,
                              "grant"sv};

std::size_t rank(const Object& object) {
    const auto found = std::find(order.begin(), order.end(), object.kind);
    const auto place = static_cast<std::size_t>(found - order.begin()) * 2;
    // Foreign keys come behind all other constraints, rights on columns behind those on tables.
    return place + (object.definition.rfind("FOREIGN KEY", 0) == 0                   ? 3
                    : object.kind == "grant" && object.name.rfind("column ", 0) == 0 ? 1
                                                                                     : 0);
}

/// A function's own name ends where its arguments begin, an operator's before a space.
std::string around(const std::string& name) {
    bool quoted = false;
    std::size_t end = name.size();
    for (std::size_t i = 0; i < name.size(); ++i) {
        quoted ^= name[i] == '"';
        if (!quoted && (name[i] == '(' || name[i] == ' ')) {
            end = i;
            break;
        }
    }
    return schema::split_name(name.substr(0, end)).first;
}

constexpr std::array holders = {"table"sv, "view"sv, "materialized view"sv, "domain"sv, "schema"sv};
constexpr std::array with_properties = {"table"sv, "materialized view"sv, "view"sv, "sequence"sv};

bool is_property(std::string_view kind) {
    return is_any(
        kind, {"row security", "replica identity", "clustering", "storage parameters", "partition",
               "inheritance", "population", "column order", "sequence ownership"});
}

}  // namespace

bool is_any(std::string_view kind, std::initializer_list<std::string_view> kinds) {
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

std::string parent_of(const Object& object) { return schema::split_name(object.name).first; }

std::string own_name(const Object& object) { return schema::split_name(object.name).second; }

Catalog::Catalog(const schema::Snapshot& snapshot) {
    for (const auto& object : snapshot.objects) {
        objects_.emplace(object.key(), &object);
        if (object.kind == "column") {
            columns_[parent_of(object)].push_back(&object);
        }
    }
    for (auto& [table, columns] : columns_) {
        const auto* listed = find("column order " + table);
        if (!listed) {
            continue;
        }
        const auto names = list_of(listed->definition);
        const auto place = [&names](const Object* column) {
            return std::find(names.begin(), names.end(), own_name(*column)) - names.begin();
        };
        std::sort(columns.begin(), columns.end(),
                  [&](const Object* a, const Object* b) { return place(a) < place(b); });
    }
    for (const auto& [key, object] : objects_) {
        auto needs = object->needs;
        const auto add = [&](std::string_view kind, const std::string& name) {
            auto needed = std::string(kind) + ' ' + name;
            if (needed != key && has(needed)) {
                needs.push_back(std::move(needed));
            }
        };
        if (is_property(object->kind)) {
            for (const auto kind : with_properties) {
                add(kind, object->name);
            }
        } else if (!is_any(object->kind, {"comment", "owner", "grant", "default privilege"})) {
            for (const auto kind : holders) {
                add(kind, around(object->name));
            }
        }
        if (object->kind == "clustering" || object->kind == "replica identity") {
            const auto index = object->definition.substr(object->definition.rfind(' ') + 1);
            add("index", object->name + '.' + index);
            add("constraint", object->name + '.' + index);
        }
        if (object->kind == "column setting" || object->kind == "inherited column") {
            add("column", object->name);
            add("inheritance", parent_of(*object));
            add("partition", parent_of(*object));
        }
        needs_.emplace(key, std::move(needs));
    }
    // A table is made together with its columns, and so waits for what they need.
    for (const auto& [table, columns] : columns_) {
        auto& of_table = needs_["table " + table];
        for (const auto* column : columns) {
            for (const auto& need : column->needs) {
                if (need.rfind("column " + table + '.', 0) != 0) {
                    of_table.push_back(need);
                }
            }
        }
    }
    for (const auto& [key, object] : objects_) {
        if (object->kind == "partition" || object->kind == "inheritance") {
            auto& of_table = needs_["table " + object->name];
            for (const auto& need : object->needs) {
                if (need != "table " + object->name) {
                    of_table.push_back(need);
                }
            }
        }
    }
}

const Object* Catalog::find(const std::string& key) const {
    const auto found = objects_.find(key);
    return found == objects_.end() ? nullptr : found->second;
}

const std::vector<std::string>& Catalog::needs(const std::string& key) const {
    static const std::vector<std::string> none;
    const auto found = needs_.find(key);
    return found == needs_.end() ? none : found->second;
}

std::vector<const Object*> Catalog::columns(const std::string& table) const {
    const auto found = columns_.find(table);
    return found == columns_.end() ? std::vector<const Object*>() : found->second;
}

std::string Catalog::relation_kind(const std::string& name) const {
    for (const auto kind : with_properties) {
        if (const auto* object = find(std::string(kind) + ' ' + name)) {
            return object->definition.rfind("foreign", 0) == 0 ? "foreign table"
                                                               : std::string(kind);
        }
    }
    return "index";
}

const Object* Catalog::parent_column(const std::string& name) const {
    const auto [table, column] = schema::split_name(name);
    const auto* link = find("partition " + table);
    link = link ? link : find("inheritance " + table);
    if (!link) {
        return nullptr;
    }
    auto parents = link->definition.substr(3);
    parents = parents.substr(
        0, std::min(find_outside(parents, " FOR VALUES"), find_outside(parents, " DEFAULT")));
    for (const auto& parent : list_of(parents)) {
        const auto inherited = parent + '.' + column;
        for (const auto kind : {"column ", "inherited column "}) {
            if (const auto* found = find(kind + inherited)) {
                return found;
            }
        }
        if (const auto* further = parent_column(inherited)) {
            return further;
        }
    }
    return nullptr;
}

std::vector<std::string> in_order(const Catalog& catalog, const std::set<std::string>& keys) {
    std::vector<std::string> starts(keys.begin(), keys.end());
    std::stable_sort(starts.begin(), starts.end(), [&](const auto& a, const auto& b) {
        return rank(*catalog.find(a)) < rank(*catalog.find(b));
    });
    std::vector<std::string> sorted;
    std::set<std::string> seen;
    // What is needed may lie behind something that is not itself among the keys.
    const std::function<void(const std::string&)> visit = [&](const std::string& key) {
        if (!seen.insert(key).second) {
            return;
        }
        for (const auto& need : catalog.needs(key)) {
            visit(need);
        }
        if (keys.contains(key)) {
            sorted.push_back(key);
        }
    };
    for (const auto& key : starts) {
        visit(key);
    }
    return sorted;
}

}  // namespace caisson::draft
