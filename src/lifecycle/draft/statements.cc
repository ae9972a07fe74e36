// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/draft/statements.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::draft {
namespace {

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool starts_with(std::string_view text, std::string_view start) {
    return text.rfind(start, 0) == 0;
}

constexpr std::string_view invalid = " (invalid)";
constexpr std::string_view disabled = " (triggers disabled)";

/// A definition without what is said of the object's state besides.
std::string without(std::string_view state, const std::string& definition) {
    return ends_with(definition, state) ? definition.substr(0, definition.size() - state.size())
                                        : definition;
}

/// `unlogged table partition by …` as `create unlogged table NAME (…) partition by …`, with the
/// columns and the parents of the table.
std::string create_table(const Object& object, const Catalog& to) {
    const auto& definition = object.definition;
    const auto word = find_outside(definition, "table");
    const auto opening =
        fmt::format("create {}{}", definition.substr(0, word + 5), " ") + object.name;
    auto rest = definition.substr(word + 5);
    if (const auto* partition = to.find("partition " + object.name)) {
        return fmt::format("{} partition {}{};\n", opening, partition->definition, rest);
    }
    if (starts_with(rest, " of ")) {
        return opening + rest + ";\n";
    }
    std::string sql = opening + " (";
    bool first = true;
    for (const auto* column : to.columns(object.name)) {
        sql += fmt::format("{}\n    {} {}", first ? "" : ",", own_name(*column),
                           replace_all(column->definition, " not null not valid", " not null"));
        first = false;
    }
    sql += first ? ")" : "\n)";
    if (const auto* inheritance = to.find("inheritance " + object.name)) {
        sql += fmt::format(" inherits ({})", inheritance->definition.substr(3));
    }
    return sql + rest + ";\n";
}

std::string create_constraint(const Object& object, const Catalog&, bool is_new,
                              std::string& note) {
    const auto definition = without(disabled, object.definition);
    const auto alter = fmt::format("alter table {} ", parent_of(object));
    const auto own = own_name(object);
    const bool checks_rows =
        starts_with(definition, "FOREIGN KEY") || starts_with(definition, "CHECK");
    if (!is_new && checks_rows && !ends_with(definition, "NOT VALID") &&
        !ends_with(definition, "NOT ENFORCED")) {
        note = "added first, validated after, so that the table is not locked while it is read";
        return fmt::format("{0}add constraint {1} {2} not valid;\n{0}validate constraint {1};\n",
                           alter, own, definition);
    }
    if (!is_new && !checks_rows) {
        note = "locks the table while its index is built";
    }
    return fmt::format("{}add constraint {} {};\n", alter, own, definition);
}

std::string state_sql(const std::string& alter, const std::string& what, const std::string& state) {
    const auto verb = state == "disabled"  ? "disable "
                      : state == "always"  ? "enable always "
                      : state == "replica" ? "enable replica "
                                           : "enable ";
    return alter + verb + what + ";\n";
}

/// Triggers and rules.
std::string create_with_state(const Object& object) {
    const auto [definition, state] = without_state(object.definition);
    auto sql = definition + ";\n";
    if (!state.empty()) {
        sql += state_sql(fmt::format("alter table {} ", parent_of(object)),
                         fmt::format("{} {}", object.kind, own_name(object)), state);
    }
    return sql;
}

std::string event_state_sql(const std::string& name, const std::string& state) {
    return fmt::format("alter event trigger {} {};\n", name,
                       state == "disabled"  ? "disable"
                       : state == "always"  ? "enable always"
                       : state == "replica" ? "enable replica"
                                            : "enable");
}

/// `storage external instead of extended; statistics 5` as clauses of ALTER TABLE, or what takes
/// them back.
std::string setting_sql(const Object& object, const Catalog& catalog, bool is_removed) {
    const auto kind = catalog.relation_kind(parent_of(object));
    const auto alter =
        fmt::format("alter {} {} alter column {} ", kind, parent_of(object), own_name(object));
    std::string sql;
    for (std::string_view rest = object.definition; !rest.empty();) {
        const auto end = std::min(find_outside(rest, "; "), rest.size());
        const std::string part(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 2, rest.size()));
        const auto value = part.substr(part.find(' ') + 1);
        if (starts_with(part, "storage ")) {
            const auto or_else = value.find(" instead of ");
            sql += alter + "set storage " +
                   (is_removed ? value.substr(or_else + 12) : value.substr(0, or_else)) + ";\n";
        } else if (starts_with(part, "compression ")) {
            sql += alter + "set compression " + (is_removed ? "default" : value) + ";\n";
        } else if (starts_with(part, "statistics ")) {
            sql += alter + "set statistics " + (is_removed ? "-1" : value) + ";\n";
        } else if (starts_with(part, "foreign options ")) {
            sql += alter + part.substr(8) + ";\n";
        } else {
            auto list = value;
            if (is_removed) {
                std::vector<std::string> names;
                for (const auto& option : list_of(value.substr(1, value.size() - 2))) {
                    names.push_back(option.substr(0, option.find('=')));
                }
                list = "(" + join(names, ", ") + ")";
            }
            sql += alter + (is_removed ? "reset " : "set ") + list + ";\n";
        }
    }
    return sql;
}

