// SPDX-License-Identifier: Apache-2.0
/// The server's counters and settings, sessions, slots, statements.
#include <optional>

#include <fmt/format.h>

#include "drivers/pg/quote.h"
#include "operations/monitor/advice/reading.h"

namespace caisson::advice {
namespace {

/// Counters begin with the later of both resets: a crash resets the second one, too.
constexpr std::string_view database_query = R"(
select current_database() as name, d.blks_hit as hit, d.blks_read as read,
       d.temp_files as files, d.temp_bytes as bytes,
       extract(epoch from now() - greatest(d.stats_reset, b.stats_reset))::float8 as age,
       extract(epoch from now() - b.stats_reset)::float8 as checkpoints_age
  from pg_catalog.pg_stat_database d, pg_catalog.pg_stat_bgwriter b
 where d.datname = current_database())";

constexpr std::string_view wal_query = R"(
select wal_bytes::float8 as bytes,
       extract(epoch from now() - stats_reset)::float8 as age from pg_catalog.pg_stat_wal)";

constexpr std::string_view settings_query = R"(
select name, current_setting(name) as shown,
       case unit when '8kB' then setting::float8 * 8192 when 'kB' then setting::float8 * 1024
                 when 'MB' then setting::float8 * 1048576 when 'B' then setting::float8
                 when 's' then setting::float8 when 'ms' then setting::float8 / 1000
                 when 'min' then setting::float8 * 60 end as figure
  from pg_catalog.pg_settings
 where name in ('shared_buffers', 'work_mem', 'max_wal_size', 'checkpoint_timeout',
                'autovacuum_freeze_max_age', 'max_slot_wal_keep_size',
                'idle_in_transaction_session_timeout'))";

constexpr std::string_view role_settings_query = R"(
select coalesce(r.rolname, '') as role, s.setdatabase <> 0 as here,
       split_part(o.option, '=', 1) as name,
       substr(o.option, strpos(o.option, '=') + 1) as value
  from pg_catalog.pg_db_role_setting s
  left join pg_catalog.pg_roles r on r.oid = s.setrole
 cross join unnest(s.setconfig) as o (option)
 where split_part(o.option, '=', 1) in ('work_mem', 'idle_in_transaction_session_timeout')
   and (s.setrole = 0 or r.oid is not null) and s.setdatabase in (
   0, (select d.oid from pg_catalog.pg_database d where d.datname = current_database())))";

constexpr std::string_view slots_query = R"(
select slot_name as name, slot_type as kind, active, coalesce(wal_status, '') as status,
       greatest(0, coalesce(pg_catalog.pg_wal_lsn_diff(
         case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_receive_lsn()
              else pg_catalog.pg_current_wal_lsn() end, restart_lsn), 0))::bigint as retained
  from pg_catalog.pg_replication_slots where not temporary)";

constexpr std::string_view ages_query = R"(
select datname as name, pg_catalog.age(datfrozenxid)::float8 as transactions,
       pg_catalog.mxid_age(datminmxid)::float8 as multixacts
  from pg_catalog.pg_database where datallowconn)";

/// Without values: only what pg_stat_statements has made of a text, or its first word.
constexpr std::string_view sessions_query = R"(
select a.pid, coalesce(a.usename, '') as user_name, a.application_name as application,
       coalesce(a.client_addr::text, 'this machine') as client,
       extract(epoch from clock_timestamp() - a.state_change)::float8 as idle,
       extract(epoch from clock_timestamp() - a.xact_start)::float8 as transaction,
       {} as query,
       (select count(*) from pg_catalog.pg_stat_activity w
         where w.wait_event_type = 'Lock' and a.pid = any (pg_catalog.pg_blocking_pids(w.pid)))
         as blocks,
       a.backend_xmin is not null or a.backend_xid is not null as horizon,
       to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00') as started
  from pg_catalog.pg_stat_activity a
 where a.state like 'idle in transaction%' and a.datname = current_database()
   and a.pid <> pg_catalog.pg_backend_pid())";

std::optional<std::string> schema_of_extension(pg::Connection& connection, const char* name) {
    const auto rows = connection.query(
        "select n.nspname from pg_catalog.pg_extension e join pg_catalog.pg_namespace n "
        "on n.oid = e.extnamespace where e.extname = $1",
        {name});
    return rows.empty() ? std::nullopt
                        : std::optional(std::string(rows.front().text(std::size_t{0})));
}

}  // namespace

