// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/draft/draft.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "lifecycle/draft/graph.h"
#include "lifecycle/draft/statements.h"

namespace caisson::draft {
namespace {

/// Kinds that can be dropped and made again without a loss.
bool is_rebuilt_freely(std::string_view kind) {
    return !is_any(kind, {"table", "column", "sequence", "schema", "extension", "enum", "type",
                          "domain", "range", "base type", "inherited column", "column order",
                          "partition", "inheritance"});
}

/// PostgreSQL itself carries these over when the type of a column changes.
bool follows_its_column(std::string_view kind) {
    return is_any(kind, {"constraint", "index", "statistics", "comment", "owner", "grant",
                         "column setting", "sequence ownership", "clustering", "publication",
                         "replica identity", "storage parameters", "row security"});
}

class Drafting {
 public:
    Drafting(const schema::Snapshot& from, const schema::Snapshot& to) : a_(from), b_(to) {}

    Draft draft() {
        compare();
        rebuild_dependents();
        Draft result;
        add_drops(result);
        add_changes(result);
        add_creations(result);
        std::erase_if(result.edits,
                      [](const Edit& edit) { return edit.sql.empty() && edit.note.empty(); });
        result.possible_renames = possible_renames();
        return result;
    }

 private:
    void compare() {
        for (const auto& [key, object] : a_.objects()) {
            const auto* other = b_.find(key);
            if (!other) {
                dropped_.insert(key);
            } else if (object->definition != other->definition) {
                if (auto change = alter(*object, *other, a_, b_)) {
                    if (change->rebuilds_dependents) {
                        mark_moved(*object);
                    }
                    changes_.emplace(key, std::move(*change));
                } else {
                    replace(key);
                }
            }
        }
        for (const auto& [key, object] : b_.objects()) {
            if (!a_.has(key)) {
                created_.insert(key);
            }
        }
    }

    /// Where a type is exchanged, the columns of that type move with it.
    void mark_moved(const Object& object) {
        moved_.insert(object.key());
        if (object.kind != "enum") {
            return;
        }
        exchanged_.insert(object.key());
        for (const auto& [key, column] : a_.objects()) {
            if (column->kind == "column" && stands_on(key, exchanged_)) {
                moved_.insert(key);
            }
        }
    }

    bool stands_on(const std::string& key, const std::set<std::string>& what) const {
        const auto& needs = a_.needs(key);
        return std::any_of(needs.begin(), needs.end(),
                           [&](const auto& need) { return what.contains(need); });
    }

    void replace(const std::string& key) {
        dropped_.insert(key);
        created_.insert(key);
        changes_.erase(key);
    }

    /// Until nothing is left that stands on something which is dropped or changes its shape.
    void rebuild_dependents() {
        for (bool again = true; again;) {
            again = false;
            for (const auto& [key, object] : b_.objects()) {
                const auto* before = a_.find(key);
                if (!before || created_.contains(key)) {
                    continue;
                }
                if (stands_on(key, dropped_) || stands_on(key, exchanged_) ||
                    (stands_on(key, moved_) && !follows_its_column(object->kind))) {
                    again = give_way(*before, *object) || again;
                }
            }
        }
    }

    /// Whether anything was decided that others may stand on.
    bool give_way(const Object& before, const Object& object) {
        const auto key = object.key();
        if (is_rebuilt_freely(object.kind)) {
            replace(key);
            return true;
        }
        const auto table = object.kind == "table" ? key : "table " + parent_of(object);
        if (dropped_.contains(table) || (object.kind == "table" && stands_on_dropped_parent(key))) {
            replace(key);
            return true;
        }
        if (object.kind != "column") {
            return false;
        }
        const auto was = parse_column(before.definition);
        if (!parse_column(object.definition).generated.empty()) {
            replace(key);
            return true;
        }
        if (stands_on(key, dropped_) && !was.expression.empty() && defaults_.insert(key).second) {
            return true;
        }
        return false;
    }

    bool stands_on_dropped_parent(const std::string& key) const {
        const auto& needs = a_.needs(key);
        return std::any_of(needs.begin(), needs.end(), [&](const auto& need) {
            return need.rfind("table ", 0) == 0 && dropped_.contains(need);
        });
    }