std::string row_security_sql(const std::string& table, const std::string& definition) {
    const bool enabled = definition.find("enabled") != std::string::npos;
    const bool forced = definition.find("forced") != std::string::npos;
    return fmt::format(
        "alter table {0} {1} row level security;\nalter table {0} {2} row level "
        "security;\n",
        table, enabled ? "enable" : "disable", forced ? "force" : "no force");
}

std::string parameter_names(const std::string& definition) {
    std::vector<std::string> names;
    for (const auto& option : list_of(definition)) {
        names.push_back(option.substr(0, option.find('=')));
    }
    return join(names, ", ");
}

std::string create_text_search(const Object& object) {
    std::string sql;
    const auto parts = split(replace_all(object.definition, "; ", "\n"), '\n');
    for (const auto& part : parts) {
        sql += sql.empty()
                   ? fmt::format("create text search configuration {} ({});\n", object.name, part)
                   : fmt::format("alter text search configuration {} add mapping for {};\n",
                                 object.name, part);
    }
    return sql;
}

/// `own on table` of policies and the like.
std::string on_parent(const Object& object) {
    return fmt::format("{} on {}", own_name(object), parent_of(object));
}

}  // namespace

bool is_folded(std::string_view kind) {
    return is_any(kind, {"column", "inheritance", "partition", "column order"});
}

