// SPDX-License-Identifier: Apache-2.0
// A reference asks no policy whether the row is there: that it is taken says so, and ties the row.
// Source: as of try_keys.cc.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "protection/isolation/scene.h"

namespace caisson::isolation {

/// A reference from a table to a row of somebody.
struct Scene::Probe {
    const rows::Table& table;
    const rows::ForeignKey& key;
    const Relation& relation;  ///< The table.
    std::size_t victim = 0;    ///< Tenant.
    const Row& parent;         ///< Of the victim.
    rows::Values reference = {};
};

void Scene::try_references() {
    for (const auto& [name, table] : setting_.shapes) {
        const auto* const relation = setting_.subject.find(name);
        for (const auto& key : table.foreign_keys) {
            for (std::size_t index = 0; index < setting_.islands.tenants.size(); ++index) {
                const auto* const parent = tenant(index).first(key.parent);
                if (!relation || !is_probed(index) || !parent ||
                    !setting_.tenancy.isolated.contains(key.parent)) {
                    continue;
                }
                Probe probe{table, key, *relation, index, *parent};
                for (std::size_t place = 0; place < key.columns.size(); ++place) {
                    probe.reference[key.columns[place]] = parent->value(key.targets[place]);
                }
                if (!try_insert_reference(probe)) {
                    try_update_reference(probe);
                }
            }
        }
    }
}

/// A row of a table of nobody that may refer to rows of somebody; without values where none can be
/// made.
Row Scene::referring(const Probe& probe) {
    rows::Recipe recipe;
    for (const auto& [name, value] : probe.reference) {
        recipe.fixed[name] = {value ? pg::literal(*value) : "null"};
    }
    const rows::Tag tag{"y1", 95'001, "00000000-0000-4000-8000-"};
    Row made{&probe.table, {}, false};
    stage_.with_connection([&](pg::Connection& connection) {
        const auto chosen =
            rows::choose(connection, probe.table, rows::choices_for(probe.table, recipe, tag));
        made.values = chosen.value_or(rows::Values{});
    });
    return made;
}

/// An own row that refers to another's is put there.
bool Scene::try_insert_reference(const Probe& probe) {
    if (rights_on(probe.relation).insert.empty()) {
        return false;
    }
    const auto* const own = giver(probe.victim).first(probe.table.name);
    const auto values = own ? insertable(probe.relation, *own, probe.reference)
                            : insertable(probe.relation, referring(probe));
    const bool may = !values.empty() &&
                     std::ranges::all_of(probe.key.columns,
                                         [&](const auto& name) { return values.contains(name); });
    if (!may) {
        return false;
    }
    Draft draft;
    draft.statement = rows::insert_of(probe.table, values);
    if (own) {
        draft.rows = with_parents(giver(probe.victim), *own);
        draft.rows.pop_back();
        draft.absent = {own};
    }
    Effects effects;
    const auto outcome = stage_.attempt(
        draft.statement,
        [&] {
            if (own) {
                stage_.remove(*own);
            }
        },
        [&](const Outcome&) {
            effects = this->effects([&](const Row& row) { return &row != own; });
        });
    if (outcome.is_done) {
        report_reference(probe, "insert", effects, std::move(draft));
    }
    return outcome.is_done;
}

/// An own row that is there is made to refer to another's. Without a condition: of all rows in the
/// table, only it is there, and the other where it is one of the same table.
void Scene::try_update_reference(const Probe& probe) {
    std::vector<std::string> sets;
    for (const auto& [name, value] : probe.reference) {
        // What says whose the row is would give it away, which is tried by itself.
        if (!has(rights_on(probe.relation).update, name) ||
            setting_.tenancy.tells(probe.table.name, name)) {
            return;
        }
        sets.push_back(fmt::format("{} = {}", name, literal_or_null(value)));
    }
    const auto& mine = giver(probe.victim);
    const auto* const own = mine.first(probe.table.name);
    if (!own) {
        return;
    }
    Draft draft;
    draft.rows = with_parents(mine, *own);
    draft.statement = fmt::format("update {} set {}", probe.table.name, join(sets, ", "));
    draft.look = fmt::format("select * from {} where {}", probe.table.name, condition_of(*own));
    Effects effects;
    const auto outcome = stage_.attempt(
        draft.statement,
        [&] {
            stage_.remove_others(probe.parent.table == own->table
                                     ? std::vector<const Row*>{own, &probe.parent}
                                     : std::vector<const Row*>{own});
        },
        [&](const Outcome&) {
            effects = this->effects([&](const Row& row) { return row.table != own->table; });
        });
    if (outcome.is_done && outcome.affected > 0) {
        report_reference(probe, "update", effects, std::move(draft));
    }
}

void Scene::report_reference(const Probe& probe, const std::string& command, const Effects& effects,
                             Draft draft) {
    const auto& label = probe.relation.label;
    const auto& other = tenant(probe.victim);
    Finding finding{"foreign key", probe.key.name};
    finding.severity = Severity::warning;
    finding.message = fmt::format(
        "a row of {} may refer to one of {} in {}: whoever {}s learns that it is there, and can "
        "stand in the way of its removal",
        label, other.name, setting_.subject.find(probe.key.parent)->label, command);
    finding.remedy = fmt::format(
        "let the policy of {} ask whether the row that is referred to is visible, or refer to it "
        "together with its tenant; else accept it: [isolation.accept] \"{}\" = \"why\"",
        label, finding.name());
    for (const auto* row : with_parents(other, probe.parent)) {
        draft.rows.push_back(row);
    }
    draft.is_question = false;
    if (effects.victim) {
        // A trigger went further than the policies let the actor go.
        mark(label, command, Mark::leaked);
        Finding wider{command, label};
        wider.remedy =
            "let the triggers compare the tenant of what they change with the setting, or make "
            "their functions SECURITY INVOKER";
        report_effects(std::move(wider), effects, draft);
    }
    report(std::move(finding), std::move(draft));
}

}  // namespace caisson::isolation
