// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/draft/statements.h"

namespace caisson::draft {
namespace {

bool has(const std::vector<std::string>& list, const std::string& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

/// Values are added in their place; nothing else can be done to an enum as it stands.
std::optional<std::string> added_values(const Object& from, const Object& to) {
    const auto before = list_of(from.definition);
    const auto after = list_of(to.definition);
    std::string sql;
    std::size_t next = 0;
    for (std::size_t i = 0; i < after.size(); ++i) {
        if (next < before.size() && before[next] == after[i]) {
            ++next;
            continue;
        }
        if (has(before, after[i])) {
            return std::nullopt;  // They stand in another order.
        }
        sql += fmt::format("alter type {} add value {}{};\n", to.name, after[i],
                           i == 0 ? before.empty() ? "" : " before " + before[0]
                           : i + 1 < after.size() || next < before.size() ? " after " + after[i - 1]
                                                                          : "");
    }
    return next == before.size() ? std::optional(sql) : std::nullopt;
}

/// A new type in place of the old one, to which every column goes by way of text.
Change exchanged_enum(const Object& from, const Object& to, const Catalog& a, const Catalog& b) {
    Change change;
    change.edit.key = to.key();
    change.edit.loses_data = true;
    change.edit.note =
        "rewrites the tables that use the type; fails where a value that goes is still in use";
    change.rebuilds_dependents = true;
    const auto [space, own] = schema::split_name(to.name);
    const std::string old = "caisson_old_type";
    auto& sql = change.edit.sql;
    sql = fmt::format("alter type {} rename to {};\ncreate type {} as enum ({});\n", from.name, old,
                      to.name, to.definition);
    for (const auto& [key, column] : b.objects()) {
        const auto* before = column->kind == "column" ? a.find(key) : nullptr;
        if (!before || !has(before->needs, from.key()) || !has(column->needs, to.key())) {
            continue;
        }
        const auto was = parse_column(before->definition);
        const auto is = parse_column(column->definition);
        if (was.type != is.type || !is.generated.empty()) {
            continue;
        }
        const auto alter =
            fmt::format("alter table {} alter column {} ", parent_of(*column), own_name(*column));
        const bool is_array = is.type.size() > 2 && is.type.substr(is.type.size() - 2) == "[]";
        sql += was.expression.empty() ? "" : alter + "drop default;\n";
        sql += alter + fmt::format("type {} using {}::text{}::{};\n", is.type, own_name(*column),
                                   is_array ? "[]" : "", is.type);
        sql += is.expression.empty() ? "" : alter + fmt::format("set default {};\n", is.expression);
    }
    sql += fmt::format("drop type {}.{};\n", space, old);
    return change;
}

/// Attributes go, change and come at the end.
std::optional<Change> alter_type(const Object& from, const Object& to) {
    const auto name_of = [](const std::string& attribute) {
        return attribute.substr(0, find_outside(attribute, " "));
    };
    const auto before = list_of(from.definition);
    const auto after = list_of(to.definition);
    std::vector<std::string> names;
    for (const auto& attribute : after) {
        names.push_back(name_of(attribute));
    }
    Change change;
    change.edit.key = to.key();
    const auto alter = fmt::format("alter type {} ", to.name);
    std::vector<std::string> kept;
    for (const auto& attribute : before) {
        if (!has(names, name_of(attribute))) {
            change.edit.sql += alter + fmt::format("drop attribute {};\n", name_of(attribute));
            change.edit.loses_data = true;
            change.edit.note = "what stands in the attribute is lost";
        } else {
            kept.push_back(attribute);
        }
    }
    for (std::size_t i = 0; i < after.size(); ++i) {
        if (i >= kept.size()) {
            change.edit.sql += alter + fmt::format("add attribute {};\n", after[i]);
        } else if (name_of(kept[i]) != names[i]) {
            return std::nullopt;
        } else if (kept[i] != after[i]) {
            change.edit.sql += alter + fmt::format("alter attribute {} type{};\n", names[i],
                                                   after[i].substr(names[i].size()));
            change.rebuilds_dependents = true;
        }
    }
    return change;
}

std::optional<std::string> alter_domain(const Object& from, const Object& to) {
    const auto a = parse_column(from.definition);
    const auto b = parse_column(to.definition);
    // Of a domain the default stands before NOT NULL.
    const auto parts = [](Column column) {
        const auto end = column.expression.rfind(" not null");
        if (end != std::string::npos && end + 9 == column.expression.size()) {
            column.expression.resize(end);
            column.not_null = true;
        }
        return column;
    };
    const auto was = parts(a);
    const auto is = parts(b);
    if (was.type != is.type || was.collation != is.collation) {
        return std::nullopt;
    }
    const auto alter = fmt::format("alter domain {} ", to.name);
    std::string sql;
    if (was.expression != is.expression) {
        sql += alter + (is.expression.empty() ? "drop default" : "set default " + is.expression) +
               ";\n";
    }
    if (was.not_null != is.not_null) {
        sql += alter + (is.not_null ? "set not null" : "drop not null") + ";\n";
    }
    return sql;
}

std::optional<std::string> alter_constraint(const Object& from, const Object& to) {
    return from.definition == to.definition + " NOT VALID"
               ? std::optional(fmt::format("alter table {} validate constraint {};\n",
                                           parent_of(to), own_name(to)))
               : std::nullopt;
}

/// CREATE OR REPLACE keeps what depends on a function, and may not change what it gives back.
std::optional<std::string> alter_function(const Object& from, const Object& to) {
    const auto head = [](const std::string& definition) {
        return definition.substr(0, definition.find("\n LANGUAGE"));
    };
    return head(from.definition) == head(to.definition) ? std::optional(to.definition + ";\n")
                                                        : std::nullopt;
}

std::optional<std::string> alter_state(const Object& from, const Object& to) {
    const auto [was, old_state] = without_state(from.definition);
    const auto [is, state] = without_state(to.definition);
    if (was != is) {
        return std::nullopt;
    }
    const auto verb = state == "disabled"  ? "disable"
                      : state == "always"  ? "enable always"
                      : state == "replica" ? "enable replica"
                                           : "enable";
    return to.kind == "event trigger" ? fmt::format("alter event trigger {} {};\n", to.name, verb)
                                      : fmt::format("alter table {} {} {} {};\n", parent_of(to),
                                                    verb, to.kind, own_name(to));
}

std::optional<std::string> alter_sequence(const Object& from, const Object& to) {
    const bool was_unlogged = from.definition.rfind("unlogged ", 0) == 0;
    const bool is_unlogged = to.definition.rfind("unlogged ", 0) == 0;
    std::string sql;
    if (was_unlogged != is_unlogged) {
        sql = fmt::format("alter sequence {} set {};\n", to.name,
                          is_unlogged ? "unlogged" : "logged");
    }
    const auto rest = to.definition.substr(is_unlogged ? 9 : 0);
    const bool cycles = rest.size() > 6 && rest.substr(rest.size() - 6) == " cycle";
    return sql + fmt::format("alter sequence {} {}{};\n", to.name, rest, cycles ? "" : " no cycle");
}

std::optional<std::string> alter_table(const Object& from, const Object& to) {
    const auto logged = [](std::string definition) {
        const bool is_unlogged = definition.rfind("unlogged ", 0) == 0;
        return std::pair{is_unlogged, definition.substr(is_unlogged ? 9 : 0)};
    };
    const auto [was_unlogged, was] = logged(from.definition);
    const auto [is_unlogged, is] = logged(to.definition);
    if (was != is) {
        return std::nullopt;
    }
    return fmt::format("alter table {} set {};\n", to.name, is_unlogged ? "unlogged" : "logged");
}

}  // namespace

std::optional<Change> alter(const Object& from, const Object& to, const Catalog& a,
                            const Catalog& b) {
    const auto& kind = to.kind;
    if (kind == "column") {
        return alter_column(from, to);
    }
    if (kind == "type") {
        return alter_type(from, to);
    }
    std::optional<std::string> sql;
    if (kind == "enum") {
        sql = added_values(from, to);
        if (!sql) {
            return exchanged_enum(from, to, a, b);
        }
    } else if (kind == "domain") {
        sql = alter_domain(from, to);
    } else if (kind == "constraint") {
        sql = alter_constraint(from, to);
    } else if (kind == "function" || kind == "procedure") {
        sql = alter_function(from, to);
    } else if (is_any(kind, {"trigger", "rule", "event trigger"})) {
        sql = alter_state(from, to);
    } else if (kind == "sequence") {
        sql = alter_sequence(from, to);
    } else if (kind == "table") {
        sql = alter_table(from, to);
    } else if (kind == "column order") {
        sql = "";
    } else if (kind == "extension") {
        sql = fmt::format("alter extension {} set {};\n", to.name, to.definition);
    } else if (kind == "grant") {
        sql = revoke_sql(from, a) + create(to, b, false).sql;
    } else if (kind == "storage parameters" || kind == "column setting") {
        sql = drop(from, a).sql + create(to, b, false).sql;
    } else if (is_any(kind,
                      {"comment", "owner", "default privilege", "row security", "replica identity",
                       "clustering", "view default", "inherited column", "sequence ownership"})) {
        sql = create(to, b, false).sql;
    }
    if (!sql) {
        return std::nullopt;
    }
    Change change;
    change.edit.key = to.key();
    change.edit.sql = *sql;
    return change;
}

}  // namespace caisson::draft
