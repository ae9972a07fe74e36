// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/draft/statements.h"

namespace caisson::draft {
namespace {

/// Whether each value of the one type is one of the other, without loss. Types as the server words
/// them.
bool holds_every_value(const std::string& from, const std::string& to) {
    static const std::vector<std::vector<std::string>> widening = {
        {"smallint", "integer", "bigint", "numeric"}, {"real", "double precision"}};
    for (const auto& types : widening) {
        const auto narrow = std::ranges::find(types, from);
        if (narrow != types.end() && std::find(narrow, types.end(), to) != types.end()) {
            return true;
        }
    }
    return from.starts_with("character varying") && (to == "text" || to == "character varying");
}

std::string default_clause(const Column& column) {
    return column.expression.empty() ? "drop default" : "set default " + column.expression;
}

}  // namespace

std::optional<Change> alter_column(const Object& from, const Object& to) {
    const auto a = parse_column(from.definition);
    const auto b = parse_column(to.definition);
    const auto alter = fmt::format("alter table {} alter column {} ", parent_of(to), own_name(to));
    Change change;
    change.edit.key = to.key();
    auto& sql = change.edit.sql;
    const auto add = [&](const std::string& what) { sql += alter + what + ";\n"; };
    const auto note = [&](const std::string& text) {
        change.edit.note += (change.edit.note.empty() ? "" : "; ") + text;
    };
    if (a.generated != b.generated) {
        if (!b.generated.empty() || a.generated.find(" virtual") != std::string::npos) {
            return std::nullopt;
        }
        add("drop expression");
    }
    const bool retyped = a.type != b.type || a.collation != b.collation;
    if (retyped && !b.generated.empty()) {
        return std::nullopt;
    }
    if (!a.identity.empty() && b.identity.empty()) {
        add("drop identity");
    }
    // A default of the old type may have no cast to the new one.
    if (!a.expression.empty() && (retyped || b.expression.empty())) {
        add("drop default");
    }
    if (retyped) {
        add(fmt::format("type {}{} using {}::{}", b.type,
                        b.collation.empty() ? "" : " collate " + b.collation, own_name(to),
                        b.type));
        change.rebuilds_dependents = true;
        change.edit.loses_data = !holds_every_value(a.type, b.type);
        note(fmt::format(
            "{} becomes {}: rewrites the table under a lock unless the types are stored alike{}",
            a.type, b.type,
            change.edit.loses_data ? "; values that do not fit are refused or cut" : ""));
    }
    if (!b.expression.empty() && (retyped || a.expression != b.expression)) {
        add(default_clause(b));
    }
    if (a.not_null && (!b.not_null || (a.is_validated && !b.is_validated))) {
        add("drop not null");
    }
    if (b.not_null && !b.is_validated && (!a.not_null || a.is_validated)) {
        sql +=
            fmt::format("alter table {} add not null {} not valid;\n", parent_of(to), own_name(to));
    } else if (b.not_null && (!a.not_null || !a.is_validated)) {
        add("set not null");
        note("reads the whole table under a lock, and fails where it finds NULL");
    }
    if (!b.identity.empty() && a.identity.empty()) {
        add(fmt::format("add generated {} as identity{}", b.identity,
                        b.options.empty() ? "" : " (" + b.options + ")"));
    } else if (!b.identity.empty() && a.identity != b.identity) {
        add("set generated " + b.identity);
    }
    if (!a.identity.empty() && !b.identity.empty() && a.options != b.options) {
        // What is not said goes back to what a new sequence has: made anew, it says just that.
        add("drop identity");
        add(fmt::format("add generated {} as identity{}", b.identity,
                        b.options.empty() ? "" : " (" + b.options + ")"));
        note("the column counts from its start again");
    }
    return change;
}

std::string alter_inherited(const Object& column, const std::string& definition) {
    const auto parts = parse_column(definition);
    const auto alter =
        fmt::format("alter table {} alter column {} ", parent_of(column), own_name(column));
    std::string sql;
    if (parts.generated.empty()) {
        sql += alter + default_clause(parts) + ";\n";
    }
    sql += alter + (parts.not_null ? "set not null" : "drop not null") + ";\n";
    return sql;
}

}  // namespace caisson::draft
