// SPDX-License-Identifier: Apache-2.0
// What an actor writes must not reach the rows of others, nor make rows theirs.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "protection/isolation/scene.h"

namespace caisson::isolation {
namespace {

constexpr std::string_view insufficient_privilege = "42501";

std::string literal_or_null(const std::optional<std::string>& value) {
    return value ? pg::literal(*value) : "null";
}

bool is_in(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

}  // namespace

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
    const bool is_known = outcome.is_done || outcome.is(insufficient_privilege);
    mark(label, command,
         is_leak    ? Mark::leaked
         : is_known ? Mark::held
                    : Mark::untried,
         is_known ? "" : outcome.message);
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
            }
        }
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
        if (is_in(rights_on(relation).insert, name)) {
            const auto found = replaced.find(name);
            values[name] = found == replaced.end() ? value : found->second;
        }
    }
    return values;
}

/// Whether the relation leads to rows that policies should keep apart.
bool Scene::is_tried(const Relation& relation) const {
    const auto is_isolated = [&](Oid oid) {
        const auto found = setting_.subject.relations.find(oid);
        return found != setting_.subject.relations.end() &&
               setting_.tenancy.isolated.contains(setting_.subject.root(found->second).name);
    };
    return relation.kind == 'v'
               ? std::ranges::any_of(relation.reads, is_isolated)
               : (relation.kind == 'r' || relation.kind == 'p') && is_isolated(relation.oid);
}

void Scene::try_writes() {
    for (const auto& [oid, relation] : setting_.subject.relations) {
        if (!is_tried(relation)) {
            continue;
        }
        if (!relation.is_view() && rights_on(relation).select.empty()) {
            mark(relation.label, "select", Mark::no_right);
        }
        try_update(relation);
        try_delete(relation);
        try_truncate(relation);
        const bool may_insert =
            !rights_on(relation).insert.empty() && relation.takes(Relation::inserts);
        if (!may_insert) {
            mark(relation.label, "insert", Mark::no_right);
        }
        const auto victims = victims_of(relation);
        for (std::size_t index = 0; index < setting_.islands.tenants.size(); ++index) {
            const auto victim = std::ranges::find_if(
                victims, [&](const Victim* each) { return each->tenant == index; });
            if (victim == victims.end()) {
                continue;
            }
            if (may_insert) {
                try_insert(relation, **victim);
            }
            if (relation.is_view()) {
                continue;
            }
            if (may_insert) {
                try_copy_in(relation, **victim);
            }
            if (actor_.is_tenant()) {
                try_give_away(relation, **victim);
                try_take_over(relation, **victim);
            }
        }
    }
}

/// A statement without any condition: where a policy lets it, it reaches everybody's rows.
void Scene::try_blind(const Relation& relation, const std::string& command,
                      const std::string& statement) {
    const auto victims = victims_of(relation);
    std::vector<const Victim*> harmed;
    const auto inspect = [&](const Outcome&) { harmed = changed(victims); };
    auto outcome = stage_.attempt(statement, {}, inspect);
    const bool is_quiet = !outcome.is_done && !outcome.is(insufficient_privilege);
    if (is_quiet) {
        // A reference, a check or a trigger was in the way, which is no protection of its own.
        outcome = stage_.attempt_quietly(statement, {}, inspect);
    }
    mark(relation.label, command, !harmed.empty(), outcome);
    if (harmed.empty()) {
        return;
    }
    const auto& victim = *harmed.front();
    Finding finding{command, relation.label};
    finding.message = fmt::format("{} changes {} of {}", command, counted(harmed.size(), "row"),
                                  tenant(victim.tenant).name);
    finding.remedy =
        relation.is_view()
            ? fmt::format("alter view {} set (security_invoker = true); or revoke {} on it",
                          relation.name, command)
        : command == "truncate"
            ? fmt::format("revoke truncate on {} from {}: no policy speaks of it", relation.name,
                          pg::identifier(setting_.role))
            : fmt::format(
                  "let the policies for {} compare the row's tenant with the setting (USING)",
                  command);
    Draft draft;
    draft.rows = with_parents(tenant(victim.tenant), *victim.row);
    draft.harmed = victim.row;
    draft.statement = statement;
    draft.is_question = false;
    draft.is_quiet = is_quiet;
    draft.look = fmt::format("select * from {} where {}", victim.row->table->name,
                             condition_of(*victim.row));
    report(std::move(finding), std::move(draft));
}

void Scene::try_update(const Relation& relation) {
    const auto& names = rights_on(relation).update;
    const auto victims = victims_of(relation);
    if (names.empty() || !relation.takes(Relation::updates)) {
        mark(relation.label, "update", Mark::no_right);
        return;
    }
    // A value that all rows have already meets every check; without reading, no policy for SELECT
    // has a say.
    std::string best;
    for (const auto& name : names) {
        std::set<std::optional<std::string>> values;
        bool is_there = !victims.empty();
        bool is_free = true;
        for (const auto* victim : victims) {
            const auto found = victim->row->values.find(name);
            is_there = is_there && found != victim->row->values.end();
            if (is_there) {
                values.insert(found->second);
            }
            for (const auto& key : victim->row->table->keys) {
                is_free = is_free && !is_in(key.columns, name);
            }
        }
        if (is_there && is_free && values.size() == 1) {
            best = fmt::format("{} = {}", name, literal_or_null(*values.begin()));
            break;
        }
        if (is_there && is_free && best.empty() && values.size() > 1) {
            best = fmt::format("{} = {}", name, literal_or_null(*values.rbegin()));
        }
    }
    if (best.empty()) {
        best = fmt::format("{0} = {0}", names.front());
    }
    try_blind(relation, "update", fmt::format("update {} set {}", relation.name, best));
}

void Scene::try_delete(const Relation& relation) {
    if (!rights_on(relation).may_delete || !relation.takes(Relation::deletes)) {
        mark(relation.label, "delete", Mark::no_right);
        return;
    }
    try_blind(relation, "delete", "delete from " + relation.name);
}

/// No policy speaks of TRUNCATE.
void Scene::try_truncate(const Relation& relation) {
    if (!rights_on(relation).may_truncate) {
        return;
    }
    try_blind(relation, "truncate", fmt::format("truncate {}", relation.name));
    if (!findings_.has("truncate " + relation.label)) {
        mark(relation.label, "truncate", Mark::held);  // Not by a policy: said below.
        findings_.add(
            {"may truncate", relation.label, Severity::warning,
             fmt::format("{} may truncate it, which no policy prevents: at the moment foreign "
                         "keys to it are in the way",
                         setting_.role),
             fmt::format("revoke truncate on {} from {};", relation.name,
                         pg::identifier(setting_.role))});
    }
}

}  // namespace caisson::isolation
