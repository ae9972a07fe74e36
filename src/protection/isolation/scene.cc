// SPDX-License-Identifier: Apache-2.0
#include "protection/isolation/scene.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::isolation {
namespace {

constexpr std::string_view insufficient_privilege = "42501";

}  // namespace

bool has(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

void Scene::mark(const std::string& label, const std::string& command, Mark mark,
                 const std::string& why) {
    auto& cell = marks_[label].try_emplace(command, Cell{mark, why}).first->second;
    if (command == "own rows") {
        // One tenant who sees their own is enough.
        const bool is_seen = cell.mark == Mark::held || mark == Mark::held;
        cell.mark = is_seen ? Mark::held : std::max(cell.mark, mark);
    } else if (mark > cell.mark) {
        cell = {mark, why};
    }
}

void Scene::mark(const std::string& label, const std::string& command, bool is_leak,
                 const Outcome& outcome) {
    const bool is_kept = outcome.is_done || is_held_by(outcome.sqlstate);
    mark(label, command,
         is_leak   ? Mark::leaked
         : is_kept ? Mark::held
                   : Mark::untried,
         is_kept ? "" : outcome.message);
}

bool Scene::is_held_by(const std::string& sqlstate) const {
    if (sqlstate == insufficient_privilege) {
        return true;
    }
    // What policies raise for nobody fails closed; for a tenant, it says that nothing was tried.
    // Time and room that ran out, and keys and checks, say nothing for anybody.
    static const std::set<std::string> unrelated = {"23", "53", "54", "57", "58", "XX"};
    return !actor_.is_tenant() && !unrelated.contains(sqlstate.substr(0, 2));
}

void Scene::report(Finding finding, Draft draft) {
    finding.actors = {actor_.text};
    draft.finding = finding.name();
    draft.role = setting_.role;
    draft.actor = actor_;
    if (!findings_.has(finding.name())) {
        drafts_.push_back(std::move(draft));
    }
    findings_.add(std::move(finding));
}

void Scene::find_victims() {
    victims_.clear();
    for (std::size_t index = 0; index < setting_.islands.tenants.size(); ++index) {
        if (actor_.is_tenant() && index == actor_.tenant) {
            continue;
        }
        for (const auto& row : tenant(index).rows) {
            const auto found = stage_.ask(fmt::format(
                "select tableoid::int8 as relation, ctid::text as spot from {} where {}",
                row.table->name, condition_of(row)));
            if (!found.empty()) {
                victims_.push_back(
                    {&row, index, found.front().integer("relation"), found.front().string("spot")});
            } else {
                note_missing({{&row, "it was put there and is not found again"}});
            }
        }
    }
}

/// What becomes of a row that is not there is not known.
void Scene::note_missing(const std::vector<Missing>& missing) {
    for (const auto& [row, why] : missing) {
        const auto label = setting_.subject.find(row->table->name)->label;
        findings_.add({"not tried", "rows " + label, Severity::error,
                       fmt::format("a row made for the trial is missing: {}", why),
                       fmt::format("say what its columns may hold: [isolation.values] "
                                   "\"{}.column\" = \"…\"; or add a sample seed",
                                   label)});
    }
}

std::vector<const Victim*> Scene::victims_of(const Relation& relation) const {
    std::vector<const Victim*> list;
    for (const auto& victim : victims_) {
        const auto found = setting_.subject.relations.find(victim.relation);
        const bool lies_there =
            victim.relation == relation.oid || victim.row->table->name == relation.name ||
            relation.reads.contains(victim.row->table->oid) ||
            (found != setting_.subject.relations.end() && found->second.parent == relation.oid);
        if (lies_there) {
            list.push_back(&victim);
        }
    }
    return list;
}

std::vector<const Victim*> Scene::changed(const std::vector<const Victim*>& victims) {
    std::map<std::string, std::vector<std::string>> spots;  // By table.
    for (std::size_t index = 0; index < victims.size(); ++index) {
        spots[victims[index]->row->table->name].push_back(fmt::format(
            "({}, {}::oid, '{}'::tid)", index, victims[index]->relation, victims[index]->spot));
    }
    std::vector<std::string> questions;
    for (const auto& [table, rows] : spots) {
        questions.push_back(fmt::format(
            "select v.n from (values {}) v (n, relation, spot) where not exists (select from {} t "
            "where t.tableoid = v.relation and t.ctid = v.spot)",
            join(rows, ", "), table));
    }
    std::vector<const Victim*> list;
    if (!questions.empty()) {
        for (const auto row : stage_.ask(join(questions, " union all "))) {
            list.push_back(victims[static_cast<std::size_t>(row.integer("n"))]);
        }
    }
    return list;
}

rows::Values Scene::insertable(const Relation& relation, const Row& row,
                               const rows::Values& replaced) const {
    rows::Values values;
    for (const auto& [name, value] : row.values) {
        if (has(rights_on(relation).insert, name)) {
            const auto found = replaced.find(name);
            values[name] = found == replaced.end() ? value : found->second;
        }
    }
    return values;
}

/// Holds for rows that belong to whom this one belongs to; nothing where no column tells.
std::string Scene::condition_of_owner(const Row& row) const {
    std::vector<std::string> conditions;
    bool is_told = false;
    for (const auto& column : row.table->columns) {
        if (setting_.tenancy.tells(row.table->name, column.name)) {
            const auto& value = row.value(column.name);
            conditions.push_back(equals(column, value));
            is_told = is_told || value;
        }
    }
    return is_told ? join(conditions, " and ") : "";
}

std::int64_t Scene::count(const rows::Table& table, const std::string& condition) {
    return stage_.ask(fmt::format("select count(*) as n from {} where {}", table.name, condition))
        .front()
        .integer("n");
}

std::map<const Row*, std::int64_t> Scene::belongings() {
    std::vector<std::string> questions;
    std::vector<const Row*> rows;
    for (const auto& victim : victims_) {
        const bool is_first = tenant(victim.tenant).first(victim.row->table->name) == victim.row;
        if (const auto condition = is_first ? condition_of_owner(*victim.row) : "";
            !condition.empty()) {
            questions.push_back(fmt::format("select {} as place, count(*) as n from {} where {}",
                                            rows.size(), victim.row->table->name, condition));
            rows.push_back(victim.row);
        }
    }
    std::map<const Row*, std::int64_t> counts;
    if (!questions.empty()) {
        for (const auto row : stage_.ask(join(questions, " union all "))) {
            counts[rows[static_cast<std::size_t>(row.integer("place"))]] = row.integer("n");
        }
    }
    return counts;
}

Scene::Effects Scene::effects(const std::function<bool(const Row&)>& is_watched) {
    std::vector<const Victim*> all;
    for (const auto& victim : victims_) {
        if (!is_watched || is_watched(*victim.row)) {
            all.push_back(&victim);
        }
    }
    const auto harmed = changed(all);
    if (!harmed.empty()) {
        return {harmed.front(), false};
    }
    for (const auto& [row, n] : belongings()) {
        if (n > belongings_.at(row)) {
            for (const auto& victim : victims_) {
                if (victim.row == row) {
                    return {&victim, true};
                }
            }
        }
    }
    return {};
}

void Scene::report_effects(Finding finding, const Effects& effects, Draft draft) {
    const auto& victim = *effects.victim;
    const auto& table = *victim.row->table;
    const auto& name = tenant(victim.tenant).name;
    finding.message = effects.is_gain ? fmt::format("it makes a row in {} that belongs to {}",
                                                    setting_.subject.find(table.name)->label, name)
                                      : fmt::format("it changes what belongs to {}", name);
    for (const auto* row : with_parents(tenant(victim.tenant), *victim.row)) {
        if (std::ranges::find(draft.rows, row) == draft.rows.end()) {
            draft.rows.push_back(row);
        }
    }
    draft.harmed = effects.is_gain ? nullptr : victim.row;
    draft.is_question = false;
    draft.look =
        fmt::format("select * from {} where {}", table.name,
                    effects.is_gain ? condition_of_owner(*victim.row) : condition_of(*victim.row));
    report(std::move(finding), std::move(draft));
}

}  // namespace caisson::isolation
