// SPDX-License-Identifier: Apache-2.0
// What destroys data, or lets data in that nobody expects.
#include <algorithm>

#include <fmt/format.h>

#include "lifecycle/lint/visit.h"

namespace caisson::lint {
namespace {

/// What a DROP names: as State calls it, and as it is written.
std::vector<std::pair<std::string, std::string>> dropped(Visit& visit, std::string_view type) {
    std::vector<std::pair<std::string, std::string>> names;
    if (!visit.is("DropStmt") || visit.statement().text("removeType") != type) {
        return names;
    }
    for (const auto& object : visit.statement().list("objects")) {
        const auto parts = object.is("List") ? object.list("items") : std::vector{object};
        std::string written;
        for (const auto& part : strings_of(parts)) {
            written += (written.empty() ? "" : ".") + spelled(part);
        }
        names.emplace_back(object_name(parts), written);
    }
    return names;
}

void drop_column(Visit& visit) {
    if (!visit.alters_used_table()) {
        return;
    }
    for (const auto& command : visit.commands()) {
        if (command.type != "AT_DropColumn") {
            continue;
        }
        const auto* const known = visit.state().column(visit.table(), command.name());
        if (known && known->made_in == visit.progress().file) {
            continue;
        }
        visit.report_at(
            command,
            fmt::format("all values of {} are lost, and programs that still read it fail",
                        spelled(command.name())),
            fmt::format("-- when no program reads it any more, after a copy:\ncreate table {2} "
                        "as select * from {0};\nalter table {0} drop column {1};",
                        visit.target(), spelled(command.name()),
                        spelled(fmt::format("{}_before_drop",
                                            visit.statement()["relation"].text("relname")))));
    }
}

void drop_table(Visit& visit) {
    for (const auto& [name, written] : dropped(visit, "OBJECT_TABLE")) {
        if (!visit.is_new(name)) {
            visit.report(
                fmt::format("all rows of {} are lost, and programs that still use it fail",
                            written),
                fmt::format("-- first out of the way, and dropped when nothing missed it:\nalter "
                            "table {} rename to {};",
                            written, spelled(name.substr(name.rfind('.') + 1) + "_unused")));
        }
    }
}

void drop_schema(Visit& visit) {
    for (const auto& [name, written] : dropped(visit, "OBJECT_SCHEMA")) {
        visit.report(fmt::format("everything in schema {} is lost", written));
    }
}

void drop_database(Visit& visit) {
    if (visit.is("DropdbStmt")) {
        visit.report(
            fmt::format("all of database {} is lost", spelled(visit.statement().text("dbname"))));
    }
}

void truncate_cascade(Visit& visit) {
    if (visit.is("TruncateStmt") && visit.statement().text("behavior") == "DROP_CASCADE") {
        std::string tables;
        for (const auto& relation : visit.statement().list("relations")) {
            tables += (tables.empty() ? "" : ", ") + spelled(relation);
        }
        visit.report(
            "CASCADE also empties every table that refers to these, whatever it holds",
            fmt::format("truncate {};  -- with the tables that refer to them, by name", tables));
    }
}

void drop_not_null(Visit& visit) {
    if (!visit.alters_used_table()) {
        return;
    }
    for (const auto& command : visit.commands()) {
        if (command.type == "AT_DropNotNull") {
            visit.report_at(command,
                            fmt::format("programs that read {} have never met a NULL there",
                                        spelled(command.name())));
        }
    }
}

void drop_foreign_key(Visit& visit) {
    for (const auto& command : visit.commands()) {
        if (command.type != "AT_DropConstraint") {
            continue;
        }
        const auto* const known = visit.state().constraint(visit.table(), command.name());
        if (known && known->kind == Constraint::Kind::foreign_key && !visit.is_new(visit.table())) {
            visit.report_at(
                command, fmt::format("without {}, rows may refer to rows of {} that do not exist",
                                     spelled(command.name()), known->references));
        }
    }
}

/// Views that read a table, or one column of it.
std::string readers_of(const State& state, const std::string& table, const std::string& column) {
    std::string names;
    for (const auto& [name, view] : state.views) {
        if (view.tables.contains(table) &&
            (column.empty() || view.columns.contains(column) || view.columns.contains("*"))) {
            names += (names.empty() ? "" : ", ") + name;
        }
    }
    return names;
}

std::string referrers_of(const State& state, const std::string& table) {
    std::string names;
    for (const auto& [name, other] : state.tables) {
        const bool refers =
            std::any_of(other.constraints.begin(), other.constraints.end(),
                        [&](const auto& entry) { return entry.second.references == table; });
        if (refers && name != table) {
            names += (names.empty() ? "" : ", ") + name;
        }
    }
    return names;
}

void still_referenced(Visit& visit) {
    const auto complain = [&](const std::string& what, const std::string& users, bool cascades,
                              std::size_t offset) {
        if (!users.empty()) {
            visit.report(cascades ? fmt::format("CASCADE drops what still uses {}: {}", what, users)
                                  : fmt::format("{} is still used by {}, so the server refuses",
                                                what, users),
                         "", offset);
        }
    };
    const bool cascades = visit.statement().text("behavior") == "DROP_CASCADE";
    const auto tables = dropped(visit, "OBJECT_TABLE");
    for (const auto& [name, written] : tables) {
        auto users = readers_of(visit.state(), name, "");
        // Tables that go in the same statement do not keep each other.
        auto referring = tables.size() == 1 ? referrers_of(visit.state(), name) : "";
        users += (users.empty() || referring.empty() ? "" : ", ") + referring;
        complain(written, users, cascades, 0);
    }
    for (const auto& command : visit.commands()) {
        if (command.type == "AT_DropColumn") {
            complain(spelled(command.name()),
                     readers_of(visit.state(), visit.table(), command.name()),
                     command.node.text("behavior") == "DROP_CASCADE", command.offset);
        } else if (command.type == "AT_AlterColumnType") {
            const auto users = readers_of(visit.state(), visit.table(), command.name());
            if (!users.empty()) {
                visit.report(fmt::format("the type of {} cannot change while it is read by {}",
                                         spelled(command.name()), users),
                             "", command.offset);
            }
        }
    }
}

void unique_index(Visit& visit) {
    if (!visit.is("IndexStmt") || !visit.statement().flag("unique") ||
        visit.is_new(visit.table())) {
        return;
    }
    std::vector<std::string> columns;
    for (const auto& element : visit.statement().list("indexParams")) {
        if (element.text("name").empty()) {
            return;
        }
        columns.emplace_back(element.text("name"));
    }
    const auto list = spelled(columns);
    visit.report(
        fmt::format("this fails where {} already holds the same {} twice", visit.target(), list),
        fmt::format("-- must give nothing:\nselect {0}, count(*) from {1} group by {0} having "
                    "count(*) > 1;",
                    list, visit.target()));
}

}  // namespace

std::vector<Rule> data_rules() {
    using enum platform::LintSeverity;
    constexpr auto family = Family::data;
    return {
        {"ban-drop-column",
         family,
         error,
         false,
         {"", "remove_column", "DS103", "DELETES_DATA"},
         "a column is dropped",
         "Its values are lost, and programs that still name it fail.",
         "Stop using it first, keep a copy, drop it in a later release.",
         drop_column},
        {"ban-drop-table",
         family,
         error,
         false,
         {"", "create_table", "DS102", ""},
         "a table is dropped",
         "Its rows are lost, and programs that still use it fail.",
         "Rename it first; drop it when nothing missed it.",
         drop_table},
        {"ban-drop-schema",
         family,
         error,
         false,
         {"", "", "DS101", ""},
         "a schema is dropped",
         "Everything in it is lost.",
         "Drop what is in it piece by piece, by name.",
         drop_schema},
        {"ban-drop-database",
         family,
         error,
         false,
         {},
         "a database is dropped",
         "Everything in it is lost.",
         "`caisson db drop`, which asks for its name.",
         drop_database},
        {"ban-truncate-cascade",
         family,
         error,
         false,
         {},
         "TRUNCATE … CASCADE",
         "It empties every table that refers to the one named, and those that refer to them.",
         "TRUNCATE with the list of tables.",
         truncate_cascade},
        {"ban-drop-not-null",
         family,
         warning,
         false,
         {},
         "DROP NOT NULL",
         "Programs that read the column have never met a NULL there.",
         "Teach the programs first; or a value that stands for nothing; or a table of its own.",
         drop_not_null},
        {"dropping-foreign-key",
         family,
         warning,
         false,
         {"", "", "CD101", ""},
         "a foreign key is dropped",
         "Rows may then refer to rows that do not exist.",
         "Say in the file what keeps the reference true from here on.",
         drop_foreign_key},
        {"drop-still-referenced",
         family,
         error,
         false,
         {"", "", "", "CORRECTNESS"},
         "what is dropped or changed is still used by a view or a foreign key of earlier files",
         "Without CASCADE the server refuses; with it, what uses it is gone too.",
         "Drop or replace what uses it first, by name.",
         still_referenced},
        {"adding-unique-index",
         family,
         warning,
         false,
         {"", "", "MF101 MF102", ""},
         "a unique index on columns that already hold rows",
         "It fails at the first duplicate, and CONCURRENTLY leaves an "
         "invalid index behind.",
         "Ask for duplicates first.",
         unique_index},
    };
}

}  // namespace caisson::lint
