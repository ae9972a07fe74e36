// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/lint/progress.h"

#include "base/text.h"

namespace caisson::lint {
namespace {

void begin_transaction(Progress& progress, std::size_t& transactions) {
    progress.transaction = ++transactions;
    progress.enum_values.clear();
    progress.locked_table.clear();
}

void follow_transaction(Progress& progress, sql::Node statement, std::size_t offset,
                        std::size_t& transactions) {
    const auto kind = statement.text("kind");
    if (kind == "TRANS_STMT_BEGIN" || kind == "TRANS_STMT_START") {
        if (!progress.in_block) {
            progress.in_block = true;
            progress.block_offset = offset;
            begin_transaction(progress, transactions);
        }
    } else if (kind == "TRANS_STMT_COMMIT" || kind == "TRANS_STMT_ROLLBACK" ||
               kind == "TRANS_STMT_PREPARE") {
        progress.in_block = statement.flag("chain");
        // Whatever the runner opened is closed too.
        progress.runs_in_transaction = false;
        begin_transaction(progress, transactions);
    }
}

void follow_setting(Progress& progress, sql::Node statement) {
    const auto name = statement.text("name");
    const auto values = statement.list("args");
    if (name == "lock_timeout") {
        progress.has_lock_timeout = true;
    } else if (name == "statement_timeout") {
        progress.has_statement_timeout = true;
    } else if (name == "timezone") {
        const auto zone = values.empty() ? "" : lower(values.front()["sval"].text("sval"));
        progress.is_utc = zone == "utc" || zone == "etc/utc" || zone == "gmt";
    }
}

void follow_drop(Progress& progress, sql::Node statement) {
    if (statement.text("removeType") == "OBJECT_TABLE") {
        for (const auto& object : statement.list("objects")) {
            progress.dropped.insert(object_name(object.list("items")));
        }
    }
}

void follow_alter(Progress& progress, sql::Node statement, const State& state) {
    const auto table = relation_name(statement["relation"]);
    progress.altered_table = table;
    if (!state.is_new(table, progress.file)) {
        progress.locked_table = table;
    }
    for (const auto& command : statement.list("cmds")) {
        if (command.text("subtype") == "AT_DropConstraint") {
            progress.dropped.emplace(command.text("name"));
        }
    }
}

}  // namespace

void advance(Progress& progress, sql::Node statement, std::size_t offset, const State& state,
             std::size_t& transactions) {
    progress.altered_table.clear();
    if (!progress.in_transaction()) {
        begin_transaction(progress, transactions);
    }
    if (statement.is("TransactionStmt")) {
        follow_transaction(progress, statement, offset, transactions);
    } else if (statement.is("VariableSetStmt")) {
        follow_setting(progress, statement);
    } else if (statement.is("DropStmt")) {
        follow_drop(progress, statement);
    } else if (statement.is("AlterTableStmt") && statement.text("objtype") == "OBJECT_TABLE") {
        follow_alter(progress, statement, state);
    } else if (statement.is("AlterEnumStmt") && statement.text("oldVal").empty()) {
        const auto type = object_name(statement.list("typeName"));
        const auto made = state.enums.find(type);
        // Of a type that the same transaction made, new values may be used at once.
        if (made == state.enums.end() || made->second != progress.file) {
            progress.enum_values[std::string(statement.text("newVal"))] = type;
        }
    }
    const auto slow = statement.kind();
    if (slow == "AlterTableStmt" || slow == "IndexStmt" || slow == "DropStmt") {
        progress.warned_of_lock_timeout = true;
        progress.warned_of_statement_timeout = true;
    }
}

}  // namespace caisson::lint
