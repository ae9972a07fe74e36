// SPDX-License-Identifier: Apache-2.0
// What writes a whole table anew, under ACCESS EXCLUSIVE.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/lint/visit.h"

namespace caisson::lint {
namespace {

/// Functions of PostgreSQL that people use in defaults and that give every row the same.
/// Source: pg_proc.provolatile of PostgreSQL 18.
constexpr std::array<std::string_view, 56> steady = {"now",
                                                     "transaction_timestamp",
                                                     "statement_timestamp",
                                                     "current_setting",
                                                     "current_user",
                                                     "session_user",
                                                     "current_database",
                                                     "current_schema",
                                                     "date_trunc",
                                                     "date_part",
                                                     "timezone",
                                                     "to_timestamp",
                                                     "to_date",
                                                     "to_char",
                                                     "to_number",
                                                     "make_date",
                                                     "make_interval",
                                                     "make_timestamp",
                                                     "make_timestamptz",
                                                     "age",
                                                     "lower",
                                                     "upper",
                                                     "initcap",
                                                     "concat",
                                                     "concat_ws",
                                                     "format",
                                                     "trim",
                                                     "btrim",
                                                     "ltrim",
                                                     "rtrim",
                                                     "lpad",
                                                     "rpad",
                                                     "repeat",
                                                     "replace",
                                                     "substr",
                                                     "substring",
                                                     "md5",
                                                     "sha256",
                                                     "encode",
                                                     "decode",
                                                     "length",
                                                     "char_length",
                                                     "abs",
                                                     "round",
                                                     "floor",
                                                     "ceil",
                                                     "trunc",
                                                     "power",
                                                     "sqrt",
                                                     "array_fill",
                                                     "jsonb_build_object",
                                                     "jsonb_build_array",
                                                     "json_build_object",
                                                     "json_build_array",
                                                     "to_jsonb",
                                                     "to_json"};

std::string function_name(sql::Node call) {
    const auto names = strings_of(call.list("funcname"));
    return names.empty() ? "" : names.back();
}

/// The first function in an expression that may give each row something else; empty: none.
std::string volatile_function(sql::Node expression) {
    std::string found;
    expression.each([&](sql::Node node) {
        if (found.empty() && node.is("FuncCall")) {
            const auto name = function_name(node);
            if (std::find(steady.begin(), steady.end(), name) == steady.end()) {
                found = name;
            }
        }
    });
    return found;
}

/// The text of a default: what stands between DEFAULT and the next clause cannot be cut out by
/// words, so the places of the neighbours decide.
std::string default_text(const Command& command, sql::Node constraint) {
    const auto begin = constraint.location() - command.offset;
    auto end = command.text.size();
    for (const auto& other : command.node["def"].list("constraints")) {
        const auto place = other.location() - command.offset;
        end = place > begin ? std::min(end, place) : end;
    }
    const auto text = trim(command.text.substr(begin, end - begin));
    const auto blank = text.find_first_of(" \t\r\n(");
    return std::string(trim(text.substr(std::min(blank, text.size()))));
}

void field_with_default(Visit& visit) {
    if (!visit.alters_used_table()) {
        return;
    }
    for (const auto& command : visit.commands()) {
        const auto definition = command.node["def"];
        if (command.type != "AT_AddColumn") {
            continue;
        }
        const auto column = spelled(definition.text("colname"));
        const auto type = type_of(definition["typeName"]).text();
        for (const auto& constraint : definition.list("constraints")) {
            if (constraint.text("contype") == "CONSTR_GENERATED") {
                visit.report(
                    fmt::format("a stored generated column writes all of {} anew", visit.target()),
                    fmt::format("alter table {} add column {} {};\n-- then a trigger that fills "
                                "it, and the old rows in batches",
                                visit.target(), column, type),
                    constraint.location(),
                    command.offset + command.text.size() - constraint.location());
            } else if (constraint.text("contype") == "CONSTR_DEFAULT") {
                const auto function = volatile_function(constraint["raw_expr"]);
                if (!function.empty()) {
                    visit.report(
                        fmt::format(
                            "{}() may give each row another value, so all of {} is written anew",
                            function, visit.target()),
                        fmt::format(
                            "alter table {0} add column {1} {2};\nalter table {0} alter column {1} "
                            "set default {3};\n-- in a later file, in batches\nupdate {0} set {1} "
                            "= default where {1} is null;",
                            visit.target(), column, type, default_text(command, constraint)),
                        constraint.location(),
                        command.offset + command.text.size() - constraint.location());
                }
            }
        }
    }
}

void auto_incrementing(Visit& visit) {
    if (!visit.alters_used_table()) {
        return;
    }
    for (const auto& column : visit.columns()) {
        const auto constraints = column.definition.list("constraints");
        const bool is_identity = std::any_of(
            constraints.begin(), constraints.end(),
            [](const auto& constraint) { return constraint.text("contype") == "CONSTR_IDENTITY"; });
        if (column.how == ColumnPlace::How::added && (column.type.is_serial() || is_identity)) {
            visit.report(
                fmt::format("numbering the rows writes all of {} anew", visit.target()),
                fmt::format("alter table {0} add column {1} bigint;\n-- new rows from a sequence, "
                            "the old ones in batches, then\nalter table {0} alter column {1} set "
                            "default nextval('{2}_{3}_seq');",
                            visit.target(), spelled(column.name),
                            visit.statement()["relation"].text("relname"), column.name),
                column.offset);
        }
    }
}

/// Whether the type change is known to leave the rows alone.
bool is_harmless(Visit& visit, const Command& command) {
    const auto to = type_of(command.node["def"]["typeName"]);
    if (command.node["def"]["raw_default"]) {
        return false;  // USING computes every value.
    }
    const auto* const column = visit.state().column(visit.table(), command.name());
    if (!column) {
        return false;
    }
    if (column->made_in == visit.progress().file) {
        return true;
    }
    const auto is_stamp = [](const Type& type) {
        return type.name == "timestamp" || type.name == "timestamptz";
    };
    return changes_without_rewrite(column->type, to) ||
           (visit.progress().is_utc && is_stamp(column->type) && is_stamp(to) &&
            column->type.modifiers == to.modifiers);
}

void column_type(Visit& visit) {
    if (!visit.alters_used_table()) {
        return;
    }
    for (const auto& command : visit.commands()) {
        if (command.type != "AT_AlterColumnType" || is_harmless(visit, command)) {
            continue;
        }
        const auto* const known = visit.state().column(visit.table(), command.name());
        const auto to = type_of(command.node["def"]["typeName"]).text();
        const auto from = known && !known->type.empty() ? " from " + known->type.text() : "";
        visit.report_at(
            command,
            fmt::format("changing {}{} to {} writes all of {} anew and may break who reads it",
                        spelled(command.name()), from, to, visit.target()),
            fmt::format(
                "alter table {0} add column {1} {2};\n-- write both, fill the old rows in batches, "
                "read the new one, then\nalter table {0} drop column {3};",
                visit.target(), spelled(command.name() + "_new"), to, spelled(command.name())));
    }
}

void storage(Visit& visit) {
    if (!visit.alters_used_table()) {
        return;
    }
    for (const auto& command : visit.commands()) {
        if (command.type == "AT_SetLogged" || command.type == "AT_SetUnLogged" ||
            command.type == "AT_SetAccessMethod" || command.type == "AT_SetTableSpace") {
            visit.report_at(
                command,
                fmt::format("this writes all of {} anew while nobody can read it", visit.target()));
        }
    }
}

}  // namespace

std::vector<Rule> rewrite_rules() {
    using enum platform::LintSeverity;
    constexpr auto family = Family::rewrites;
    return {
        {"adding-field-with-default",
         family,
         error,
         false,
         {"", "add_column_default add_column_default_callable add_column_generated_stored", "PG302",
          ""},
         "a column is added with a volatile default, or stored and generated",
         "Each row gets a value of its own, so the table is written anew under ACCESS EXCLUSIVE. A "
         "default that is the "
         "same for all rows costs nothing.",
         "Add the column, set its default, fill the old rows in batches, then NOT NULL.",
         field_with_default},
        {"adding-auto-incrementing-column",
         family,
         error,
         false,
         {"", "add_column_auto_incrementing", "", ""},
         "a serial or identity column is added to a table in use",
         "All rows are numbered, so the table is written anew under ACCESS EXCLUSIVE.",
         "A plain column with a sequence, filled in batches; or a new table.",
         auto_incrementing},
        {"changing-column-type",
         family,
         error,
         false,
         {"", "change_column change_column_with_not_null change_column_constraint", "PG301", ""},
         "a column changes its type",
         "The table and its indexes are written anew under ACCESS EXCLUSIVE, and programs still "
         "expect the old type. Not "
         "reported where earlier files tell the old type and the rows can stay: longer varchar, "
         "varchar to text, more "
         "digits of numeric, finer timestamps, timestamp to timestamptz while timezone is UTC.",
         "A new column, written beside the old one, filled in batches.",
         column_type},
        {"rewriting-table",
         family,
         error,
         false,
         {},
         "SET LOGGED, SET UNLOGGED, SET ACCESS METHOD or SET TABLESPACE on a table in use",
         "The whole table is copied under ACCESS EXCLUSIVE.",
         "A quiet hour, or a new table.",
         storage},
    };
}

}  // namespace caisson::lint
