// SPDX-License-Identifier: Apache-2.0
/// What statements filter, from pg_qualstats where it is, else from their plans; and the indexes
/// for it, tried where HypoPG is.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "operations/monitor/advice/candidates.h"
#include "operations/monitor/advice/prover.h"
#include "operations/monitor/advice/reading.h"

namespace caisson::advice {
namespace {

constexpr std::size_t most_statements = 40;

/// Filters after a scan that throw away most of what was read: at least 3,000 rows each time, and
/// 90 % of them. The strategies are those of the B-tree: 3 is equality.
constexpr std::string_view filters_query = R"(
select q.queryid, n.nspname as schema, c.relname as name, a.attname as column,
       coalesce(min(o.amopstrategy), 0) as strategy,
       1 - sum(q.nbfiltered)::float8 / greatest(sum(q.execution_count), 1) as part
  from {0}.pg_qualstats q
  join pg_catalog.pg_class c on c.oid = q.lrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = q.lrelid and a.attnum = q.lattnum
  left join pg_catalog.pg_amop o on o.amopopr = q.opno and o.amopmethod = 403
 where q.eval_type = 'f' and q.lattnum > 0
   and q.dbid = (select oid from pg_catalog.pg_database where datname = current_database())
   and {1}
 group by q.queryid, n.nspname, c.relname, a.attname
having sum(q.nbfiltered)::float8 / greatest(sum(q.occurences), 1) >= 3000
   and sum(q.nbfiltered) >= 0.9 * sum(q.execution_count))";

bool is_query(const Statement& statement) {
    const auto word = lower(trim(statement.text).substr(0, 6));
    return word == "select" || word.starts_with("with");
}

void add_filters(pg::Connection& monitor, const Facts& facts, std::vector<Need>& needs) {
    const auto schema = monitor.query(
        "select n.nspname from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid "
        "= e.extnamespace where e.extname = 'pg_qualstats'");
    if (schema.empty()) {
        return;
    }
    std::map<std::tuple<std::int64_t, std::string, std::string>, Need> found;
    for (const auto row : monitor.query(fmt::format(
             filters_query, pg::identifier(schema.front().text(std::size_t{0})), of_users))) {
        const auto statement =
            std::ranges::find(facts.statements, row.integer("queryid"), &Statement::id);
        const auto* const table = facts.table(row.string("schema"), row.string("name"));
        const auto strategy = row.integer("strategy");
        if (statement == facts.statements.end() || !table || strategy == 0) {
            continue;
        }
        auto& need = found[{statement->id, table->schema, table->name}];
        need.statement = &*statement;
        need.source = "pg_qualstats";
        need.scan.schema = table->schema;
        need.scan.table = table->name;
        const double rows = std::max(table->rows, table->live_rows) * row.real("part");
        need.scan.rows = need.scan.rows == 0 ? rows : std::min(need.scan.rows, rows);
        (strategy == 3 ? need.scan.equal : need.scan.ranged).push_back(row.string("column"));
    }
    for (auto& [key, need] : found) {
        needs.push_back(std::move(need));
    }
}

/// An index of a partition is an index of the whole.
void raise_to_parents(const Facts& facts, std::vector<Candidate>& candidates) {
    std::vector<Candidate> raised;
    for (auto& candidate : candidates) {
        const auto* const table = facts.table(candidate.schema, candidate.table);
        if (table && !table->parent.empty()) {
            const auto dot = table->parent.find('.');
            candidate.schema = table->parent.substr(0, dot);
            candidate.table = table->parent.substr(dot + 1);
        }
        const auto same = std::ranges::find_if(raised, [&](const Candidate& each) {
            return each.schema == candidate.schema && each.table == candidate.table &&
                   each.columns == candidate.columns;
        });
        if (same == raised.end()) {
            raised.push_back(std::move(candidate));
        } else {
            same->bytes += candidate.bytes;
        }
    }
    candidates = std::move(raised);
}

std::vector<const Statement*> slowest_of(const Facts& facts, const Limits& limits) {
    std::vector<const Statement*> statements;
    for (const auto& statement : facts.statements) {
        if (is_query(statement) && statement.milliseconds >= limits.statement_milliseconds &&
            statements.size() < most_statements) {
            statements.push_back(&statement);
        }
    }
    return statements;
}

}  // namespace

void find_candidates(const Sources& sources, const Limits& limits, Facts& facts) {
    const auto statements = slowest_of(facts, limits);
    facts.looked_at = statements.size();
    std::vector<Need> needs;
    attempt(facts, "pg_qualstats", [&] { add_filters(sources.monitor, facts, needs); });
    if (statements.empty() && needs.empty()) {
        return;
    }
    Prover prover(*sources.advisor);
    std::map<std::int64_t, double> costs;
    for (const auto* const statement : statements) {
        const auto plan = prover.plan(statement->text);
        if (!plan) {
            facts.unplanned.push_back({statement->id, prover.refusal()});
            continue;
        }
        costs[statement->id] = plan->cost;
        for (const auto& scan : plan->scans) {
            needs.push_back({statement, scan, plan->cost, "plans"});
        }
    }
    for (auto& need : needs) {
        const auto id = need.statement->id;
        if (!costs.contains(id)) {
            const auto plan = prover.plan(need.statement->text);
            costs[id] = plan ? plan->cost : 0;
        }
        need.cost = costs[id];
    }
    facts.candidates = candidates_for(needs, facts, limits);
    for (auto& candidate : facts.candidates) {
        prover.prove(candidate, facts);
    }
    // What was tried and is not taken is no advice.
    if (prover.can_try()) {
        std::erase_if(facts.candidates, [](const Candidate& each) { return !each.is_proven; });
    }
    raise_to_parents(facts, facts.candidates);
}

}  // namespace caisson::advice