Edit create(const Object& object, const Catalog& to, bool is_new) {
    Edit edit;
    edit.key = object.key();
    const auto& [kind, name, definition, needs] = object;
    auto& sql = edit.sql;
    if (kind == "table") {
        sql = create_table(object, to);
    } else if (kind == "column") {
        sql = fmt::format("alter table {} add column {} {};\n", parent_of(object), own_name(object),
                          replace_all(definition, " not null not valid", " not null"));
        const auto column = parse_column(definition);
        if (column.not_null && column.expression.empty() && column.identity.empty() &&
            column.generated.empty()) {
            edit.note = "fails where the table has rows: they have no value for it";
        }
    } else if (kind == "inherited column") {
        sql = alter_inherited(object, definition);
    } else if (kind == "inheritance") {
        sql = fmt::format("alter table {} inherit {};\n", name, definition.substr(3));
    } else if (kind == "partition") {
        const auto bound =
            std::min(find_outside(definition, " FOR VALUES"), find_outside(definition, " DEFAULT"));
        sql = fmt::format("alter table {} attach partition {}{};\n",
                          definition.substr(3, bound - 3), name, definition.substr(bound));
    } else if (kind == "row security") {
        sql = row_security_sql(name, definition);
    } else if (kind == "replica identity") {
        sql = fmt::format("alter {} {} replica identity {};\n", to.relation_kind(name), name,
                          definition);
    } else if (kind == "clustering") {
        sql = fmt::format("alter {} {} cluster {};\n", to.relation_kind(name), name, definition);
    } else if (kind == "storage parameters") {
        sql = fmt::format("alter {} {} set ({});\n", to.relation_kind(name), name, definition);
    } else if (kind == "column setting") {
        sql = setting_sql(object, to, false);
    } else if (kind == "population") {
        sql = fmt::format("refresh materialized view {} with no data;\n", name);
    } else if (kind == "view default") {
        sql = fmt::format("alter view {} alter column {} set default {};\n", parent_of(object),
                          own_name(object), definition);
    } else if (kind == "constraint") {
        sql = create_constraint(object, to, is_new, edit.note);
    } else if (kind == "domain constraint") {
        sql = fmt::format("alter domain {} add constraint {} {};\n", parent_of(object),
                          own_name(object), definition);
    } else if (kind == "index") {
        sql = without(invalid, definition) + ";\n";
        if (!is_new) {
            edit.note =
                "blocks writes while it is built; on a large table: CREATE INDEX CONCURRENTLY, in "
                "a file with \"-- caisson: no-transaction\"";
        }
    } else if (kind == "trigger" || kind == "rule") {
        sql = create_with_state(object);
    } else if (kind == "policy") {
        sql = fmt::format("create policy {} as {};\n", on_parent(object), definition);
    } else if (kind == "event trigger") {
        const auto [event, state] = without_state(definition);
        sql = fmt::format("create event trigger {} {};\n", name, event);
        sql += state.empty() ? "" : event_state_sql(name, state);
    } else if (kind == "statistics") {
        const auto target = definition.rfind(" target ");
        sql = definition.substr(0, target) + ";\n";
        if (target != std::string::npos) {
            sql += fmt::format("alter statistics {} set statistics {};\n", name,
                               definition.substr(target + 8));
        }
    } else if (kind == "function" || kind == "procedure") {
        sql = definition + ";\n";
    } else if (kind == "enum") {
        sql = fmt::format("create type {} as enum ({});\n", name, definition);
    } else if (kind == "type") {
        sql = fmt::format("create type {} as ({});\n", name, definition);
    } else if (kind == "range") {
        sql = fmt::format("create type {} as range ({});\n", name, definition);
    } else if (kind == "base type") {
        sql = definition == "shell" ? fmt::format("create type {};\n", name)
                                    : fmt::format("create type {} ({});\n", name, definition);
    } else if (kind == "domain") {
        sql = fmt::format("create domain {} as {};\n", name, definition);
    } else if (kind == "view" || kind == "materialized view") {
        sql = fmt::format("create {} {} {};\n", kind, name, definition);
    } else if (kind == "sequence") {
        const bool unlogged = starts_with(definition, "unlogged ");
        sql = fmt::format("create {}sequence {} {};\n", unlogged ? "unlogged " : "", name,
                          definition.substr(unlogged ? 9 : 0));
    } else if (kind == "sequence ownership") {
        sql = fmt::format("alter sequence {} owned {};\n", name, definition);
    } else if (is_any(kind, {"aggregate", "collation", "text search parser", "text search template",
                             "text search dictionary"})) {
        sql = fmt::format("create {} {} ({});\n", kind, name, definition);
    } else if (kind == "operator") {
        sql =
            fmt::format("create operator {} ({});\n", name.substr(0, name.find(" (")), definition);
    } else if (kind == "operator class") {
        sql = fmt::format("create operator class {} {};\n", name.substr(0, name.find(" using ")),
                          definition);
    } else if (kind == "text search configuration") {
        sql = create_text_search(object);
    } else if (kind == "conversion") {
        const bool is_default = starts_with(definition, "default ");
        sql = fmt::format("create {}conversion {} {};\n", is_default ? "default " : "", name,
                          definition.substr(is_default ? 8 : 0));
    } else if (kind == "extension") {
        sql = fmt::format("create extension if not exists {} {};\n", name, definition);
    } else if (kind == "language") {
        const bool trusted = starts_with(definition, "trusted");
        sql = fmt::format("create {}language {} {};\n", trusted ? "trusted " : "", name,
                          trim(definition.substr(trusted ? 7 : 0)));
    } else if (kind == "transform") {
        sql = fmt::format("create transform {} ({});\n", name, definition);
    } else if (kind == "comment") {
        sql = comment_sql(object, to, false);
    } else if (kind == "owner") {
        sql = owner_sql(object, to);
    } else if (kind == "grant") {
        sql = grant_sql(object, to);
    } else if (kind == "default privilege") {
        sql = default_privilege_sql(object, true);
    } else if (kind == "subscription" || hides_secret(object)) {
        edit.note = fmt::format(
            "{} {} is to be made by hand: a snapshot does not keep how to connect", kind, name);
    } else {
        // What needs no other form: schema, cast, publication, server, user mapping, …
        sql = create_plainly(object);
        if (kind == "user mapping") {
            edit.note = hidden_options;
        }
    }
    if (!sql.empty() && hides_secret(object)) {
        edit.note = hidden_secret;
    }
    return edit;
}

