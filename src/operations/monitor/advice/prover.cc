// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/advice/prover.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "operations/monitor/collect/typed_literals.h"

namespace caisson::advice {
namespace {

/// A generic plan, of one process, and not for long.
constexpr std::string_view circumstances =
    "set local plan_cache_mode = force_generic_plan; "
    "set local max_parallel_workers_per_gather = 0; "
    "set local statement_timeout = '2s'; set local lock_timeout = '100ms'; set local jit = off";

}  // namespace

Prover::Prover(pg::Connection& connection) : connection_(connection) {
    connection_.script(fmt::format("begin read only; {}", circumstances));
    const auto found = connection_.query(
        "select n.nspname from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid "
        "= e.extnamespace where e.extname = 'hypopg'");
    if (!found.empty()) {
        schema_ = pg::identifier(found.front().text(std::size_t{0}));
        can_try_ = true;
    }
}

Prover::~Prover() {
    try {
        connection_.script("rollback");
    } catch (...) {
        // The connection is gone, and the transaction with it.
    }
}

bool Prover::attempt(const std::string& statement) {
    try {
        connection_.script("savepoint attempt");
        // Not by script(): that would run what a text holds after a semicolon, a COMMIT as well.
        connection_.query(statement);
        connection_.script("release savepoint attempt");
        return true;
    } catch (const pg::DatabaseError& error) {
        connection_.script("rollback to savepoint attempt; release savepoint attempt");
        refusal_ = error.message();
        return false;
    }
}

bool Prover::prepare(const std::string& statement) {
    if (attempt("prepare advised as " + statement)) {
        return true;
    }
    const auto cast = monitor::with_casts(statement);
    return cast != statement && attempt("prepare advised as " + cast);
}

std::optional<Plan> Prover::plan(const std::string& statement) {
    // Prepared each time: a plan that is kept does not see what was made since.
    if (!prepare(statement)) {
        return std::nullopt;
    }
    std::optional<Plan> plan;
    connection_.script("savepoint explained");
    try {
        const auto parameters =
            connection_
                .query(
                    "select coalesce(array_length(parameter_types, 1), 0) as number from "
                    "pg_catalog.pg_prepared_statements where name = 'advised'")
                .front()
                .integer("number");
        std::string nulls;
        for (std::int64_t i = 0; i < parameters; ++i) {
            nulls += i == 0 ? "null" : ", null";
        }
        const auto explained =
            connection_.query(fmt::format("explain (format json, verbose) execute advised{}",
                                          nulls.empty() ? "" : "(" + nulls + ")"));
        plan = parse_plan(explained.front().text(std::size_t{0}));
        connection_.script("release savepoint explained");
    } catch (const pg::DatabaseError& error) {
        connection_.script("rollback to savepoint explained; release savepoint explained");
        refusal_ = error.message();
    } catch (const std::exception& error) {
        refusal_ = error.what();
        connection_.script("release savepoint explained");
        if (connection_.is_broken()) {
            throw;
        }
    }
    connection_.script("deallocate advised");
    return plan;
}

void Prover::prove(Candidate& candidate, const Facts& facts) {
    if (!can_try_) {
        return;
    }
    const auto definition =
        fmt::format("create index on {} ({})", pg::identifier(candidate.schema, candidate.table),
                    pg::identifiers(candidate.columns));
    std::string name;
    connection_.script("savepoint made");
    try {
        const auto index =
            connection_
                .query(fmt::format("select indexrelid, indexname from {}.hypopg_create_index({})",
                                   schema_, pg::literal(definition)))
                .front();
        name = index.string("indexname");
        const auto size = connection_.query(
            fmt::format("select {}.hypopg_relation_size($1::oid) as bytes", schema_),
            {index.string("indexrelid")});
        candidate.bytes = static_cast<std::uint64_t>(size.front().integer("bytes"));
        connection_.script("release savepoint made");
    } catch (const pg::DatabaseError&) {
        connection_.script("rollback to savepoint made; release savepoint made");
        attempt(fmt::format("select {}.hypopg_reset()", schema_));
        return;
    }
    for (auto& use : candidate.uses) {
        const auto statement = std::ranges::find(facts.statements, use.statement, &Statement::id);
        const auto with =
            statement == facts.statements.end() ? std::nullopt : plan(statement->text);
        if (!with || std::ranges::find(with->indexes, name) == with->indexes.end()) {
            continue;
        }
        use.after = with->cost;
        candidate.is_proven = true;
    }
    attempt(fmt::format("select {}.hypopg_reset()", schema_));
    // Statements that it does not help are no reason for it.
    if (candidate.is_proven) {
        std::erase_if(candidate.uses,
                      [](const Candidate::Use& use) { return use.after >= use.before; });
    }
}

}  // namespace caisson::advice
