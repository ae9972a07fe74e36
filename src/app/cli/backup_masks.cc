// SPDX-License-Identifier: Apache-2.0
#include "app/cli/backup_masks.h"

#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/connection.h"
#include "drivers/pg/quote.h"

namespace caisson::cli {
namespace {

/// `table.column` or `schema.table.column`.
struct Column {
    std::string table;
    std::string name;
};

Column column_of(const std::string& text) {
    const auto dot = text.rfind('.');
    return {text.substr(0, dot), text.substr(dot + 1)};
}

bool has_column(pg::Connection& connection, const Column& column) {
    return !connection
                .query(
                    "select from pg_attribute where attrelid = to_regclass($1) and attname = $2 "
                    "and attnum > 0 and not attisdropped",
                    {pg::qualified_name(column.table).quoted(), column.name})
                .empty();
}

void renew_views(pg::Connection& connection) {
    for (const auto& row : connection.query(
             "select oid::regclass::text as name from pg_class where relkind = 'm' and "
             "relispopulated order by oid")) {
        connection.query("refresh materialized view " + row.string("name"));
    }
}

/// What PostgreSQL said of an expression of the manifest, and of which.
Error of_masks(const std::vector<std::string>& columns, const Error& error) {
    if (error.code() != Code::database_rejected) {
        return error;
    }
    const auto* const rejected = dynamic_cast<const pg::DatabaseError*>(&error);
    // "invalid input syntax for type integer: "…"": what is quoted is not masked.
    const bool may_show_data = rejected && rejected->is("22");
    Error named(Code::database_rejected,
                fmt::format("[backups.masks] of caisson.toml: the {} of {} cannot be applied: {}",
                            columns.size() == 1 ? "mask" : "masks", join(columns, ", "),
                            may_show_data ? fmt::format("a value does not fit (SQLSTATE {})",
                                                        rejected->sqlstate)
                                          : error.message()),
                "nothing was put in place: mend the expression there, and run it again");
    for (const auto& [key, value] : error.facts()) {
        if (key != "detail") {  // It shows the row, which is not masked.
            named.with(key, value);
        }
    }
    return named;
}

/// Masks of one table: the columns as the manifest has them, and what is assigned.
struct Assignments {
    std::vector<std::string> columns;
    std::vector<std::string> texts;
};

/// What PostgreSQL cannot even plan is told of the one mask that is wrong.
void apply(pg::Connection& connection, const std::string& table, const Assignments& masks) {
    const auto update = fmt::format("update {} set ", pg::qualified_name(table).quoted());
    for (std::size_t i = 0; i < masks.texts.size(); ++i) {
        try {
            connection.query("explain " + update + masks.texts[i]);
        } catch (const Error& error) {
            throw of_masks({masks.columns[i]}, error);
        }
    }
    try {
        connection.query(update + join(masks.texts, ", "));
    } catch (const Error& error) {
        throw of_masks(masks.columns, error);
    }
}

/// The names of the masks that applied.
std::set<std::string> mask_one(Context& context, const pg::Settings& settings) {
    pg::Connection connection(settings);
    std::set<std::string> applied;
    std::map<std::string, Assignments> by_table;
    for (const auto& [text, expression] : context.run().manifest.backups.masks) {
        const auto column = column_of(text);
        if (has_column(connection, column)) {
            applied.insert(text);
            auto& masks = by_table[column.table];
            masks.columns.push_back(text);
            masks.texts.push_back(
                fmt::format("{} = ({})", pg::identifier(column.name), expression));
        }
    }
    pg::Transaction transaction(connection);
    // Triggers that write history or refuse changes are about real changes.
    connection.query("set local session_replication_role = replica");
    for (const auto& [table, masks] : by_table) {
        context.busy(fmt::format("masking {}", table));
        apply(connection, table, masks);
    }
    transaction.commit();
    for (const auto& [table, masks] : by_table) {
        connection.query(
            fmt::format("vacuum (full, analyze) {}", pg::qualified_name(table).quoted()));
    }
    if (!by_table.empty()) {
        renew_views(connection);
    }
    return applied;
}

}  // namespace

std::size_t mask(Context& context, const std::vector<pg::Settings>& databases) {
    std::set<std::string> applied;
    for (const auto& settings : databases) {
        applied.merge(mask_one(context, settings));
    }
    for (const auto& [text, expression] : context.run().manifest.backups.masks) {
        if (!applied.contains(text)) {
            throw Error(Code::usage,
                        fmt::format("[backups.masks] names {}, which the backup does not have; "
                                    "expected a column of it",
                                    text),
                        "nothing was put in place: what was to be masked may have another name "
                        "now");
        }
    }
    return applied.size();
}

}  // namespace caisson::cli
