// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/queries.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "drivers/pg/quote.h"
#include "drivers/pg/statement.h"
#include "operations/monitor/collect/redaction.h"

namespace caisson::monitor {
namespace {

constexpr std::size_t longest_text = 4'000;

/// Times of blocks have had two names. Only this database's and the whole server's statements can
/// be told apart by name where the role may see them all.
std::string snapshot_query(const std::string& schema, int version) {
    const auto* const prefix = version >= 170'000 ? "shared_blk" : "blk";
    return fmt::format(
        "select queryid, userid::bigint as userid, dbid::bigint as dbid, toplevel, calls, "
        "total_exec_time / 1000 as seconds, power(stddev_exec_time / 1000, 2) * calls as squares, "
        "max_exec_time / 1000 as longest, plans, total_plan_time / 1000 as plan_seconds, rows, "
        "shared_blks_hit as hit, shared_blks_read as read, shared_blks_dirtied as dirtied, "
        "shared_blks_written as written, temp_blks_read + temp_blks_written as temp, "
        "{0}_read_time / 1000 as read_seconds, {0}_write_time / 1000 as write_seconds, "
        "wal_bytes::float8 as wal from {1}.pg_stat_statements(false) where queryid is not null",
        prefix, schema);
}

StatementFigures figures_of(const pg::Row& row) {
    StatementFigures figures;
    figures.calls = row.real("calls");
    figures.seconds = row.real("seconds");
    figures.squares = row.real("squares");
    figures.longest = row.real("longest");
    figures.plans = row.real("plans");
    figures.plan_seconds = row.real("plan_seconds");
    figures.rows = row.real("rows");
    figures.blocks_hit = row.real("hit");
    figures.blocks_read = row.real("read");
    figures.blocks_dirtied = row.real("dirtied");
    figures.blocks_written = row.real("written");
    figures.temp_blocks = row.real("temp");
    figures.read_seconds = row.real("read_seconds");
    figures.write_seconds = row.real("write_seconds");
    figures.wal_bytes = row.real("wal");
    return figures;
}

}  // namespace

std::string Queries::find_extension(pg::Connection& connection) {
    const auto found = connection.repeat(
        "select n.nspname, current_database() as datname from pg_extension e "
        "join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pg_stat_statements'");
    if (found.empty()) {
        throw Error(Code::database_rejected,
                    "the extension pg_stat_statements is not in the database: add it to its "
                    "extensions in caisson.toml");
    }
    return pg::identifier(found.front().text("nspname"));
}

StatementSnapshot Queries::snapshot(pg::Connection& connection, const std::string& schema) {
    StatementSnapshot taken;
    const auto info = [&] {
        return connection.repeat(
            fmt::format("select dealloc, extract(epoch from stats_reset)::float8 as since "
                        "from {}.pg_stat_statements_info",
                        schema));
    };
    const auto before = info();
    taken.since = before.front().real("since");
    taken.evicted = before.front().real("dealloc");
    for (const auto& row : connection.repeat(snapshot_query(schema, connection.server_version()))) {
        const StatementKey key{
            row.integer("queryid"), static_cast<std::uint32_t>(row.integer("userid")),
            static_cast<std::uint32_t>(row.integer("dbid")), row.boolean("toplevel")};
        taken.entries.emplace(key, figures_of(row));
    }
    taken.evicted_after = info().front().real("dealloc");
    return taken;
}

Query Queries::query_of(const StatementKey& key) const {
    const auto name_of = [](const auto& names, std::uint32_t id) {
        const auto found = names.find(id);
        return found == names.end() ? std::to_string(id) : found->second;
    };
    Query query;
    query.id = key.query;
    query.user = name_of(users_, key.user);
    query.database = name_of(databases_, key.database);
    return query;
}

/// Texts of all statements lie in one file, which is read as a whole: once for those that are new.
void Queries::read_texts(pg::Connection& connection, const std::string& schema, std::size_t most) {
    std::set<std::int64_t> shown;
    std::string unknown;
    for (const auto* list : {&costliest_, &ever_}) {
        for (const auto& query : *list) {
            if (shown.insert(query.id).second && !texts_.contains(query.id)) {
                unknown += (unknown.empty() ? "" : ",") + std::to_string(query.id);
            }
        }
    }
    if (!unknown.empty()) {
        for (const auto& row : connection.query(
                 fmt::format("select queryid, min(left(query, {})) as query from "
                             "{}.pg_stat_statements(true) where queryid = any($1::bigint[]) "
                             "group by queryid",
                             longest_text, schema),
                 {"{" + unknown + "}"})) {
            texts_[row.integer("queryid")] = without_constants(normalise_lines(row.text("query")));
        }
    }
    if (texts_.size() > 4 * most + 100) {
        std::erase_if(texts_, [&](const auto& each) { return !shown.contains(each.first); });
    }
    for (auto* list : {&costliest_, &ever_}) {
        for (auto& query : *list) {
            const auto found = texts_.find(query.id);
            query.text = found == texts_.end() ? "" : found->second;
        }
    }
}

void Queries::read_names(pg::Connection& connection) {
    users_.clear();
    databases_.clear();
    for (const auto& row : connection.repeat("select oid::bigint as id, rolname from pg_roles")) {
        users_[static_cast<std::uint32_t>(row.integer("id"))] = row.string("rolname");
    }
    for (const auto& row :
         connection.repeat("select oid::bigint as id, datname from pg_database")) {
        databases_[static_cast<std::uint32_t>(row.integer("id"))] = row.string("datname");
    }
}

/// What was done since the reading before.
void Queries::take_uses(const StatementDifference& difference, const Limits& limits,
                        Sample& sample) {
    costliest_.clear();
    std::size_t slow = 0;
    const double threshold = std::chrono::duration<double>(limits.slow_query).count();
    for (const auto& use : difference.uses) {
        const bool is_slow = use.figures.mean() >= threshold;
        slow += is_slow ? 1 : 0;
        if (costliest_.size() < limits.queries) {
            auto& query = costliest_.emplace_back(query_of(use.key));
            query.figures = use.figures;
            query.total = history_.last()->entries.at(use.key);
            query.is_at_least = use.is_at_least;
            query.is_slow = is_slow;
        }
    }
    if (difference.is_comparable) {
        sample.add("statements.slow", static_cast<double>(slow));
    }
}

/// Those that cost the most since statistics run have series: they change seldom.
void Queries::take_totals(const Limits& limits, Sample& sample) {
    const auto& entries = history_.last()->entries;
    std::vector<std::pair<double, StatementKey>> ranking;
    for (const auto& [key, figures] : entries) {
        ranking.emplace_back(figures.seconds, key);
    }
    const auto shown = std::min(limits.queries, ranking.size());
    std::ranges::partial_sort(ranking, ranking.begin() + static_cast<std::ptrdiff_t>(shown),
                              std::greater<>());
    ever_.clear();
    std::map<Labels, StatementFigures> series;
    for (std::size_t i = 0; i < shown; ++i) {
        const auto& total = entries.at(ranking[i].second);
        auto& query = ever_.emplace_back(query_of(ranking[i].second));
        query.total = total;
        query.is_slow = total.mean() >= std::chrono::duration<double>(limits.slow_query).count();
        // One statement at the top level and within functions is one series.
        auto& sum = series[{{"user", query.user},
                            {"datname", query.database},
                            {"queryid", std::to_string(query.id)}}];
        sum.calls += total.calls;
        sum.seconds += total.seconds;
        sum.rows += total.rows;
        sum.read_seconds += total.read_seconds;
        sum.write_seconds += total.write_seconds;
    }
    for (const auto& [labels, sum] : series) {
        sample.add("statements.calls", sum.calls, labels);
        sample.add("statements.seconds", sum.seconds, labels);
        sample.add("statements.rows", sum.rows, labels);
        sample.add("statements.read_seconds", sum.read_seconds, labels);
        sample.add("statements.write_seconds", sum.write_seconds, labels);
    }
}

void Queries::read(pg::Connection& connection, const Limits& limits, Sample& sample) {
    const auto schema = find_extension(connection);
    auto taken = snapshot(connection, schema);
    read_names(connection);
    const auto tracked = static_cast<double>(taken.entries.size());
    const auto most = connection.repeat(
        "select coalesce(current_setting('pg_stat_statements.max', true), '5000')::float8 as most, "
        "coalesce(current_setting('pg_stat_statements.track_planning', true), 'off') = 'on' as "
        "plans");
    has_plans_ = most.front().boolean("plans");
    sample.add("statements.tracked", tracked);
    sample.add("statements.tracked_percent", 100 * tracked / most.front().real("most"));
    sample.add("statements.evicted", taken.evicted);
    sample.add("statements.since", taken.since);
    const auto difference = history_.add(std::move(taken));
    if (!difference.gap.empty()) {
        sample.gaps.push_back({"statements", difference.gap});
    }
    take_uses(difference, limits, sample);
    take_totals(limits, sample);
    read_texts(connection, schema, limits.queries);
}

}  // namespace caisson::monitor