void read_server(pg::Connection& monitor, Facts& facts) {
    facts.server_version = monitor.server_version();
    const auto database = monitor.query(database_query).front();
    facts.database = database.string("name");
    facts.blocks_hit = database.integer("hit");
    facts.blocks_read = database.integer("read");
    facts.temporary_files = database.integer("files");
    facts.temporary_bytes = static_cast<std::uint64_t>(database.integer("bytes"));
    if (!database.is_null("age")) {
        facts.statistics_age = database.real("age");
    }
    if (!database.is_null("checkpoints_age")) {
        facts.checkpoints_age = database.real("checkpoints_age");
    }
    const auto checkpoints =
        monitor.query(facts.server_version >= 170'000
                          ? "select num_timed as timed, num_requested as requested from "
                            "pg_catalog.pg_stat_checkpointer"
                          : "select checkpoints_timed as timed, checkpoints_req as requested from "
                            "pg_catalog.pg_stat_bgwriter");
    facts.timed_checkpoints = checkpoints.front().integer("timed");
    facts.requested_checkpoints = checkpoints.front().integer("requested");
    if (facts.server_version >= 140'000) {
        const auto wal = monitor.query(wal_query).front();
        facts.wal_bytes = static_cast<std::uint64_t>(wal.real("bytes"));
        facts.wal_age = wal.real("age");
    }
    for (const auto row : monitor.query(settings_query)) {
        facts.settings[row.string("name")] = row.string("shown");
        if (!row.is_null("figure")) {
            facts.figures[row.string("name")] = row.real("figure");
        }
    }
    for (const auto row : monitor.query(role_settings_query)) {
        facts.role_settings.push_back(
            {row.string("role"), row.boolean("here"), row.string("name"), row.string("value")});
    }
    facts.replicas = count_replicas(monitor);
    for (const auto row : monitor.query(slots_query)) {
        facts.slots.push_back({row.string("name"), row.string("kind"), row.boolean("active"),
                               static_cast<std::uint64_t>(row.integer("retained")),
                               row.string("status")});
    }
    for (const auto row : monitor.query(ages_query)) {
        facts.ages.push_back(
            {row.string("name"), row.real("transactions"), row.real("multixacts")});
    }
}

void read_sessions(pg::Connection& monitor, Facts& facts) {
    const auto schema = schema_of_extension(monitor, "pg_stat_statements");
    const std::string first_word = "split_part(a.query, ' ', 1)";
    const auto text = schema ? fmt::format(
                                   "coalesce((select s.query from {}.pg_stat_statements s where "
                                   "s.queryid = a.query_id limit 1), {})",
                                   pg::identifier(*schema), first_word)
                             : first_word;
    for (const auto row : monitor.query(fmt::format(sessions_query, text))) {
        facts.sessions.push_back({static_cast<int>(row.integer("pid")), row.string("user_name"),
                                  row.string("application"), row.string("client"), row.real("idle"),
                                  row.real("transaction"), row.string("query"),
                                  static_cast<int>(row.integer("blocks")), row.boolean("horizon"),
                                  row.string("started")});
    }
}

void read_statements(pg::Connection& monitor, const std::vector<std::string>& own_roles,
                     Facts& facts) {
    const auto schema = schema_of_extension(monitor, "pg_stat_statements");
    if (!schema) {
        return;
    }
    const auto name = pg::identifier(*schema);
    const auto info =
        monitor
            .query(fmt::format("select dealloc, extract(epoch from now() - stats_reset)::float8 "
                               "as age from {}.pg_stat_statements_info",
                               name))
            .front();
    facts.statements_age = info.real("age");
    facts.evicted_statements = info.integer("dealloc");
    std::string roles;
    for (const auto& role : own_roles) {
        roles += (roles.empty() ? "" : ", ") + pg::literal(role);
    }
    for (const auto row : monitor.query(fmt::format(
             "select s.queryid, coalesce(r.rolname, '') as user_name, s.query, s.calls, s.rows, "
             "s.total_exec_time as time, s.temp_blks_written as temporary "
             "from {}.pg_stat_statements s left join pg_catalog.pg_roles r on r.oid = s.userid "
             "where s.dbid = (select oid from pg_catalog.pg_database where datname = "
             "current_database()) and s.toplevel and s.queryid is not null and s.query <> "
             "'<insufficient privilege>' {} order by s.total_exec_time desc limit 1000",
             name, roles.empty() ? "" : "and r.rolname not in (" + roles + ")"))) {
        facts.statements.push_back({row.integer("queryid"), row.string("user_name"),
                                    row.string("query"), row.integer("calls"), row.integer("rows"),
                                    row.real("time"), row.integer("temporary")});
    }
}

}  // namespace caisson::advice