    /// Whether it goes with the statement that drops its table.
    bool goes_with_table(const Object& object) const {
        if (is_any(object.kind, {"trigger", "policy", "rule", "sequence ownership", "partition",
                                 "inheritance"}) ||
            object.definition.rfind("FOREIGN KEY", 0) == 0) {
            return object.kind == "partition" || object.kind == "inheritance"
                       ? dropped_.contains("table " + object.name)
                       : false;
        }
        auto name = object.name;
        if (is_any(object.kind, {"comment", "owner", "grant"})) {
            const auto& needs = object.needs;
            return std::any_of(needs.begin(), needs.end(), [&](const auto& need) {
                const auto* about = a_.find(need);
                return dropped_.contains(need) || (about && goes_with_table(*about));
            });
        }
        for (const auto kind : {"table ", "view ", "materialized view ", "domain "}) {
            if ((object.kind + ' ' != kind && dropped_.contains(kind + name)) ||
                dropped_.contains(kind + parent_of(object))) {
                return true;
            }
        }
        return false;
    }

    void add_drops(Draft& result) const {
        for (const auto& key : defaults_) {
            const auto* column = a_.find(key);
            result.edits.push_back(
                {key, fmt::format("alter table {} alter column {} drop default;\n",
                                  parent_of(*column), own_name(*column))});
        }
        auto order = in_order(a_, dropped_);
        std::reverse(order.begin(), order.end());
        for (const auto& key : order) {
            const auto* object = a_.find(key);
            if (goes_with_table(*object)) {
                continue;
            }
            auto edit = caisson::draft::drop(*object, a_);
            if (object->kind == "column" && !parse_column(object->definition).generated.empty()) {
                edit.loses_data = false;  // It is computed anew.
                edit.note.clear();
            }
            result.edits.push_back(std::move(edit));
        }
    }

    void add_changes(Draft& result) const {
        std::set<std::string> keys;
        for (const auto& [key, change] : changes_) {
            keys.insert(key);
        }
        // Others may stand on something new: they wait for it in add_creations().
        for (const auto& key : in_order(b_, keys)) {
            if (!waits(key)) {
                result.edits.push_back(changes_.at(key).edit);
            }
        }
    }

    bool waits(const std::string& key) const {
        const auto& needs = b_.needs(key);
        return std::any_of(needs.begin(), needs.end(), [&](const auto& need) {
            return created_.contains(need) || (changes_.contains(need) && waits(need));
        });
    }

    void add_creations(Draft& result) const {
        auto keys = created_;
        for (const auto& [key, change] : changes_) {
            if (waits(key)) {
                keys.insert(key);
            }
        }
        for (const auto& key : in_order(b_, keys)) {
            const auto* object = b_.find(key);
            if (const auto change = changes_.find(key); change != changes_.end()) {
                result.edits.push_back(change->second.edit);
                continue;
            }
            const auto table = "table " + (is_folded(object->kind) && object->kind != "column"
                                               ? object->name
                                               : parent_of(*object));
            const bool is_new = created_.contains(table) ||
                                created_.contains("materialized view " + parent_of(*object));
            if (object->kind == "column order" || (is_new && is_folded(object->kind))) {
                continue;
            }
            result.edits.push_back(create(*object, b_, is_new));
        }
        for (const auto& key : defaults_) {
            const auto* column = b_.find(key);
            const auto parts = parse_column(column->definition);
            if (!parts.expression.empty()) {
                result.edits.push_back(
                    {key, fmt::format("alter table {} alter column {} set default {};\n",
                                      parent_of(*column), own_name(*column), parts.expression)});
            }
        }
    }

    /// A column that goes and one of the same type that comes in the same table; a table that goes
    /// and one with the very same columns.
    std::vector<std::string> possible_renames() const {
        std::vector<std::string> pairs;
        for (const auto& gone : dropped_) {
            const auto* old = a_.find(gone);
            if (created_.contains(gone) || goes_with_table(*old)) {
                continue;
            }
            for (const auto& come : created_) {
                const auto* fresh = b_.find(come);
                if (fresh->kind == old->kind && !a_.has(come) &&
                    parent_of(*fresh) == parent_of(*old) && looks_like(*old, *fresh)) {
                    pairs.push_back(fmt::format("{}={}", old->name, own_name(*fresh)));
                }
            }
        }
        return pairs;
    }

