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

void Scene::try_keys() {
    for (const auto& victim : victims_) {
        const auto& table = *victim.row->table;
        if (!setting_.tenancy.isolated.contains(table.name) || !self().first(table.name) ||
            tenant(victim.tenant).first(table.name) != victim.row) {
            continue;
        }
        for (const auto& key : table.keys) {
            // A key with the tenant in it is each tenant's own.
            const bool is_own = std::ranges::any_of(key.columns, [&](const auto& column) {
                return setting_.tenancy.tells(table.name, column);
            });
            if (is_own && !key.is_exclusion) {
                continue;
            }
            if (key.is_plain) {
                try_upsert(table, key, victim);
            }
            try_unique(table, key, victim);
        }
    }
    for (const auto& [name, table] : setting_.shapes) {
        for (const auto& key : table.foreign_keys) {
            for (std::size_t index = 0; index < setting_.islands.tenants.size(); ++index) {
                if (index != actor_.tenant && setting_.tenancy.isolated.contains(key.parent)) {
                    try_reference(table, key, tenant(index));
                }
            }
        }
    }
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

/// An own row under the key of another's: the answer says that it is taken.
void Scene::try_unique(const rows::Table& table, const rows::Key& key, const Victim& victim) {
    const auto* const relation = setting_.subject.find(table.name);
    const auto& own = *self().first(table.name);
    const auto replaced = taken(table, key, victim);
    const auto values = insertable(*relation, own, replaced);
    if (!gives_all(values, replaced)) {
        return;  // The key is none that the role could give.
    }
    const auto statement = rows::insert_of(table, values);
    const auto outcome = stage_.attempt(statement, [&] { stage_.remove(own); });
    if (!outcome.is(unique_violation) && !outcome.is(exclusion_violation)) {
        return;
    }
    if (is_unguessable(table, key.columns, setting_.tenancy)) {
        note_random(key);
        return;
    }
    Finding finding{"unique", key.name};
    finding.severity = Severity::warning;
    finding.message =
        fmt::format("whoever inserts into {} learns whether another tenant has the same {}",
                    relation->label, join(key.columns, ", "));
    finding.remedy = fmt::format(
        "make the key unique for each tenant alone, or do not let the role give these columns; "
        "else "
        "accept it: [isolation.accept] \"{}\" = \"why\"",
        finding.name());
    Draft draft;
    draft.rows = with_parents(self(), own);
    draft.rows.pop_back();
    draft.absent = {&own};
    for (const auto* row : with_parents(tenant(victim.tenant), *victim.row)) {
        draft.rows.push_back(row);
    }
    draft.statement = statement;
    draft.refusal = outcome.sqlstate;
    draft.is_question = false;
    report(std::move(finding), std::move(draft));
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

/// An own row that refers to another's: that it is taken says that the other is there, and ties it.
void Scene::try_reference(const rows::Table& table, const rows::ForeignKey& key,
                          const Tenant& other) {
    const auto* const relation = setting_.subject.find(table.name);
    const auto* const parent = other.first(key.parent);
    if (!relation || rights_on(*relation).insert.empty() || !parent) {
        return;
    }
    rows::Values replaced;
    for (std::size_t index = 0; index < key.columns.size(); ++index) {
        replaced[key.columns[index]] = parent->value(key.targets[index]);
    }
    const auto* const own = self().first(table.name);
    rows::Values values;
    if (own) {
        values = insertable(*relation, *own, replaced);
    } else {
        // A table of nobody that may refer to rows of somebody.
        rows::Recipe recipe;
        for (const auto& [name, value] : replaced) {
            recipe.fixed[name] = {value ? pg::literal(*value) : "null"};
        }
        const rows::Tag tag{"y1", 95'001, "00000000-0000-4000-8000-"};
        Row made{&table, {}, false};
        stage_.with_connection([&](pg::Connection& connection) {
            const auto chosen =
                rows::choose(connection, table, rows::choices_for(table, recipe, tag));
            made.values = chosen.value_or(rows::Values{});
        });
        values = insertable(*relation, made);
    }
    const bool may = !values.empty() && std::ranges::all_of(key.columns, [&](const auto& name) {
        return values.contains(name);
    });
    if (!may) {
        return;
    }
    const auto statement = rows::insert_of(table, values);
    Effects effects;
    const auto outcome = stage_.attempt(
        statement,
        [&] {
            if (own) {
                stage_.remove(*own);
            }
        },
        [&](const Outcome&) { effects = this->effects(); });
    if (!outcome.is_done) {
        return;
    }
    Finding finding{"foreign key", key.name};
    finding.severity = Severity::warning;
    finding.message = fmt::format(
        "a row of {} may refer to one of {} in {}: whoever inserts learns that it is there, and "
        "can "
        "stand in the way of its removal",
        relation->label, other.name, setting_.subject.find(key.parent)->label);
    finding.remedy = fmt::format(
        "let the policy of {} ask whether the row that is referred to is visible, or refer to it "
        "together with its tenant; else accept it: [isolation.accept] \"{}\" = \"why\"",
        relation->label, finding.name());
    Draft draft;
    if (own) {
        draft.rows = with_parents(self(), *own);
        draft.rows.pop_back();
        draft.absent = {own};
    }
    for (const auto* row : with_parents(other, *parent)) {
        draft.rows.push_back(row);
    }
    draft.statement = statement;
    draft.is_question = false;
    if (effects.victim) {
        // A trigger went further than the policies let the actor go.
        mark(relation->label, "insert", Mark::leaked);
        Finding wider{"insert", relation->label};
        wider.remedy =
            "let the triggers compare the tenant of what they change with the setting, or make "
            "their functions SECURITY INVOKER";
        report_effects(std::move(wider), effects, draft);
    }
    report(std::move(finding), std::move(draft));
}

}  // namespace caisson::isolation
