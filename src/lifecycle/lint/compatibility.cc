// SPDX-License-Identifier: Apache-2.0
// What breaks programs of the release before, which still run while the migration does.
#include <algorithm>

#include <fmt/format.h>

#include "drivers/sql/scanner.h"
#include "lifecycle/lint/visit.h"

namespace caisson::lint {
namespace {

void required_field(Visit& visit) {
    if (!visit.alters_used_table()) {
        return;
    }
    for (const auto& column : visit.columns()) {
        if (column.how != ColumnPlace::How::added) {
            continue;
        }
        bool is_required = false;
        bool has_value = column.type.is_serial();
        for (const auto& constraint : column.definition.list("constraints")) {
            const auto type = constraint.text("contype");
            is_required = is_required || type == "CONSTR_NOTNULL" || type == "CONSTR_PRIMARY";
            has_value = has_value || type == "CONSTR_IDENTITY" || type == "CONSTR_GENERATED" ||
                        (type == "CONSTR_DEFAULT" && !constraint["raw_expr"].flag("isnull"));
        }
        if (is_required && !has_value) {
            const auto name = spelled(column.name);
            visit.report(
                fmt::format("this fails as soon as {} holds a row, and programs that do not know "
                            "{} can insert no more",
                            visit.target(), name),
                fmt::format("alter table {0} add column {1} {2};\n-- write it everywhere, fill the "
                            "old rows in batches, then\nalter table {0} add constraint {3} check "
                            "({1} is not null) not valid;",
                            visit.target(), name, column.type.text(),
                            spelled(column.name + "_not_null")),
                column.offset);
        }
    }
}

bool renames(Visit& visit, std::string_view type) {
    return visit.is("RenameStmt") && visit.statement().text("renameType") == type;
}

void rename_column(Visit& visit) {
    if (!renames(visit, "OBJECT_COLUMN") || visit.is_new(visit.table()) ||
        visit.statement().text("relationType") != "OBJECT_TABLE") {
        return;
    }
    const auto from = spelled(visit.statement().text("subname"));
    const auto to = spelled(visit.statement().text("newname"));
    visit.report(
        fmt::format("programs that know {} fail from here on", from),
        fmt::format(
            "alter table {0} add column {1} …;  -- the type of {2}\n-- write both, fill the "
            "old rows in batches, read {1}, then drop {2}",
            visit.target(), to, from));
}

void rename_table(Visit& visit) {
    if (!renames(visit, "OBJECT_TABLE") || visit.is_new(visit.table())) {
        return;
    }
    const auto to = spelled(visit.statement().text("newname"));
    visit.report(
        fmt::format("programs that know {} fail from here on", visit.target()),
        fmt::format("alter table {0} rename to {1};\ncreate view {0} as select * from {1};  -- in "
                    "the same transaction",
                    visit.target(), to));
}

void rename_schema(Visit& visit) {
    if (renames(visit, "OBJECT_SCHEMA")) {
        visit.report(
            fmt::format("programs that know {} fail from here on",
                        spelled(visit.statement().text("subname"))),
            fmt::format("create schema {};  -- move table by table, with views in the old one",
                        spelled(visit.statement().text("newname"))));
    }
}

void rename_enum_value(Visit& visit) {
    const auto statement = visit.statement();
    if (visit.is("AlterEnumStmt") && !statement.text("oldVal").empty()) {
        const auto type = object_name(statement.list("typeName"));
        visit.report(
            fmt::format("programs that know '{}' fail from here on", statement.text("oldVal")),
            fmt::format("alter type {} add value '{}' after '{}';  -- then change the rows in "
                        "batches",
                        type, statement.text("newVal"), statement.text("oldVal")));
    }
}

void column_default(Visit& visit) {
    if (!visit.alters_used_table()) {
        return;
    }
    for (const auto& command : visit.commands()) {
        const auto* const known = visit.state().column(visit.table(), command.name());
        if (command.type == "AT_ColumnDefault" && command.node["def"] &&
            !(known && known->made_in == visit.progress().file)) {
            visit.report_at(command,
                            fmt::format("programs that send the old default of {} go on doing so",
                                        spelled(command.name())));
        }
    }
}

void dynamic_sql(Visit& visit) {
    if (!visit.is("DoStmt")) {
        return;
    }
    for (const auto& argument : visit.statement().list("args")) {
        const auto body = argument["arg"].text("sval");
        sql::Scanner scanner(body);
        while (const auto token = scanner.next()) {
            if (token->kind == sql::TokenKind::word &&
                sql::is_keyword(body.substr(token->offset, token->length), "execute")) {
                visit.report(
                    "what EXECUTE runs is put together as it runs, so it is not looked at here");
                return;
            }
        }
    }
}

}  // namespace

std::vector<Rule> compatibility_rules() {
    using enum platform::LintSeverity;
    constexpr auto family = Family::compatibility;
    return {
        {"adding-required-field",
         family,
         error,
         false,
         {"", "", "MF103 MY101 LT101", ""},
         "a NOT NULL column is added without a default",
         "It fails on a table with rows, and programs of the release before cannot insert any "
         "more.",
         "Add it as nullable, or with a constant default.",
         required_field},
        {"renaming-column",
         family,
         error,
         false,
         {"", "rename_column", "BC102", ""},
         "a column is renamed",
         "Programs of the release before fail at once.",
         "A new column beside the old one; or the new name in the program only.",
         rename_column},
        {"renaming-table",
         family,
         error,
         false,
         {"", "rename_table", "BC101", ""},
         "a table is renamed",
         "Programs of the release before fail at once.",
         "A view with the old name, made in the same transaction.",
         rename_table},
        {"renaming-schema",
         family,
         error,
         false,
         {"", "rename_schema", "", ""},
         "a schema is renamed",
         "Programs of the release before fail at once.",
         "A new schema, with views in the old one.",
         rename_schema},
        {"renaming-enum-value",
         family,
         error,
         false,
         {"", "rename_enum_value", "", ""},
         "a value of an enum is renamed",
         "Programs of the release before read and send a value that is gone.",
         "A new value; change the rows in batches.",
         rename_enum_value},
        {"changing-column-default",
         family,
         warning,
         true,
         {"", "change_column_default", "", ""},
         "a default is changed",
         "Programs that fill in the old default themselves (object mappers do) go on sending it.",
         "Release a program first that leaves the column out.",
         column_default},
        {"dynamic-sql",
         family,
         warning,
         true,
         {"", "execute change_table", "", "IS_USER_GENERATED HAS_UNTRACKABLE_DEPENDENCIES"},
         "a DO block runs SQL that it puts together",
         "Nothing of it can be judged before it runs.",
         "The statements themselves; or a look by a second pair of eyes.",
         dynamic_sql},
    };
}

}  // namespace caisson::lint
