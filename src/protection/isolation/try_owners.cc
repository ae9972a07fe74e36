// SPDX-License-Identifier: Apache-2.0
// Rows that change hands: made for another, given away, taken over.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "protection/isolation/scene.h"

namespace caisson::isolation {
namespace {

constexpr std::string_view insufficient_privilege = "42501";
/// Without triggers, checks and keys are all that is looked at after the policies: who gets there
/// has passed them.
bool has_passed_policies(const Outcome& quiet) { return quiet.sqlstate.starts_with("23"); }

std::string literal_or_null(const std::optional<std::string>& value) {
    return value ? pg::literal(*value) : "null";
}

bool is_in(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

}  // namespace

/// The very row of another tenant, put there by the actor: nothing but policies can refuse it.
void Scene::try_insert(const Relation& relation, const Victim& victim) {
    const auto& row = *victim.row;
    const auto values = insertable(relation, row);
    if (values.empty()) {
        mark(relation.label, "insert", Mark::no_right);
        return;
    }
    const auto statement =
        rows::insert_of(*row.table, values, relation.name == row.table->name ? "" : relation.name);
    bool is_theirs = false;
    const auto prepare = [&] { stage_.remove(row); };
    const auto inspect = [&](const Outcome&) {
        std::vector<std::string> conditions = {condition_of(row)};
        for (const auto& [name, value] : row.values) {
            if (setting_.tenancy.tells(row.table->name, name)) {
                conditions.push_back(
                    fmt::format("{}::text is not distinct from {}", name, literal_or_null(value)));
            }
        }
        is_theirs = !stage_
                         .ask(fmt::format("select from {} where {}", row.table->name,
                                          join(conditions, " and ")))
                         .empty();
    };
    auto outcome = stage_.attempt(statement, prepare, inspect);
    const bool is_quiet = !outcome.is_done && !outcome.is(insufficient_privilege);
    if (is_quiet) {
        outcome = stage_.attempt_quietly(statement, prepare, inspect);
    }
    const bool is_leak =
        (outcome.is_done && is_theirs) || (is_quiet && has_passed_policies(outcome));
    mark(relation.label, "insert", is_leak, outcome);
    if (!is_leak) {
        return;
    }
    Finding finding{"insert", relation.label};
    finding.message =
        fmt::format("a row can be made that belongs to {}", tenant(victim.tenant).name);
    finding.remedy =
        "let the policies for INSERT compare the new row's tenant with the setting (WITH CHECK)";
    Draft draft;
    draft.rows = with_parents(tenant(victim.tenant), row);
    draft.rows.pop_back();  // The row itself is what the actor puts there.
    draft.absent = {&row};
    draft.statement = statement;
    draft.is_question = false;
    draft.is_quiet = is_quiet;
    report(std::move(finding), std::move(draft));
}

void Scene::try_copy_in(const Relation& relation, const Victim& victim) {
    const auto& row = *victim.row;
    std::vector<std::string> names;
    std::string line;
    for (const auto& [name, value] : insertable(relation, row)) {
        auto text = value.value_or("\\N");
        if (value) {
            text =
                replace_all(replace_all(replace_all(text, "\\", "\\\\"), "\t", "\\t"), "\n", "\\n");
        }
        line += (names.empty() ? "" : "\t") + text;
        names.push_back(name);
    }
    const auto statement = fmt::format("copy {} ({}) from stdin", relation.name, join(names, ", "));
    const auto outcome =
        stage_.attempt_copy_in(statement, line + "\n", [&] { stage_.remove(row); }, {});
    const bool is_leak = outcome.is_done && setting_.tenancy.isolated.contains(row.table->name);
    mark(relation.label, "copy in", is_leak ? Mark::leaked : Mark::held);
    if (!is_leak || findings_.has("insert " + relation.label)) {
        return;
    }
    Finding finding{"copy in", relation.label};
    finding.message =
        fmt::format("a row can be copied in that belongs to {}", tenant(victim.tenant).name);
    finding.remedy = "let policies bind whoever acts for tenants: COPY FROM is refused then";
    Draft draft;
    draft.rows = with_parents(tenant(victim.tenant), row);
    draft.rows.pop_back();
    draft.absent = {&row};
    draft.statement = statement;
    draft.data = line;
    draft.is_question = false;
    report(std::move(finding), std::move(draft));
}

std::vector<std::string> Scene::assignments(const Relation& relation, const Row& from,
                                            const Row& to) const {
    const auto& table = *from.table;
    std::vector<std::string> sets;
    for (const auto& column : table.columns) {
        const bool is_reference = std::ranges::any_of(table.foreign_keys, [&](const auto& key) {
            return setting_.tenancy.is_tenants(key.parent) && is_in(key.columns, column.name);
        });
        const bool tells = setting_.tenancy.tells(table.name, column.name) || is_reference;
        if (column.generated.empty() && tells && is_in(rights_on(relation).update, column.name) &&
            to.value(column.name) != from.value(column.name)) {
            sets.push_back(
                fmt::format("{} = {}", column.name, literal_or_null(to.value(column.name))));
        }
    }
    return sets;
}

/// Leaves one row in the table, so that no key is met twice.
void Scene::clear_way(const rows::Table& table, const Row& but) {
    for (const auto& tenant : setting_.islands.tenants) {
        for (const auto& row : tenant.rows) {
            if (row.table == &table && &row != &but) {
                stage_.remove(row);
            }
        }
    }
}

/// An own row is made another tenant's. Without a condition: only the own one is there.
void Scene::try_give_away(const Relation& relation, const Victim& victim) {
    const auto& table = *victim.row->table;
    const auto* const own = self().first(table.name);
    const auto sets = own ? assignments(relation, *own, *victim.row) : std::vector<std::string>();
    if (sets.empty()) {
        mark(relation.label, "give away", Mark::no_right);
        return;
    }
    const auto statement = fmt::format("update {} set {}", relation.name, join(sets, ", "));
    std::vector<std::string> conditions;
    for (const auto& column : table.columns) {
        if (setting_.tenancy.tells(table.name, column.name)) {
            conditions.push_back(fmt::format("{}::text is not distinct from {}", column.name,
                                             literal_or_null(victim.row->value(column.name))));
        }
    }
    if (conditions.empty()) {
        conditions.emplace_back("true");
    }
    const auto look =
        fmt::format("select * from {} where {}", table.name, join(conditions, " and "));
    bool is_given = false;
    const auto prepare = [&] { clear_way(table, *own); };
    const auto inspect = [&](const Outcome& outcome) {
        is_given = outcome.affected > 0 && !stage_.ask(look).empty();
    };
    auto outcome = stage_.attempt(statement, prepare, inspect);
    const bool is_quiet = !outcome.is_done && !outcome.is(insufficient_privilege);
    if (is_quiet) {
        outcome = stage_.attempt_quietly(statement, prepare, inspect);
    }
    const bool is_leak = is_given || (is_quiet && has_passed_policies(outcome));
    mark(relation.label, "give away", is_leak, outcome);
    if (!is_leak) {
        return;
    }
    Finding finding{"give away", relation.label};
    finding.message = fmt::format("an own row can be made one of {}", tenant(victim.tenant).name);
    finding.remedy =
        "let the policies for UPDATE compare the new row's tenant with the setting (WITH CHECK)";
    Draft draft;
    draft.rows = with_parents(self(), *own);
    for (const auto* row : with_parents(tenant(victim.tenant), *victim.row)) {
        if (row != victim.row) {
            draft.rows.push_back(row);
        }
    }
    draft.absent = {victim.row};
    draft.statement = statement;
    draft.is_question = false;
    draft.is_quiet = is_quiet;
    draft.look = look;
    report(std::move(finding), std::move(draft));
}

/// The row of another is made an own one: where only the new row is compared with the setting, this
/// passes.
void Scene::try_take_over(const Relation& relation, const Victim& victim) {
    const auto& table = *victim.row->table;
    const auto* const own = self().first(table.name);
    const auto sets = own ? assignments(relation, *victim.row, *own) : std::vector<std::string>();
    if (sets.empty()) {
        mark(relation.label, "take over", Mark::no_right);
        return;
    }
    const auto statement = fmt::format("update {} set {}", relation.name, join(sets, ", "));
    std::vector<const Victim*> harmed;
    const auto prepare = [&] { clear_way(table, *victim.row); };
    const auto inspect = [&](const Outcome&) { harmed = changed({&victim}); };
    auto outcome = stage_.attempt(statement, prepare, inspect);
    const bool is_quiet = !outcome.is_done && !outcome.is(insufficient_privilege);
    if (is_quiet) {
        outcome = stage_.attempt_quietly(statement, prepare, inspect);
    }
    mark(relation.label, "take over", !harmed.empty(), outcome);
    if (harmed.empty() || findings_.has("update " + relation.label)) {
        return;
    }
    Finding finding{"take over", relation.label};
    finding.message = fmt::format("a row of {} can be made an own one", tenant(victim.tenant).name);
    finding.remedy =
        "let the policies for UPDATE compare the old row's tenant with the setting (USING)";
    Draft draft;
    draft.rows = with_parents(tenant(victim.tenant), *victim.row);
    draft.harmed = victim.row;
    for (const auto* row : with_parents(self(), *own)) {
        if (row != own) {
            draft.rows.push_back(row);
        }
    }
    draft.absent = {own};
    draft.statement = statement;
    draft.is_question = false;
    draft.is_quiet = is_quiet;
    draft.look = fmt::format("select * from {} where {}", table.name, condition_of(*victim.row));
    report(std::move(finding), std::move(draft));
}

}  // namespace caisson::isolation