    bool looks_like(const Object& old, const Object& fresh) const {
        if (old.kind == "column") {
            return old.definition == fresh.definition &&
                   !created_.contains("table " + parent_of(fresh));
        }
        if (old.kind != "table" || old.definition != fresh.definition) {
            return is_any(old.kind, {"enum", "type", "sequence", "view"}) &&
                   old.definition == fresh.definition;
        }
        const auto shape = [](const Catalog& catalog, const std::string& table) {
            std::set<std::string> columns;
            for (const auto* column : catalog.columns(table)) {
                columns.insert(own_name(*column) + ' ' + parse_column(column->definition).type);
            }
            return columns;
        };
        return shape(a_, old.name) == shape(b_, fresh.name);
    }

    Catalog a_;
    Catalog b_;
    std::set<std::string> dropped_;
    std::set<std::string> created_;
    std::set<std::string> exchanged_;  ///< Types that another takes the place of.
    std::set<std::string> moved_;      ///< Changed in place, in a way that dependents cannot stand.
    std::set<std::string>
        defaults_;  ///< Columns whose default stands on something that is dropped.
    std::map<std::string, Change> changes_;
};

}  // namespace

bool Draft::loses_data() const {
    return std::any_of(edits.begin(), edits.end(),
                       [](const Edit& edit) { return edit.loses_data; });
}

Draft draft(const schema::Snapshot& from, const schema::Snapshot& to) {
    return Drafting(from, to).draft();
}

std::string to_sql(const Draft& draft) {
    std::string text;
    for (const auto& edit : draft.edits) {
        text += text.empty() ? "" : "\n";
        if (!edit.note.empty()) {
            text += fmt::format("-- {}{}\n", edit.loses_data ? "DATA LOSS: " : "", edit.note);
        }
        text += edit.sql;
    }
    return text;
}

std::string creation(const schema::Snapshot& snapshot) {
    auto all = draft({}, snapshot);
    const Catalog catalog(snapshot);
    for (auto& edit : all.edits) {
        // What stands on a server is to be made too.
        const auto* object = catalog.find(edit.key);
        if (edit.sql.empty() && object && hides_secret(*object)) {
            edit.sql = create_plainly(*object);
            edit.note = hidden_secret;
        }
        // An empty database has no rows to care for; what is left to do by hand is still said.
        const bool is_left =
            edit.sql.empty() || edit.note == hidden_secret || edit.note == hidden_options;
        edit.note = is_left ? edit.note : "";
    }
    return "set check_function_bodies = off;\n\n" + to_sql(all);
}

std::string rename(const schema::Snapshot& from, const std::string& old_name,
                   const std::string& new_name) {
    const Catalog catalog(from);
    for (const std::string kind : {"table", "view", "materialized view", "sequence", "domain"}) {
        if (catalog.has(kind + ' ' + old_name)) {
            return fmt::format("alter {} {} rename to {};\n",
                               kind == "table" ? catalog.relation_kind(old_name) : kind, old_name,
                               pg::identifier(new_name));
        }
    }
    for (const std::string kind : {"enum", "type", "range"}) {
        if (catalog.has(kind + ' ' + old_name)) {
            return fmt::format("alter type {} rename to {};\n", old_name, pg::identifier(new_name));
        }
    }
    const auto [parent, own] = schema::split_name(old_name);
    for (const std::string kind : {"column", "constraint"}) {
        if (catalog.has(kind + ' ' + old_name)) {
            return fmt::format("alter table {} rename {} {} to {};\n", parent, kind, own,
                               pg::identifier(new_name));
        }
    }
    throw Error(Code::usage, fmt::format("--rename {}: there is nothing of that name", old_name),
                "write the name as schema dump does: public.users.mail=address");
}

}  // namespace caisson::draft
