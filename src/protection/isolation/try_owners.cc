// SPDX-License-Identifier: Apache-2.0
// Rows that change hands: made for another, given away, taken over.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "protection/isolation/scene.h"

namespace caisson::isolation {
namespace {

constexpr std::string_view feature_not_supported = "0A000";
/// Own rows that are tried one by one.
constexpr std::size_t most_rows = 12;

}  // namespace

/// The very row of another tenant, put there by the actor: nothing but policies can refuse it.
bool Scene::try_insert(const Relation& relation, const Victim& victim) {
    const auto& row = *victim.row;
    const auto values = insertable(relation, row);
    if (values.empty()) {
        mark(relation.label, "insert", Mark::untried, "its columns have names of their own");
        return false;
    }
    const auto statement =
        rows::insert_of(*row.table, values, relation.name == row.table->name ? "" : relation.name);
    // Found by whose it is, not by its key: the role, or a trigger, may give another one.
    const auto owner = condition_of_owner(row);
    const auto theirs = owner.empty() ? condition_of(row) : owner;
    std::int64_t before = 0;
    bool is_theirs = false;
    const auto outcome = stage_.insist(
        statement,
        [&] {
            stage_.remove(row);
            before = count(*row.table, theirs);
        },
        [&](const Outcome&) { is_theirs = count(*row.table, theirs) > before; });
    const bool is_leak = outcome.is_done ? is_theirs : outcome.has_passed_policies();
    mark(relation.label, "insert", is_leak, outcome);
    if (!is_leak) {
        return false;
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
    draft.is_quiet = outcome.is_quiet;
    report(std::move(finding), std::move(draft));
    return true;
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
    // Where policies bind the role, it is not supported at all.
    if (outcome.is(feature_not_supported)) {
        mark(relation.label, "copy in", Mark::held);
    } else {
        mark(relation.label, "copy in", is_leak, outcome);
    }
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
            return setting_.tenancy.is_tenants(key.parent) && has(key.columns, column.name);
        });
        const bool tells = setting_.tenancy.tells(table.name, column.name) || is_reference;
        if (column.generated.empty() && tells && has(rights_on(relation).update, column.name) &&
            to.value(column.name) != from.value(column.name)) {
            sets.push_back(
                fmt::format("{} = {}", column.name, literal_or_null(to.value(column.name))));
        }
    }
    return sets;
}

/// An own row is made another tenant's. Without a condition: only the own one is there.
void Scene::try_give_away(const Relation& relation, const Victim& victim) {
    std::size_t tried = 0;
    bool is_leak = false;
    for (const auto& own : self().rows) {
        if (own.table == victim.row->table && !is_leak && tried < most_rows) {
            ++tried;
            is_leak = try_give_away(relation, victim, own);
        }
    }
    if (tried == 0) {
        mark(relation.label, "give away", Mark::no_right);
    }
}

bool Scene::try_give_away(const Relation& relation, const Victim& victim, const Row& own) {
    const auto& table = *victim.row->table;
    const auto sets = assignments(relation, own, *victim.row);
    if (sets.empty()) {
        mark(relation.label, "give away", Mark::no_right);
        return false;
    }
    const auto statement = fmt::format("update {} set {}", relation.name, join(sets, ", "));
    const auto owner = condition_of_owner(*victim.row);
    const auto look =
        fmt::format("select * from {} where {}", table.name, owner.empty() ? "true" : owner);
    bool is_given = false;
    const auto outcome = stage_.insist(
        statement, [&] { stage_.remove_others(own); },
        [&](const Outcome& done) { is_given = done.affected > 0 && !stage_.ask(look).empty(); });
    const bool is_leak = is_given || outcome.has_passed_policies();
    mark(relation.label, "give away", is_leak, outcome);
    if (!is_leak) {
        return false;
    }
    Finding finding{"give away", relation.label};
    finding.message = fmt::format("an own row can be made one of {}", tenant(victim.tenant).name);
    finding.remedy =
        "let the policies for UPDATE compare the new row's tenant with the setting (WITH CHECK)";
    Draft draft;
    draft.rows = with_parents(self(), own);
    for (const auto* row : with_parents(tenant(victim.tenant), *victim.row)) {
        if (row != victim.row) {
            draft.rows.push_back(row);
        }
    }
    draft.absent = {victim.row};
    draft.statement = statement;
    draft.is_question = false;
    draft.is_quiet = outcome.is_quiet;
    draft.look = look;
    report(std::move(finding), std::move(draft));
    return true;
}

/// The row of another is made an own one: where only the new row is compared with the setting, this
/// passes.
bool Scene::try_take_over(const Relation& relation, const Victim& victim) {
    const auto& table = *victim.row->table;
    const auto* const own = self().first(table.name);
    const auto sets = own ? assignments(relation, *victim.row, *own) : std::vector<std::string>();
    if (sets.empty()) {
        mark(relation.label, "take over", Mark::no_right);
        return false;
    }
    const auto statement = fmt::format("update {} set {}", relation.name, join(sets, ", "));
    std::vector<const Victim*> harmed;
    const auto outcome = stage_.insist(
        statement, [&] { stage_.remove_others(*victim.row); },
        [&](const Outcome&) { harmed = changed({&victim}); });
    mark(relation.label, "take over", !harmed.empty(), outcome);
    if (harmed.empty() || findings_.has("update " + relation.label)) {
        return !harmed.empty();
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
    draft.is_quiet = outcome.is_quiet;
    draft.look = fmt::format("select * from {} where {}", table.name, condition_of(*victim.row));
    report(std::move(finding), std::move(draft));
    return true;
}

}  // namespace caisson::isolation
