// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/inventory.h"

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "lifecycle/docs/keys.h"

namespace caisson::docs {
namespace {

using schema::Object;
using schema::Snapshot;

bool is_any(std::string_view kind, std::initializer_list<std::string_view> kinds) {
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

/// `of public.a, public.b FOR VALUES …`: the parents and the rest.
std::pair<std::vector<std::string>, std::string> parents_of(const std::string& definition) {
    std::string_view rest = definition;
    rest.remove_prefix(std::min<std::size_t>(3, rest.size()));
    const auto end =
        std::min(schema::find_outside(rest, " FOR VALUES"), schema::find_outside(rest, " DEFAULT"));
    auto bounds = end < rest.size() ? std::string(rest.substr(end + 1)) : std::string();
    return {schema::list_of(rest.substr(0, end)), std::move(bounds)};
}

/// Puts each object where it belongs. Tables come first, so that there is something to belong to.
class Builder {
 public:
    explicit Builder(const Snapshot& snapshot) : snapshot_(snapshot) {
        for (const auto& object : snapshot.objects) {
            if (object.kind == "comment") {
                comments_[object.name] = object.definition;
            } else if (object.kind == "column order") {
                order_[object.name] = schema::list_of(object.definition);
            } else if (object.kind == "partition") {
                links_[object.name] = parents_of(object.definition);
                partitions_.insert(object.name);
            } else if (object.kind == "inheritance") {
                links_[object.name] = parents_of(object.definition);
            } else if (is_any(object.kind, {"column", "inherited column"})) {
                columns_[object.name] = &object;
                tables_columns_[schema::split_name(object.name).first].push_back(
                    schema::split_name(object.name).second);
            }
        }
    }

    Inventory build() {
        add_tables();
        add_views();
        for (const auto& object : snapshot_.objects) {
            add(object);
        }
        add_schemas();
        mark_keys(all_.tables);
        refer(all_);
        return std::move(all_);
    }

 private:
    std::string comment(const Object& object) const { return comment(object.key()); }
    std::string comment(const std::string& key) const {
        const auto found = comments_.find(key);
        return found == comments_.end() ? std::string() : found->second;
    }
    Thing thing(const Object& object) const {
        return {object.kind, object.name, object.definition, comment(object)};
    }

    /// The table that a partition is a part of, in the end.
    std::string root_of(const std::string& name) const {
        auto root = name;
        while (partitions_.contains(root)) {
            root = links_.at(root).first.front();
        }
        return root;
    }

    void add_tables() {
        for (const auto& object : snapshot_.objects) {
            if (object.kind == "table" && !partitions_.contains(object.name)) {
                all_.table_places[object.name] = all_.tables.size();
                Table table{object.name, object.definition, comment(object)};
                if (const auto link = links_.find(object.name); link != links_.end()) {
                    table.parents = link->second.first;
                }
                add_columns(table);
                all_.tables.push_back(std::move(table));
            }
        }
        for (const auto& object : snapshot_.objects) {
            if (object.kind != "table" || !partitions_.contains(object.name)) {
                continue;
            }
            const auto root = all_.table_places.find(root_of(object.name));
            if (root == all_.table_places.end()) {
                all_.others.push_back(thing(object));
                continue;
            }
            const auto& [parents, bounds] = links_.at(object.name);
            const auto by = object.definition.find("partition ");
            all_.tables[root->second].partitions.push_back(
                {object.name, parents.front(), bounds,
                 by == std::string::npos ? std::string() : object.definition.substr(by + 10),
                 comment(object)});
            all_.table_places[object.name] = root->second;
        }
    }

    /// The column as the table or the nearest of its parents has it.
    const Object* find_column(const std::string& table, const std::string& column) const {
        if (const auto found = columns_.find(table + '.' + column); found != columns_.end()) {
            return found->second;
        }
        if (const auto link = links_.find(table); link != links_.end()) {
            for (const auto& parent : link->second.first) {
                if (const auto* found = find_column(parent, column)) {
                    return found;
                }
            }
        }
        return nullptr;
    }

    void add_columns(Table& table) const {
        auto names = order_.find(table.name);
        if (names == order_.end()) {
            names = tables_columns_.find(table.name);
            if (names == tables_columns_.end()) {
                return;
            }
        }
        for (const auto& name : names->second) {
            Column column{};
            column.name = name;
            if (const auto* object = find_column(table.name, name)) {
                column.parts = schema::parse_column(object->definition);
                column.is_inherited = object->name != table.name + '.' + name;
                column.comment = comment("column " + table.name + '.' + name);
                if (column.comment.empty()) {
                    column.comment = comment("column " + object->name);
                }
            }
            table.columns.push_back(std::move(column));
        }
    }

    void add(const Object& object) {
        if (is_any(object.kind, {"table", "column", "inherited column", "column order", "partition",
                                 "inheritance", "schema", "view", "materialized view"})) {
            return;
        }
        if (object.kind == "comment") {
            add_comment(object);
        } else if (is_any(object.kind, {"enum", "domain", "type", "range", "base type"})) {
            all_.types.push_back(thing(object));
        } else if (object.kind == "domain constraint") {
            add_to_domain(object);
        } else if (is_any(object.kind, {"function", "procedure", "aggregate"})) {
            all_.routines.push_back(thing(object));
        } else if (object.kind == "sequence") {
            all_.sequences.push_back(thing(object));
        } else if (object.kind == "sequence ownership") {
            // `by public.t.id`
            all_.owned_sequences[object.definition.substr(3)] = object.name;
            std::erase_if(all_.sequences,
                          [&](const Thing& sequence) { return sequence.name == object.name; });
        } else if (object.kind == "extension") {
            all_.extensions.push_back(thing(object));
        } else if (object.kind == "owner") {
            all_.owners[object.name] = object.definition;
        } else if (object.kind == "grant") {
            add_grant(object);
        } else if (object.kind == "default privilege") {
            all_.default_privileges.push_back(thing(object));
        } else if (!add_to_relation(object)) {
            all_.others.push_back(thing(object));
        }
    }

    /// Most comments are told with what they are about; those of a view's columns wait for it.
    void add_comment(const Object& object) {
        if (!object.name.starts_with("column ")) {
            return;
        }
        const auto [relation, column] = schema::split_name(object.name.substr(7));
        if (auto* view = find_view(relation)) {
            view->column_comments[column] = object.definition;
        } else if (!columns_.contains(relation + '.' + column) && !order_.contains(relation)) {
            // A column of a composite type.
            all_.others.push_back(thing(object));
        }
    }

    void add_views() {
        for (const auto& object : snapshot_.objects) {
            if (is_any(object.kind, {"view", "materialized view"})) {
                View view{object.name, object.kind != "view", object.definition, comment(object)};
                view.reads = reads_of(object);
                all_.views.push_back(std::move(view));
            }
        }
        std::ranges::sort(all_.views, {}, &View::name);
        for (std::size_t i = 0; i < all_.views.size(); ++i) {
            view_places_[all_.views[i].name] = i;
        }
    }

    static std::vector<std::string> reads_of(const Object& object) {
        std::set<std::string> reads;
        for (const auto& need : object.needs) {
            for (const std::string_view kind :
                 {"table ", "view ", "materialized view ", "column "}) {
                if (need.starts_with(kind)) {
                    const auto name = need.substr(kind.size());
                    reads.insert(kind == "column " ? schema::split_name(name).first : name);
                }
            }
        }
        return {reads.begin(), reads.end()};
    }

    View* find_view(const std::string& name) {
        const auto place = view_places_.find(name);
        return place == view_places_.end() ? nullptr : &all_.views[place->second];
    }
    void add_to_domain(const Object& object) {
        const auto [domain, name] = schema::split_name(object.name);
        for (auto& type : all_.types) {
            if (type.kind == "domain" && type.name == domain) {
                type.definition += fmt::format(" constraint {} {}", name, object.definition);
                if (const auto text = comment(object); !text.empty()) {
                    type.comment +=
                        fmt::format("{}{}: {}", type.comment.empty() ? "" : "\n", name, text);
                }
            }
        }
    }

    void add_grant(const Object& object) {
        if (object.needs.empty()) {
            all_.others.push_back(thing(object));
            return;
        }
        const auto& key = object.needs.front();
        const auto role = object.name.substr(std::min(object.name.size(), key.size() + 4));
        all_.grants[key][unquoted(role)] = object.definition;
    }

    /// What has the name of a relation, or lies in one. False where there is no such relation.
    bool add_to_relation(const Object& object) {
        const bool is_part = is_any(object.kind, {"constraint", "index", "trigger", "rule",
                                                  "policy", "column setting", "view default"});
        const auto [parent, own] = schema::split_name(object.name);
        const auto relation = is_part ? parent : object.name;
        if (partitions_.contains(relation)) {
            return add_to_partition(object, relation);
        }
        if (const auto place = all_.table_places.find(relation); place != all_.table_places.end()) {
            add_to_table(object, all_.tables[place->second], own);
            return true;
        }
        if (auto* view = find_view(relation)) {
            add_to_view(object, *view, own);
            return true;
        }
        return add_statistics(object);
    }

    bool add_to_partition(const Object& object, const std::string& partition) {
        auto& table = all_.tables[all_.table_places.at(partition)];
        for (auto& each : table.partitions) {
            if (each.name == partition) {
                each.own.push_back(thing(object));
            }
        }
        return true;
    }

    void add_to_table(const Object& object, Table& table, const std::string& own) {
        if (object.kind == "constraint" && object.definition.starts_with("FOREIGN KEY")) {
            table.references.push_back(parse_reference(own, object.definition));
            table.references.back().comment = comment(object);
        } else if (object.kind == "constraint") {
            table.constraints.push_back(parse_constraint(own, object.definition));
            table.constraints.back().comment = comment(object);
        } else if (object.kind == "index") {
            table.indexes.push_back(parse_index(own, object.definition));
            table.indexes.back().comment = comment(object);
        } else if (object.kind == "policy") {
            table.policies.push_back(parse_policy(own, object.definition));
            table.policies.back().comment = comment(object);
        } else if (object.kind == "trigger") {
            table.triggers.push_back(parse_trigger(own, object.definition));
            table.triggers.back().comment = comment(object);
        } else if (object.kind == "row security") {
            table.has_row_security = object.definition.starts_with("enabled");
            table.forces_row_security = object.definition.ends_with("forced");
        } else {
            table.details.push_back(thing(object));
        }
    }

    static void add_columns(View& view, const std::string& list) {
        for (const auto& column : schema::list_of(list)) {
            const auto space = schema::find_outside(column, " ");
            view.columns.emplace_back(column.substr(0, space), column.substr(space + 1));
        }
    }

    void add_to_view(const Object& object, View& view, const std::string& own) {
        if (object.kind == "view columns") {
            add_columns(view, object.definition);
        } else if (object.kind == "index") {
            view.indexes.push_back(parse_index(own, object.definition));
            view.indexes.back().comment = comment(object);
        } else if (object.kind == "trigger") {
            view.triggers.push_back(parse_trigger(own, object.definition));
            view.triggers.back().comment = comment(object);
        } else {
            view.details.push_back(thing(object));
        }
    }

    /// Extended statistics lie in a schema and need the columns of one table.
    bool add_statistics(const Object& object) {
        if (object.kind != "statistics") {
            return false;
        }
        for (const auto& need : object.needs) {
            const auto column = need.starts_with("column ") ? need.substr(7) : std::string();
            const auto place = all_.table_places.find(schema::split_name(column).first);
            if (place != all_.table_places.end()) {
                all_.tables[place->second].details.push_back(thing(object));
                return true;
            }
        }
        return false;
    }

    void add_schemas() {
        std::set<std::string> names;
        for (const auto& object : snapshot_.objects) {
            if (object.kind == "schema") {
                names.insert(object.name);
            }
        }
        for (const auto& table : all_.tables) {
            names.insert(table.schema());
        }
        for (const auto* things : {&all_.types, &all_.routines, &all_.sequences}) {
            for (const auto& each : *things) {
                names.insert(schema_of(each.name));
            }
        }
        for (const auto& view : all_.views) {
            names.insert(view.schema());
        }
        for (const auto& name : names) {
            all_.schemas.push_back({"schema", name, "", comment("schema " + name)});
        }
        // What everybody looks for first.
        std::stable_partition(all_.schemas.begin(), all_.schemas.end(),
                              [](const Thing& schema) { return schema.name == "public"; });
    }

    const Snapshot& snapshot_;
    Inventory all_;
    std::map<std::string, std::string> comments_;
    std::map<std::string, std::vector<std::string>> order_;
    std::map<std::string, std::vector<std::string>> tables_columns_;
    std::map<std::string, const Object*> columns_;
    std::map<std::string, std::pair<std::vector<std::string>, std::string>> links_;
    std::set<std::string> partitions_;
    std::map<std::string, std::size_t> view_places_;
};

/// Where a function's arguments or an operator's sides begin.
std::size_t end_of_name(const std::string& name) {
    bool quoted = false;
    for (std::size_t i = 0; i < name.size(); ++i) {
        quoted ^= name[i] == '"';
        if (!quoted && (name[i] == '(' || name[i] == ' ')) {
            return i;
        }
    }
    return name.size();
}

}  // namespace

const Column* Table::column(const std::string& wanted) const {
    const auto found = std::find_if(columns.begin(), columns.end(),
                                    [&](const Column& each) { return each.name == wanted; });
    return found == columns.end() ? nullptr : &*found;
}

std::size_t Inventory::table(const std::string& name) const {
    const auto found = table_places.find(name);
    return found == table_places.end() ? tables.size() : found->second;
}

Inventory inventory(const Snapshot& snapshot) { return Builder(snapshot).build(); }

std::string schema_of(const std::string& name) {
    return schema::split_name(name.substr(0, end_of_name(name))).first;
}

std::string own_name(const std::string& name) {
    const auto schema = schema_of(name);
    return schema.empty() ? name : name.substr(schema.size() + 1);
}

std::string short_name(const std::string& name) {
    return name.starts_with("public.") ? name.substr(7) : name;
}

}  // namespace caisson::docs
