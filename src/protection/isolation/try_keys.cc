// SPDX-License-Identifier: Apache-2.0
// Keys and references know no policies: what they answer tells whether a row is there, by
// PostgreSQL's design. Source: PostgreSQL, "Row Security Policies": referential integrity checks,
// such as unique or primary key constraints and foreign key references, always bypass row security.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "protection/isolation/scene.h"

namespace caisson::isolation {
namespace {

constexpr std::string_view unique_violation = "23505";
constexpr std::string_view exclusion_violation = "23P01";
/// Own rows in a table that are tried one by one.
constexpr std::size_t most_rows = 3;

/// With a random number of 128 bits in it, nobody guesses a key that is taken: unless it is the key
/// of something that everybody knows.
bool is_unguessable(const rows::Table& table, const std::vector<std::string>& columns,
                    const Tenancy& tenancy) {
    return std::ranges::any_of(columns, [&](const auto& name) {
        const auto* const column = table.find(name);
        const bool is_known = std::ranges::any_of(table.foreign_keys, [&](const auto& key) {
            return !tenancy.is_tenants(key.parent) &&
                   std::ranges::find(key.columns, name) != key.columns.end();
        });
        return column && column->base == "uuid" && !is_known;
    });
}

bool gives_all(const rows::Values& values, const rows::Values& wanted) {
    return !wanted.empty() && std::ranges::all_of(wanted, [&](const auto& entry) {
        return values.contains(entry.first);
    });
}

}  // namespace

/// What a row must say so as to meet the key of another: the key itself, and what its condition
/// asks, but not whose it is.
rows::Values Scene::taken(const rows::Table& table, const rows::Key& key,
                          const Victim& victim) const {
    rows::Values values;
    for (const auto& column : key.read) {
        const bool is_key = has(key.columns, column);
        if (!is_key && setting_.tenancy.tells(table.name, column)) {
            continue;
        }
        for (const auto& name : table.written_for(column)) {
            values[name] = victim.row->value(name);
        }
    }
    return values;
}

/// Whose row is given the key of another's, or a reference to it.
const Tenant& Scene::giver(std::size_t victim) const {
    return actor_.is_tenant() ? self() : tenant((victim + 1) % setting_.islands.tenants.size());
}

/// To nobody, all tenants are alike: one is enough.
bool Scene::is_probed(std::size_t index) const {
    return actor_.is_tenant() ? index != actor_.tenant : index == 0;
}

void Scene::try_keys() {
    for (const auto& victim : victims_) {
        const auto& table = *victim.row->table;
        if (!setting_.tenancy.isolated.contains(table.name) || !is_probed(victim.tenant) ||
            !giver(victim.tenant).first(table.name) ||
            tenant(victim.tenant).first(table.name) != victim.row) {
            continue;
        }
        for (const auto& key : table.keys) {
            // A key with the tenant in it is each tenant's own; nobody has none of their own.
            const bool is_own =
                actor_.is_tenant() && std::ranges::any_of(key.columns, [&](const auto& column) {
                    return setting_.tenancy.tells(table.name, column);
                });
            if (is_own && !key.is_exclusion) {
                continue;
            }
            if (key.is_plain && actor_.is_tenant()) {
                try_upsert(table, key, victim);
            }
            try_unique(key, victim);
        }
    }
    try_references();
}

/// An own row under the key of another's: does the other row change?
void Scene::try_upsert(const rows::Table& table, const rows::Key& key, const Victim& victim) {
    const auto* const relation = setting_.subject.find(table.name);
    const auto& own = *self().first(table.name);
    const auto replaced = taken(table, key, victim);
    const auto values = insertable(*relation, own, replaced);
    const auto& updates = rights_on(*relation).update;
    const auto changing =
        std::ranges::find_if(updates, [&](const auto& name) { return !replaced.contains(name); });
    if (changing == updates.end() || !gives_all(values, replaced)) {
        mark(relation->label, "upsert", Mark::no_right);
        return;
    }
    const auto statement =
        fmt::format("{} on conflict ({}) do update set {} = excluded.{}",
                    rows::insert_of(table, values), join(key.columns, ", "), *changing, *changing);
    std::vector<const Victim*> harmed;
    const auto outcome = stage_.attempt(
        statement, [&] { stage_.remove(own); },
        [&](const Outcome&) { harmed = changed({&victim}); });
    mark(relation->label, "upsert", !harmed.empty(), outcome);
    if (harmed.empty()) {
        return;
    }
    Finding finding{"upsert", relation->label};
    finding.message =
        fmt::format("INSERT … ON CONFLICT changes a row of {}", tenant(victim.tenant).name);
    finding.remedy =
        "let the policies for UPDATE compare the row's tenant with the setting (USING)";
    Draft draft;
    draft.rows = with_parents(self(), own);
    draft.rows.pop_back();
    draft.absent = {&own};
    draft.harmed = victim.row;
    for (const auto* row : with_parents(tenant(victim.tenant), *victim.row)) {
        draft.rows.push_back(row);
    }
    draft.statement = statement;
    draft.is_question = false;
    draft.look = fmt::format("select * from {} where {}", table.name, condition_of(*victim.row));
    report(std::move(finding), std::move(draft));
}

/// An own row under the key of another's: the answer says that it is taken. Policies may let some
/// rows of one's own pass and not others; where inserting tells, changing tells nothing more.
void Scene::try_unique(const rows::Key& key, const Victim& victim) {
    std::size_t tried = 0;
    for (const auto& own : giver(victim.tenant).rows) {
        if (own.table == victim.row->table && tried < most_rows) {
            ++tried;
            if (try_insert_key(key, victim, own) || try_update_key(key, victim, own)) {
                return;
            }
        }
    }
}

bool Scene::try_insert_key(const rows::Key& key, const Victim& victim, const Row& own) {
    const auto& table = *own.table;
    const auto replaced = taken(table, key, victim);
    const auto values = insertable(*setting_.subject.find(table.name), own, replaced);
    if (!gives_all(values, replaced)) {
        return false;  // The key is none that the role could give.
    }
    const auto statement = rows::insert_of(table, values);
    const auto outcome = stage_.attempt(statement, [&] { stage_.remove(own); });
    Draft draft;
    draft.rows = with_parents(giver(victim.tenant), own);
    draft.rows.pop_back();
    draft.absent = {&own};
    draft.statement = statement;
    return report_key(key, victim, outcome, "inserts into", std::move(draft));
}

/// Without a condition, which would want a right to read: of all rows in the table, only the own
/// one and the other are there.
bool Scene::try_update_key(const rows::Key& key, const Victim& victim, const Row& own) {
    const auto& table = *own.table;
    const auto& relation = *setting_.subject.find(table.name);
    std::vector<std::string> sets;
    for (const auto& [name, value] : taken(table, key, victim)) {
        if (!has(rights_on(relation).update, name)) {
            return false;
        }
        sets.push_back(fmt::format("{} = {}", name, literal_or_null(value)));
    }
    if (sets.empty()) {
        return false;
    }
    const auto statement = fmt::format("update {} set {}", table.name, join(sets, ", "));
    const auto outcome = stage_.attempt(statement, [&] {
        stage_.remove_others({&own, victim.row});
    });
    Draft draft;
    draft.rows = with_parents(giver(victim.tenant), own);
    draft.statement = statement;
    return report_key(key, victim, outcome, "updates", std::move(draft));
}

/// Whether the answer tells.
bool Scene::report_key(const rows::Key& key, const Victim& victim, const Outcome& outcome,
                       const std::string& verb, Draft draft) {
    if (!outcome.is(unique_violation) && !outcome.is(exclusion_violation)) {
        return false;
    }
    const auto& table = *victim.row->table;
    if (is_unguessable(table, key.columns, setting_.tenancy)) {
        note_random(key);
        return true;
    }
    Finding finding{"unique", key.name};
    finding.severity = Severity::warning;
    finding.message =
        fmt::format("whoever {} {} learns whether another tenant has the same {}", verb,
                    setting_.subject.find(table.name)->label, join(key.columns, ", "));
    finding.remedy = fmt::format(
        "make the key unique for each tenant alone, or do not let the role give these columns; "
        "else "
        "accept it: [isolation.accept] \"{}\" = \"why\"",
        finding.name());
    for (const auto* row : with_parents(tenant(victim.tenant), *victim.row)) {
        draft.rows.push_back(row);
    }
    draft.refusal = outcome.sqlstate;
    draft.is_question = false;
    report(std::move(finding), std::move(draft));
    return true;
}

void Scene::note_random(const rows::Key& key) {
    if (auto* const known = findings_.find("unique of uuids")) {
        if (known->message.find(key.name) == std::string::npos) {
            known->message += ", " + key.name;
        }
        return;
    }
    findings_.add(
        {"unique", "of uuids", Severity::info,
         "keys of random numbers answer whether they are taken, and nobody guesses one: " +
             key.name});
}

}  // namespace caisson::isolation
