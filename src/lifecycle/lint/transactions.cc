// SPDX-License-Identifier: Apache-2.0
// Statements that do not go together in one transaction, or that leave a file half done.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/sql/statement.h"
#include "lifecycle/lint/visit.h"

namespace caisson::lint {
namespace {

bool is_concurrent(Visit& visit) {
    const auto statement = visit.statement();
    if (visit.is("IndexStmt") || visit.is("DropStmt")) {
        return statement.flag("concurrent");
    }
    if (visit.is("ReindexStmt")) {
        const auto options = statement.list("params");
        return std::any_of(options.begin(), options.end(), [](const auto& option) {
            return option.text("defname") == "concurrently";
        });
    }
    return std::any_of(visit.commands().begin(), visit.commands().end(), [](const auto& command) {
        return command.type == "AT_DetachPartition" && command.node["def"].flag("concurrent");
    });
}

void concurrent_in_transaction(Visit& visit) {
    if (is_concurrent(visit) && visit.progress().in_block) {
        visit.report("the server refuses CONCURRENTLY between BEGIN and COMMIT",
                     "-- in a file of its own, without BEGIN\n" + std::string(visit.text()) + ";");
    }
}

void undeclared(Visit& visit) {
    if (!visit.progress().in_block && !visit.progress().declared_apart &&
        sql::classify(visit.text()) == sql::StatementKind::no_transaction) {
        visit.report(
            "because of this statement the file runs outside a transaction, and nothing says so",
            "-- caisson: no-transaction");
    }
}

void isolate(Visit& visit) {
    if (is_concurrent(visit) && !visit.progress().in_block && visit.progress().statements > 1) {
        visit.report("what stands beside it in this file is applied even when this statement fails",
                     "-- in a file of its own\n" + std::string(visit.text()) + ";");
    }
}

void nesting(Visit& visit) {
    if (!visit.is("TransactionStmt")) {
        return;
    }
    const auto kind = visit.statement().text("kind");
    const bool begins = kind == "TRANS_STMT_BEGIN" || kind == "TRANS_STMT_START";
    const bool ends = kind == "TRANS_STMT_COMMIT" || kind == "TRANS_STMT_ROLLBACK";
    const auto& progress = visit.progress();
    if (begins && progress.in_block) {
        visit.report("a transaction is open already, so this begins none");
    } else if (begins && progress.runs_in_transaction) {
        visit.report(
            "the file runs in a transaction as it is; a COMMIT of its own ends that one too early");
    } else if (ends && !progress.in_block && !progress.runs_in_transaction) {
        visit.report("no transaction is open here");
    } else if (ends && !progress.in_block) {
        visit.report("this ends the transaction in which the file runs; what follows is in none");
    }
}

/// What can be said about an action that would fail when the file is run again.
std::string_view missing_guard(Visit& visit, const Command& command) {
    if (command.type == "AT_AddColumn") {
        return command.node.flag("missing_ok") ? "" : "IF NOT EXISTS";
    }
    if (command.type == "AT_DropColumn" || command.type == "AT_DropConstraint") {
        return command.node.flag("missing_ok") ? "" : "IF EXISTS";
    }
    if (command.type == "AT_AddConstraint") {
        const std::string added(command.node["def"].text("conname"));
        return !added.empty() && visit.progress().dropped.contains(added)
                   ? ""
                   : "DROP CONSTRAINT IF EXISTS";
    }
    return "";
}

/// The statement with its guard, where it goes behind a word.
std::string guarded(Visit& visit, std::string_view after, std::string_view guard) {
    const auto found = lower(visit.text()).find(after);
    if (found == std::string::npos) {
        return "";
    }
    const auto at = found + after.size();
    return fmt::format("{} {}{};", visit.text().substr(0, at), guard, visit.text().substr(at));
}

void robust_alter(Visit& visit) {
    for (const auto& command : visit.commands()) {
        const auto guard = missing_guard(visit, command);
        if (guard.empty()) {
            continue;
        }
        const auto table = visit.target();
        std::string alternative;
        if (command.type == "AT_AddConstraint") {
            const auto name = command.node["def"].text("conname");
            alternative = name.empty()
                              ? ""
                              : fmt::format(
                                    "alter table {0} drop constraint if exists {1};\nalter "
                                    "table {0} {2};",
                                    table, spelled(name), command.text);
        } else if (command.type == "AT_AddColumn") {
            const auto column = command.node["def"].location();
            alternative = fmt::format(
                "alter table {} add column if not exists {};", table,
                visit.text().substr(column, command.offset + command.text.size() - column));
        } else {
            alternative = fmt::format("alter table {} drop {} if exists {};", table,
                                      command.type == "AT_DropColumn" ? "column" : "constraint",
                                      spelled(command.name()));
        }
        visit.report_at(
            command,
            fmt::format("without {}, this file cannot run again after it failed half-way", guard),
            alternative);
    }
}

void robust(Visit& visit) {
    const auto& progress = visit.progress();
    // In a transaction all of it is applied or nothing; so is one statement alone, except for
    // CONCURRENTLY, which leaves an invalid index behind.
    if (!is_concurrent(visit) && (progress.in_transaction() || progress.statements < 2)) {
        return;
    }
    const auto statement = visit.statement();
    const auto complain = [&](std::string_view guard, std::string alternative) {
        visit.report(
            fmt::format("without {}, this file cannot run again after it failed half-way", guard),
            std::move(alternative));
    };
    if (visit.is("AlterTableStmt") && visit.statement().text("objtype") == "OBJECT_TABLE") {
        robust_alter(visit);
    } else if (visit.is("IndexStmt") && !statement.flag("if_not_exists") &&
               !statement.text("idxname").empty()) {
        complain("IF NOT EXISTS",
                 guarded(visit, statement.flag("concurrent") ? "concurrently" : "index",
                         "if not exists"));
    } else if (visit.is("CreateStmt") && !statement.flag("if_not_exists") &&
               statement["relation"].text("relpersistence") != "t") {
        complain("IF NOT EXISTS", guarded(visit, "table", "if not exists"));
    } else if (visit.is("DropStmt") && !statement.flag("missing_ok")) {
        const auto type = statement.text("removeType");
        const std::string_view word = type == "OBJECT_INDEX" && statement.flag("concurrent")
                                          ? "concurrently"
                                      : type == "OBJECT_INDEX" ? "index"
                                      : type == "OBJECT_TABLE" ? "table"
                                      : type == "OBJECT_TYPE"  ? "type"
                                                               : "";
        if (!word.empty()) {
            complain("IF EXISTS", guarded(visit, word, "if exists"));
        }
    }
}

/// A new value of an enum cannot be used before its transaction is over.
void enum_value_used(Visit& visit) {
    const auto& values = visit.progress().enum_values;
    if (values.empty() || !visit.progress().in_transaction()) {
        return;
    }
    std::string used;
    visit.statement().each([&](sql::Node node) {
        const auto text = node.is("A_Const") ? std::string(node["sval"].text("sval")) : "";
        used = used.empty() && values.contains(text) ? text : used;
    });
    if (!used.empty()) {
        visit.report(
            fmt::format(
                "'{}' was added to {} in this transaction and cannot be used before it ends", used,
                values.at(used)),
            "-- in a later file\n" + std::string(visit.text()) + ";");
    }
}

/// Rows changed by the thousand while a lock of DDL is held.
void backfill(Visit& visit) {
    const auto& locked = visit.progress().locked_table;
    if (locked.empty() || !visit.progress().in_transaction()) {
        return;
    }
    const bool is_mass =
        visit.is("UpdateStmt") || visit.is("DeleteStmt") ||
        (visit.is("InsertStmt") && !visit.statement()["selectStmt"].list("fromClause").empty());
    if (is_mass && !visit.is_new(visit.table())) {
        visit.report(
            fmt::format("rows are changed while {} is still locked by the ALTER before", locked),
            "-- in a later file, in batches\n" + std::string(visit.text()) + ";");
    }
}

void combine(Visit& visit) {
    if (visit.alters_used_table() && visit.progress().in_transaction() &&
        visit.progress().altered_table == visit.table()) {
        visit.report(fmt::format(
            "{} was altered by the statement before; one ALTER TABLE reads and locks it "
            "once",
            visit.target()));
    }
}

void duplicate_assignment(Visit& visit) {
    if (!visit.is("UpdateStmt")) {
        return;
    }
    std::set<std::string_view> seen;
    for (const auto& target : visit.statement().list("targetList")) {
        if (!target.list("indirection").empty()) {
            continue;  // Parts of one array or composite.
        }
        const auto name = target.text("name");
        if (!seen.insert(name).second) {
            visit.report(fmt::format("{} is set twice, which the server refuses", spelled(name)),
                         "", target.location(), name.size());
        }
    }
}

}  // namespace

std::vector<Rule> transaction_rules() {
    using enum platform::LintSeverity;
    constexpr auto family = Family::transactions;
    return {
        {"ban-concurrent-index-creation-in-transaction",
         family,
         error,
         false,
         {},
         "CONCURRENTLY between BEGIN and COMMIT",
         "The server refuses it.",
         "A file of its own.",
         concurrent_in_transaction},
        {"undeclared-no-transaction",
         family,
         warning,
         false,
         {"", "", "PG103", ""},
         "a statement that refuses a transaction, in a file that does not say so",
         "Caisson sees it and runs the file outside a transaction; whoever reads the file should "
         "see it too, and other "
         "tools do not see it.",
         "-- caisson: no-transaction",
         undeclared},
        {"isolate-concurrent-statement",
         family,
         warning,
         false,
         {},
         "a CONCURRENTLY statement beside others in one file",
         "The file is outside a transaction: when one statement fails, the others stay applied.",
         "A file of its own.",
         isolate},
        {"transaction-nesting",
         family,
         warning,
         false,
         {"", "", "", ""},
         "BEGIN or COMMIT in a file that runs in a transaction anyway",
         "BEGIN has no effect, and COMMIT ends the transaction that also holds the row of the "
         "history.",
         "Neither; or the directive no-transaction.",
         nesting},
        {"ban-uncommitted-transaction",
         family,
         error,
         false,
         {},
         "BEGIN without COMMIT",
         "Nothing after it is kept.",
         "COMMIT.",
         nullptr},
        {"prefer-robust-stmts",
         family,
         warning,
         false,
         {},
         "no IF [NOT] EXISTS in a file that runs outside a transaction",
         "After a failure half-way, the file cannot run again in other tools; Caisson resumes at "
         "the statement that "
         "failed.",
         "IF EXISTS, IF NOT EXISTS; or one transaction.",
         robust},
        {"enum-value-used-in-transaction",
         family,
         error,
         false,
         {},
         "a new enum value is used in the transaction that added it",
         "The server refuses: unsafe use of new value.",
         "Use it in a later file.",
         enum_value_used},
        {"backfill-in-transaction",
         family,
         warning,
         false,
         {},
         "rows are changed in the transaction of an ALTER TABLE",
         "The lock of the ALTER is held until the last row is written.",
         "A later file, in batches.",
         backfill},
        {"combine-alters",
         family,
         warning,
         true,
         {},
         "ALTER TABLE of one table, twice in a row",
         "Each may read the table and queues for its lock again.",
         "One ALTER TABLE with several actions.",
         combine},
        {"ban-duplicate-column-assignments",
         family,
         error,
         false,
         {},
         "UPDATE sets a column twice",
         "The server refuses it.",
         "One of them.",
         duplicate_assignment},
        {"unused-ignore",
         family,
         warning,
         false,
         {},
         "an ignore comment that ignores nothing",
         "It will hide the next real finding.",
         "Delete it.",
         nullptr},
        {"syntax",
         family,
         warning,
         false,
         {"syntax-error", "", "", ""},
         "the grammar of PostgreSQL 15 stumbles",
         "A mistake, or newer grammar: never a reason to refuse.",
         "Look at the place named.",
         nullptr},
    };
}

}  // namespace caisson::lint
