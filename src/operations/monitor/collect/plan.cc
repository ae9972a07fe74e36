// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/plan.h"

#include <fmt/format.h>

#include "base/error.h"
#include "drivers/pg/quote.h"
#include "operations/monitor/collect/typed_literals.h"

namespace caisson::monitor {

std::optional<std::string> statement_text(pg::Connection& connection, std::int64_t id) {
    const auto found = connection.query(
        "select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace "
        "where e.extname = 'pg_stat_statements'");
    if (found.empty()) {
        throw Error(Code::database_rejected,
                    "the extension pg_stat_statements is not in the database: add it to its "
                    "extensions in caisson.toml");
    }
    const auto rows = connection.query(
        fmt::format("select query from {}.pg_stat_statements(true) where queryid = $1 limit 1",
                    pg::identifier(found.front().text("nspname"))),
        {id});
    return rows.empty() || rows.front().is_null("query")
               ? std::nullopt
               : std::optional(rows.front().string("query"));
}

namespace {

void prepare(pg::Connection& connection, const std::string& text) {
    connection.query("savepoint written");
    try {
        connection.query("prepare caisson_plan as " + text);
    } catch (const pg::DatabaseError&) {
        const auto cast = with_casts(text);
        if (cast == text) {
            throw;
        }
        connection.query("rollback to savepoint written");
        connection.query("prepare caisson_plan as " + cast);
    }
}

}  // namespace

std::string generic_plan(pg::Connection& connection, const std::string& text) {
    // What is prepared is one statement, as it goes by the extended protocol; rolled back, the
    // settings are as they were.
    const pg::Transaction transaction(connection, "begin read only");
    connection.query("set local plan_cache_mode = force_generic_plan");
    prepare(connection, text);
    std::string plan;
    try {
        const auto parameters = connection
                                    .query(
                                        "select cardinality(parameter_types) as number from "
                                        "pg_prepared_statements where name = 'caisson_plan'")
                                    .front()
                                    .integer("number");
        std::string nulls;
        for (std::int64_t i = 0; i < parameters; ++i) {
            nulls += i == 0 ? "null" : ", null";
        }
        for (const auto& row : connection.query("explain execute caisson_plan" +
                                                (nulls.empty() ? nulls : "(" + nulls + ")"))) {
            plan += std::string(row.text(0)) + "\n";
        }
    } catch (...) {
        if (!connection.is_broken()) {
            connection.script("rollback; deallocate caisson_plan; begin");
        }
        throw;
    }
    connection.query("deallocate caisson_plan");
    return plan;
}

}  // namespace caisson::monitor
