// SPDX-License-Identifier: Apache-2.0
// What holds up readers or writers of a table for as long as it takes to read the table.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/lint/visit.h"

namespace caisson::lint {
namespace {

std::string name_or(std::string_view name, const std::string& fallback) {
    return name.empty() ? fallback : std::string(name);
}

/// `orders_total_check`: as the server would name it.
std::string constraint_name(Visit& visit, sql::Node constraint, std::string_view suffix) {
    std::string fallback(visit.statement()["relation"].text("relname"));
    for (const auto& list : {"keys", "fk_attrs"}) {
        for (const auto& column : strings_of(constraint.list(list))) {
            fallback += "_" + column;
        }
    }
    return name_or(constraint.text("conname"), fallback + "_" + std::string(suffix));
}

/// `alter table t add …`, and the second half that reads the rows without holding anybody up.
std::string in_two_steps(Visit& visit, const Command& command, const std::string& name,
                         std::string definition) {
    if (command.node["def"].text("conname").empty()) {
        const auto blank = command.text.find_first_of(" \t\r\n");
        definition = fmt::format("add constraint {}{}", spelled(name), command.text.substr(blank));
    }
    return fmt::format(
        "alter table {0} {1} not valid;\n-- in a later file\nalter table {0} validate constraint "
        "{2};",
        visit.target(), definition, spelled(name));
}

void missing_not_valid(Visit& visit) {
    for (const auto& command : visit.commands()) {
        const auto constraint = command.node["def"];
        const auto type = constraint.text("contype");
        if (command.type == "AT_ValidateConstraint") {
            const auto* const known = visit.state().constraint(visit.table(), command.name());
            if (known && !known->is_valid && visit.progress().in_transaction() &&
                known->made_in_transaction == visit.progress().transaction) {
                visit.report_at(
                    command,
                    fmt::format("{} is added and validated in one transaction, so the lock of "
                                "adding it is held while every row is read",
                                spelled(command.name())),
                    fmt::format("-- in a later file\nalter table {} validate constraint {};",
                                visit.target(), spelled(command.name())));
            }
        } else if (command.type == "AT_AddConstraint" && !constraint.flag("skip_validation") &&
                   (type == "CONSTR_CHECK" || type == "CONSTR_FOREIGN") &&
                   visit.alters_used_table()) {
            const auto name =
                constraint_name(visit, constraint, type == "CONSTR_CHECK" ? "check" : "fkey");
            visit.report_at(command,
                            fmt::format("adding {} reads every row of {} while writes wait", name,
                                        visit.target()),
                            in_two_steps(visit, command, name, std::string(command.text)));
        }
    }
}

void report_foreign_key(Visit& visit, const Command& command, sql::Node key, std::size_t offset,
                        const std::string& column) {
    std::string own = spelled(strings_of(key.list("fk_attrs")));
    own = own.empty() ? spelled(column) : own;
    const auto other = spelled(strings_of(key.list("pk_attrs")));
    const auto name =
        column.empty()
            ? constraint_name(visit, key, "fkey")
            : fmt::format("{}_{}_fkey", visit.statement()["relation"].text("relname"), column);
    const auto reference =
        fmt::format("{}{}", spelled(key["pktable"]), other.empty() ? "" : " (" + other + ")");
    const auto add_column =
        column.empty()
            ? ""
            : fmt::format("alter table {} add column {} {};\n", visit.target(), spelled(column),
                          type_of(command.node["def"]["typeName"]).text());
    visit.report(
        fmt::format("adding {} locks {} and {} against writes while every row is checked", name,
                    visit.target(), spelled(key["pktable"])),
        fmt::format("{0}alter table {1} add constraint {2} foreign key ({3}) references {4} not "
                    "valid;\n-- in a later file\nalter table {1} validate constraint {2};",
                    add_column, visit.target(), spelled(name), own, reference),
        offset, command.offset + command.text.size() - offset);
}

void foreign_key(Visit& visit) {
    if (!visit.alters_used_table()) {
        return;
    }
    for (const auto& command : visit.commands()) {
        const auto definition = command.node["def"];
        if (command.type == "AT_AddConstraint" && definition.text("contype") == "CONSTR_FOREIGN" &&
            !definition.flag("skip_validation")) {
            report_foreign_key(visit, command, definition, command.offset, "");
        } else if (command.type == "AT_AddColumn") {
            for (const auto& constraint : definition.list("constraints")) {
                if (constraint.text("contype") == "CONSTR_FOREIGN") {
                    report_foreign_key(visit, command, constraint, constraint.location(),
                                       std::string(definition.text("colname")));
                }
            }
        }
    }
}

/// What UNIQUE and PRIMARY KEY are made of without holding anybody up.
std::string by_index(Visit& visit, const std::string& name, const std::string& columns,
                     std::string_view kind) {
    return fmt::format(
        "-- in a file of its own, outside a transaction\ncreate unique index concurrently {0} on "
        "{1} "
        "({2});\n-- in a later file\nalter table {1} add constraint {0} {3} using index {0};",
        spelled(name), visit.target(), columns, kind);
}

void key_constraint(Visit& visit, std::string_view type, std::string_view suffix,
                    std::string_view kind, std::string_view what) {
    if (!visit.alters_used_table()) {
        return;
    }
    const std::string table(visit.statement()["relation"].text("relname"));
    for (const auto& command : visit.commands()) {
        const auto definition = command.node["def"];
        if (command.type == "AT_AddConstraint" && definition.text("contype") == type &&
            definition.text("indexname").empty()) {
            const auto keys = strings_of(definition.list("keys"));
            const auto name = kind == "primary key"
                                  ? name_or(definition.text("conname"), table + "_pkey")
                                  : constraint_name(visit, definition, suffix);
            visit.report_at(command,
                            fmt::format("{} builds an index while {} is locked against everybody",
                                        what, visit.target()),
                            by_index(visit, name, spelled(keys), kind));
        } else if (command.type == "AT_AddColumn") {
            for (const auto& constraint : definition.list("constraints")) {
                if (constraint.text("contype") == type) {
                    const std::string column(definition.text("colname"));
                    const auto name =
                        kind == "primary key" ? table + "_pkey" : table + "_" + column + "_key";
                    visit.report_at(
                        command,
                        fmt::format("{} builds an index while {} is locked against everybody", what,
                                    visit.target()),
                        fmt::format("alter table {} add column {} {};\n{}", visit.target(),
                                    spelled(column), type_of(definition["typeName"]).text(),
                                    by_index(visit, name, spelled(column), kind)));
                }
            }
        }
    }
}

void unique(Visit& visit) {
    key_constraint(visit, "CONSTR_UNIQUE", "key", "unique", "a unique constraint");
}
void primary_key(Visit& visit) {
    key_constraint(visit, "CONSTR_PRIMARY", "pkey", "primary key", "a primary key");
}

void exclusion(Visit& visit) {
    for (const auto& command : visit.commands()) {
        if (command.type == "AT_AddConstraint" && visit.alters_used_table() &&
            command.node["def"].text("contype") == "CONSTR_EXCLUSION") {
            visit.report_at(
                command, fmt::format("an exclusion constraint builds an index while {} is locked "
                                     "against everybody, and there is no way around it",
                                     visit.target()));
        }
    }
}

void set_not_null(Visit& visit) {
    if (!visit.alters_used_table()) {
        return;
    }
    const auto* const table = visit.state().table(visit.table());
    for (const auto& command : visit.commands()) {
        if (command.type != "AT_SetNotNull") {
            continue;
        }
        bool proven = false;
        if (table) {
            const auto column = table->columns.find(command.name());
            proven =
                column != table->columns.end() &&
                (column->second.is_not_null || column->second.made_in == visit.progress().file);
            for (const auto& [name, constraint] : table->constraints) {
                proven =
                    proven || (constraint.is_valid && constraint.not_null_column == command.name());
            }
        }
        if (!proven) {
            const auto name = spelled(fmt::format(
                "{}_{}_not_null", visit.statement()["relation"].text("relname"), command.name()));
            visit.report_at(
                command,
                fmt::format("every row of {} is read while nobody can read or write it",
                            visit.target()),
                fmt::format(
                    "alter table {0} add constraint {1} check ({2} is not null) not valid;\n"
                    "-- in a later file\nalter table {0} validate constraint {1};\n"
                    "alter table {0} alter column {2} set not null;\n"
                    "alter table {0} drop constraint {1};",
                    visit.target(), name, spelled(command.name())));
        }
    }
}

void repack(Visit& visit) {
    if (visit.is("ClusterStmt")) {
        visit.report(
            "CLUSTER locks the table against everybody while it is written anew",
            "-- PostgreSQL 19: repack (concurrently); before that the extension pg_repack");
    } else if (visit.is("VacuumStmt") && has_option(visit.statement(), "options", "full")) {
        visit.report(
            "VACUUM FULL locks the table against everybody while it is written anew",
            "-- PostgreSQL 19: repack (concurrently); before that the extension pg_repack");
    }
}

bool is_slow(Visit& visit) {
    static constexpr std::string_view kinds[] = {
        "AlterTableStmt", "IndexStmt",   "ReindexStmt", "RenameStmt", "DropStmt",
        "TruncateStmt",   "ClusterStmt", "VacuumStmt",  "LockStmt",   "RefreshMatViewStmt"};
    return std::find(std::begin(kinds), std::end(kinds), visit.statement().kind()) !=
           std::end(kinds);
}

void lock_timeout(Visit& visit) {
    if (is_slow(visit) && !visit.progress().has_lock_timeout &&
        !visit.progress().warned_of_lock_timeout) {
        visit.report(
            "without a lock_timeout, all others queue behind this statement while it waits",
            "set lock_timeout = '1s';");
    }
}

void statement_timeout(Visit& visit) {
    if (is_slow(visit) && !visit.progress().has_statement_timeout &&
        !visit.progress().warned_of_statement_timeout) {
        visit.report("without a statement_timeout, this statement may hold its lock for ever",
                     "set statement_timeout = '5s';");
    }
}

void wide_index(Visit& visit) {
    const auto columns = visit.is("IndexStmt") ? visit.statement().list("indexParams").size() : 0;
    if (columns > 3 && !visit.statement().flag("unique")) {
        visit.report(
            fmt::format("an index over {} columns is large and slows down writes; most of the "
                        "time the first three do as well",
                        columns));
    }
}

}  // namespace

std::vector<Rule> lock_rules() {
    using enum platform::LintSeverity;
    constexpr auto family = Family::locks;
    return {
        {"constraint-missing-not-valid",
         family,
         error,
         false,
         {"", "add_check_constraint validate_check_constraint validate_foreign_key", "PG305", ""},
         "a CHECK or FOREIGN KEY is added without NOT VALID, or validated in the same transaction",
         "All rows are read under the lock of adding it, while writes wait.",
         "ADD CONSTRAINT … NOT VALID, then VALIDATE CONSTRAINT in a later transaction.",
         missing_not_valid},
        {"adding-foreign-key-constraint",
         family,
         error,
         false,
         {"", "add_foreign_key", "PG306", "ACQUIRES_SHARE_ROW_EXCLUSIVE_LOCK"},
         "a FOREIGN KEY is added and checked at once",
         "Both tables are locked against writes while every row is looked up.",
         "ADD CONSTRAINT … NOT VALID, then VALIDATE CONSTRAINT in a later transaction.",
         foreign_key},
        {"disallowed-unique-constraint",
         family,
         error,
         false,
         {"", "add_unique_constraint", "PG105", ""},
         "a UNIQUE constraint builds its index",
         "The index is built under ACCESS EXCLUSIVE: nobody reads or writes the table.",
         "CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … UNIQUE USING INDEX.",
         unique},
        {"adding-serial-primary-key-field",
         family,
         error,
         false,
         {"adding-primary-key-constraint", "", "PG104", ""},
         "a PRIMARY KEY is added to a table in use",
         "Its index is built under ACCESS EXCLUSIVE: nobody reads or writes the table.",
         "CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … PRIMARY KEY USING INDEX.",
         primary_key},
        {"adding-exclusion-constraint",
         family,
         error,
         false,
         {"", "add_exclusion_constraint", "", ""},
         "an EXCLUDE constraint is added to a table in use",
         "Its index is built under ACCESS EXCLUSIVE, and it can neither be NOT VALID nor use an "
         "index.",
         "A quiet hour, or a new table that has it from the start.",
         exclusion},
        {"adding-not-nullable-field",
         family,
         error,
         false,
         {"adding-not-null-field", "change_column_null_postgresql change_column_null",
          "PG303 MF104", ""},
         "SET NOT NULL on a column that no valid CHECK proves",
         "All rows are read under ACCESS EXCLUSIVE.",
         "A CHECK (column IS NOT NULL) that is NOT VALID, then VALIDATE, then SET NOT NULL, which "
         "takes the CHECK for "
         "proof.",
         set_not_null},
        {"prefer-repack",
         family,
         warning,
         false,
         {},
         "VACUUM FULL or CLUSTER",
         "The table is written anew under ACCESS EXCLUSIVE.",
         "REPACK (CONCURRENTLY) of PostgreSQL 19, or the extension pg_repack.",
         repack},
        {"require-lock-timeout",
         family,
         warning,
         true,
         {"require-timeout-settings", "", "", ""},
         "DDL without a lock_timeout",
         "While DDL waits for its lock, everybody else queues behind it. `caisson migrate` sets "
         "one by itself "
         "([migrations] lock_timeout, 500 ms) and tries again, so inside a platform this rule is "
         "satisfied unless that "
         "is switched off.",
         "SET lock_timeout = '1s' at the head of the file.",
         lock_timeout},
        {"require-statement-timeout",
         family,
         warning,
         true,
         {"require-timeout-settings", "", "", ""},
         "DDL without a statement_timeout",
         "A statement that takes longer than expected holds its lock that long.",
         "SET statement_timeout = '5s' at the head of the file.",
         statement_timeout},
        {"index-too-many-columns",
         family,
         warning,
         false,
         {"", "add_index_columns", "", ""},
         "an index over more than three columns that is not unique",
         "It costs space and every write, and is seldom better than one over its first columns.",
         "The two or three columns that select best.",
         wide_index},
    };
}

}  // namespace caisson::lint