bool hides_secret(const Object& object) {
    return is_any(object.kind, {"foreign data wrapper", "server", "table", "column setting"}) &&
           find_outside(object.definition, "options (") != std::string::npos &&
           object.definition.find(" '***'") != std::string::npos;
}

std::string create_plainly(const Object& object) {
    return fmt::format("create {} {}{}{};\n", object.kind, object.name,
                       object.definition.empty() ? "" : " ", object.definition);
}

Edit drop(const Object& object, const Catalog& from) {
    Edit edit;
    edit.key = object.key();
    const auto& [kind, name, definition, needs] = object;
    auto& sql = edit.sql;
    if (kind == "column" || kind == "constraint") {
        sql =
            fmt::format("alter table {} drop {} {};\n", parent_of(object), kind, own_name(object));
        edit.loses_data = kind == "column";
    } else if (kind == "inherited column") {
        if (const auto* parent = from.parent_column(name)) {
            sql = alter_inherited(object, parent->definition);
        }
    } else if (kind == "inheritance") {
        sql = fmt::format("alter table {} no inherit {};\n", name, definition.substr(3));
    } else if (kind == "partition") {
        const auto bound =
            std::min(find_outside(definition, " FOR VALUES"), find_outside(definition, " DEFAULT"));
        sql = fmt::format("alter table {} detach partition {};\n", definition.substr(3, bound - 3),
                          name);
    } else if (kind == "row security") {
        sql = row_security_sql(name, "");
    } else if (kind == "replica identity") {
        sql =
            fmt::format("alter {} {} replica identity default;\n", from.relation_kind(name), name);
    } else if (kind == "clustering") {
        sql = fmt::format("alter {} {} set without cluster;\n", from.relation_kind(name), name);
    } else if (kind == "storage parameters") {
        sql = fmt::format("alter {} {} reset ({});\n", from.relation_kind(name), name,
                          parameter_names(definition));
    } else if (kind == "column setting") {
        sql = setting_sql(object, from, true);
    } else if (kind == "population") {
        sql = fmt::format("refresh materialized view {};\n", name);
    } else if (kind == "view default") {
        sql = fmt::format("alter view {} alter column {} drop default;\n", parent_of(object),
                          own_name(object));
    } else if (kind == "domain constraint") {
        sql = fmt::format("alter domain {} drop constraint {};\n", parent_of(object),
                          own_name(object));
    } else if (kind == "index") {
        sql = fmt::format("drop index {}.{};\n", schema::split_name(parent_of(object)).first,
                          own_name(object));
    } else if (is_any(kind, {"trigger", "rule", "policy"})) {
        sql = fmt::format("drop {} {};\n", kind, on_parent(object));
    } else if (kind == "table") {
        sql = fmt::format("drop {} {};\n", from.relation_kind(name), name);
        edit.loses_data = from.relation_kind(name) == "table";
    } else if (is_any(kind, {"enum", "type", "range", "base type"})) {
        sql = fmt::format("drop type {};\n", name);
    } else if (kind == "sequence ownership") {
        sql = fmt::format("alter sequence {} owned by none;\n", name);
    } else if (kind == "comment") {
        sql = comment_sql(object, from, true);
    } else if (kind == "grant") {
        sql = taken_back_sql(object, from);
    } else if (kind == "default privilege") {
        sql = default_privilege_sql(object, false);
    } else if (kind == "owner" || kind == "column order") {
        // There is always one.
    } else {
        sql = fmt::format("drop {} {};\n", kind, name);
    }
    if (edit.loses_data) {
        edit.note = kind == "column" ? "what stands in the column is lost"
                                     : "the rows of the table are lost";
    }
    return edit;
}

}  // namespace caisson::draft
