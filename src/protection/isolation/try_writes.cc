// SPDX-License-Identifier: Apache-2.0
// What an actor writes must not reach the rows of others.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "protection/isolation/scene.h"

namespace caisson::isolation {
namespace {

/// Rows of one tenant in one table, or of all, that are tried one by one.
constexpr std::size_t most_rows = 12;

/// What might be in the way when all rows get one value of theirs, the least first: nothing, as
/// they have it already; checks; references; keys; policies for SELECT, as a column must be read.
enum class Hindrance { none, checks, references, keys, reads };

std::pair<Hindrance, std::optional<std::string>> hindrance_of(
    const std::vector<const Victim*>& victims, const std::string& name) {
    std::set<std::optional<std::string>> values;
    bool refers = false;
    bool is_key = false;
    const auto names_it = [&](const auto& columns) { return has(columns, name); };
    for (const auto* victim : victims) {
        const auto found = victim->row->values.find(name);
        if (found == victim->row->values.end()) {
            return {Hindrance::reads, std::nullopt};
        }
        values.insert(found->second);
        const auto& table = *victim->row->table;
        is_key = is_key || std::ranges::any_of(table.keys, names_it, &rows::Key::read);
        refers =
            refers || std::ranges::any_of(table.foreign_keys, names_it, &rows::ForeignKey::columns);
    }
    return values.empty()      ? std::pair(Hindrance::reads, std::optional<std::string>())
           : is_key            ? std::pair(Hindrance::keys, *values.rbegin())
           : values.size() < 2 ? std::pair(Hindrance::none, *values.rbegin())
           : refers            ? std::pair(Hindrance::references, *values.rbegin())
                               : std::pair(Hindrance::checks, *values.rbegin());
}

}  // namespace

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
        for (std::size_t index = 0; index < setting_.islands.tenants.size(); ++index) {
            try_hands(relation, index, may_insert);
        }
    }
}

/// Rows that change hands between the actor and another tenant: policies may let some of them and
/// not others.
void Scene::try_hands(const Relation& relation, std::size_t index, bool may_insert) {
    std::vector<const Victim*> victims;
    for (const auto* victim : victims_of(relation)) {
        if (victim->tenant == index && victims.size() < most_rows) {
            victims.push_back(victim);
        }
    }
    if (victims.empty()) {
        return;
    }
    // One that passes is enough.
    for (std::size_t at = 0; may_insert && at < victims.size(); ++at) {
        if (try_insert(relation, *victims[at])) {
            break;
        }
    }
    if (relation.is_view()) {
        return;
    }
    if (may_insert) {
        try_copy_in(relation, *victims.front());
    }
    if (actor_.is_tenant()) {
        for (const auto* victim : victims) {
            if (try_take_over(relation, *victim)) {
                break;
            }
        }
        try_give_away(relation, *victims.front());
    }
}

/// One row that is refused keeps a statement from all others: each is tried by itself. What was in
/// the way of one, and is no policy, comes before what went well.
Outcome Scene::try_each(const std::vector<const Victim*>& victims, const std::string& statement,
                        std::vector<const Victim*>& harmed) {
    std::optional<Outcome> all;
    for (std::size_t index = 0; index < std::min(victims.size(), most_rows); ++index) {
        const auto* const victim = victims[index];
        auto alone = stage_.insist(
            statement, [&] { stage_.remove_others(*victim->row); },
            [&](const Outcome&) { harmed = changed({victim}); });
        if (!harmed.empty()) {
            return alone;
        }
        const bool is_held = alone.is_done || is_held_by(alone.sqlstate);
        if (!all || !is_held) {
            all = std::move(alone);
        }
    }
    return *all;
}

/// A statement without any condition: where a policy lets it, it reaches everybody's rows.
void Scene::try_blind(const Relation& relation, const std::string& command,
                      const std::string& statement) {
    const auto victims = victims_of(relation);
    if (victims.empty()) {
        mark(relation.label, command, Mark::untried, "no row of another tenant lies there");
        return;
    }
    std::vector<const Victim*> harmed;
    auto outcome = stage_.insist(statement, {}, [&](const Outcome&) { harmed = changed(victims); });
    if (!outcome.is_done && command != "truncate") {
        outcome = try_each(victims, statement, harmed);
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
    draft.is_quiet = outcome.is_quiet;
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
    // Without reading, no policy for SELECT has a say.
    std::string best = fmt::format("{0} = {0}", names.front());
    auto least = Hindrance::reads;
    for (const auto& name : names) {
        const auto [hindrance, value] = hindrance_of(victims, name);
        if (hindrance < least) {
            least = hindrance;
            best = fmt::format("{} = {}", name, literal_or_null(value));
        }
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
