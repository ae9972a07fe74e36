// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/database_metrics.h"

#include <future>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"

namespace caisson::daemon {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view query = R"sql(
select pg_database_size(d.datid) as size, a.connections, a.active, a.idle_in_transaction, a.waiting,
       current_setting('max_connections')::bigint as max_connections, a.oldest,
       d.xact_commit as committed, d.xact_rollback as rolled_back,
       d.blks_hit::float8 / nullif(d.blks_hit + d.blks_read, 0) as hit_ratio, d.deadlocks,
       d.temp_bytes, d.tup_returned as returned,
       d.tup_inserted + d.tup_updated + d.tup_deleted as written,
       to_char(d.stats_reset at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as since
  from pg_stat_database d
  cross join lateral (
      select count(*) as connections, count(*) filter (where state = 'active') as active,
             count(*) filter (where state like 'idle in transaction%') as idle_in_transaction,
             count(*) filter (where wait_event_type = 'Lock') as waiting,
             extract(epoch from max(clock_timestamp() - xact_start))::float8 as oldest
        from pg_stat_activity
       where datid = d.datid and backend_type = 'client backend' and pid <> pg_backend_pid()) a
 where d.datname = current_database())sql";

void read(const pg::Rows& rows, DatabaseFigures& figures) {
    const auto row = rows.front();
    const auto integer = [&](std::string_view column) { return row.get<std::int64_t>(column); };
    figures.size_bytes = integer("size");
    figures.connections = integer("connections");
    figures.active = integer("active");
    figures.idle_in_transaction = integer("idle_in_transaction");
    figures.waiting_for_locks = integer("waiting");
    figures.max_connections = integer("max_connections");
    figures.oldest_transaction_seconds = row.get<std::optional<double>>("oldest");
    figures.committed = integer("committed");
    figures.rolled_back = integer("rolled_back");
    figures.cache_hit_ratio = row.get<std::optional<double>>("hit_ratio");
    figures.deadlocks = integer("deadlocks");
    figures.temp_bytes = integer("temp_bytes");
    figures.rows_returned = integer("returned");
    figures.rows_written = integer("written");
    figures.statistics_since = row.get<std::optional<std::string>>("since").value_or("");
}

std::future<pg::Rows> ask(const Database& database, Pools& pools) {
    auto settings = database.monitor.user.empty() ? database.settings : database.monitor;
    settings.connect_limit = 2s;
    return pools.query_once(std::move(settings), std::string(query), 5s);
}

boost::json::value value_of(const std::optional<double>& number) {
    return number ? boost::json::value(*number) : boost::json::value(nullptr);
}

boost::json::object json_of(const DatabaseFigures& figures) {
    boost::json::object object{{"name", figures.name},
                               {"status", figures.is_reachable ? "connected" : "unreachable"}};
    if (figures.is_reachable) {
        object["size_bytes"] = figures.size_bytes;
        object["connections"] = {{"total", figures.connections},
                                 {"active", figures.active},
                                 {"idle_in_transaction", figures.idle_in_transaction},
                                 {"waiting_for_locks", figures.waiting_for_locks},
                                 {"max", figures.max_connections}};
        object["oldest_transaction_seconds"] = value_of(figures.oldest_transaction_seconds);
        object["transactions"] = {{"committed", figures.committed},
                                  {"rolled_back", figures.rolled_back}};
        object["cache_hit_ratio"] = value_of(figures.cache_hit_ratio);
        object["deadlocks"] = figures.deadlocks;
        object["temp_bytes"] = figures.temp_bytes;
        object["rows"] = {{"returned", figures.rows_returned}, {"written", figures.rows_written}};
        object["statistics_since"] = figures.statistics_since.empty()
                                         ? boost::json::value(nullptr)
                                         : boost::json::value(figures.statistics_since);
    }
    const auto& stats = figures.pool.stats;
    object["pool"] = {{"size", stats.lanes},
                      {"idle", stats.idle},
                      {"in_use", figures.pool.in_use()},
                      {"waiting", stats.waiting},
                      {"max", figures.pool.max},
                      {"opened", stats.opened},
                      {"not_opened", stats.not_opened},
                      {"broken", stats.broken},
                      {"timeouts", stats.timeouts}};
    return object;
}

}  // namespace

std::vector<DatabaseFigures> figures_of(const std::vector<Database>& databases, Pools& pools) {
    std::vector<std::future<pg::Rows>> answers;
    for (const auto& database : databases) {
        answers.push_back(ask(database, pools));
    }
    std::vector<DatabaseFigures> all;
    for (std::size_t i = 0; i < databases.size(); ++i) {
        auto& figures = all.emplace_back();
        figures.name = databases[i].name;
        figures.pool = pools.figures(i);
        try {
            read(answers[i].get(), figures);
            figures.is_reachable = true;
        } catch (const Error& error) {
            log::warning("metrics_unknown", {{"name", figures.name}, {"error", error.message()}});
        }
    }
    return all;
}

std::string metrics_body(const std::string& platform, const std::string& environment,
                         const std::vector<DatabaseFigures>& databases,
                         const std::string& monitor) {
    boost::json::array list;
    for (const auto& figures : databases) {
        list.push_back(json_of(figures));
    }
    boost::json::object body{{"platform", platform},
                             {"environment", environment},
                             {"at", timestamp_now()},
                             {"databases", std::move(list)}};
    if (!monitor.empty()) {
        body["monitor"] = boost::json::parse(monitor);
    }
    return json_text(body) + "\n";
}

}  // namespace caisson::daemon
