// SPDX-License-Identifier: Apache-2.0
/// The server's counters and settings, sessions, slots, sequences, statements.
#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

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

constexpr std::string_view settings_query = R"(
select name, current_setting(name) as shown,
       case unit when '8kB' then setting::float8 * 8192 when 'kB' then setting::float8 * 1024
                 when 'MB' then setting::float8 * 1048576 when 'B' then setting::float8
                 when 's' then setting::float8 when 'ms' then setting::float8 / 1000
                 when 'min' then setting::float8 * 60 end as figure
  from pg_catalog.pg_settings
 where name in ('shared_buffers', 'work_mem', 'max_wal_size', 'checkpoint_timeout',
                'autovacuum_freeze_max_age', 'max_slot_wal_keep_size'))";

/// What holds in this database comes after what holds in all.
constexpr std::string_view role_settings_query = R"(
select r.rolname as role, substr(o.option, 10) as value
  from pg_catalog.pg_db_role_setting s
  join pg_catalog.pg_roles r on r.oid = s.setrole
 cross join unnest(s.setconfig) as o (option)
 where o.option like 'work\_mem=%' and s.setdatabase in (
   0, (select d.oid from pg_catalog.pg_database d where d.datname = current_database()))
 order by s.setdatabase)";

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

/// The column that takes a sequence's numbers may be narrower than the sequence. Reading a sequence
/// locks it until the transaction ends, and the table of locks is everybody's: so a page of them at
/// a time.
constexpr std::string_view sequences_query = R"(
with c as materialized (
  select c.oid, n.nspname, c.relname, q.*
    from pg_catalog.pg_sequence q
    join pg_catalog.pg_class c on c.oid = q.seqrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.oid > $1::oid and {} order by c.oid limit $2)
select c.oid::bigint as id, c.nspname as schema, c.relname as name,
       case when pg_catalog.has_sequence_privilege(c.oid, 'select,usage')
            then pg_catalog.pg_sequence_last_value(c.oid) end as last,
       case when c.seqincrement > 0 then c.seqmin else c.seqmax end as first,
       case when c.seqincrement > 0 then c.seqmax else c.seqmin end as "limit",
       c.seqincrement as increment, c.seqcycle as cycle,
       pg_catalog.format_type(c.seqtypid, null) as type,
       o.table_schema, o.table_name, o.column_name, o.column_type
  from c
  left join lateral (
    select tn.nspname as table_schema, t.relname as table_name, a.attname as column_name,
           pg_catalog.format_type(a.atttypid, null) as column_type
      from (select d.refobjid as relid, d.refobjsubid as attnum
              from pg_catalog.pg_depend d
             where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid
               and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjsubid > 0
               and d.deptype in ('a', 'i')
            union all
            select f.adrelid, f.adnum from pg_catalog.pg_depend d
              join pg_catalog.pg_attrdef f on f.oid = d.objid
             where d.classid = 'pg_catalog.pg_attrdef'::regclass and d.refobjid = c.oid
               and d.refclassid = 'pg_catalog.pg_class'::regclass) owner
      join pg_catalog.pg_class t on t.oid = owner.relid
      join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
      join pg_catalog.pg_attribute a on a.attrelid = owner.relid and a.attnum = owner.attnum
     limit 1) o on true
 order by c.oid)";
constexpr std::size_t page_of_sequences = 200;

std::optional<std::string> schema_of_extension(pg::Connection& connection, const char* name) {
    const auto rows = connection.query(
        "select n.nspname from pg_catalog.pg_extension e join pg_catalog.pg_namespace n "
        "on n.oid = e.extnamespace where e.extname = $1",
        {name});
    return rows.empty() ? std::nullopt
                        : std::optional(std::string(rows.front().text(std::size_t{0})));
}

std::int64_t narrowest(std::int64_t limit, const std::string& type) {
    std::int64_t most = std::numeric_limits<std::int64_t>::max();
    if (type == "integer") {
        most = std::numeric_limits<std::int32_t>::max();
    } else if (type == "smallint") {
        most = std::numeric_limits<std::int16_t>::max();
    }
    return limit > 0 ? std::min(limit, most) : std::max(limit, -most - 1);
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
    for (const auto row : monitor.query(settings_query)) {
        facts.settings[row.string("name")] = row.string("shown");
        if (!row.is_null("figure")) {
            facts.figures[row.string("name")] = row.real("figure");
        }
    }
    for (const auto row : monitor.query(role_settings_query)) {
        facts.role_work_mem[row.string("role")] = row.string("value");
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

namespace {

/// Which one the last of a page is; nothing after the last page.
std::optional<std::int64_t> read_page_of_sequences(pg::Connection& advisor, std::int64_t after,
                                                   Facts& facts) {
    const auto rows =
        advisor.query(fmt::format(sequences_query, of_users), {after, page_of_sequences});
    for (const auto row : rows) {
        after = row.integer("id");
        Sequence sequence{.schema = row.string("schema"),
                          .name = row.string("name"),
                          .first = row.integer("first"),
                          .limit = row.integer("limit"),
                          .increment = row.integer("increment"),
                          .cycles = row.boolean("cycle"),
                          .type = row.string("type")};
        if (!row.is_null("last")) {
            sequence.last = row.integer("last");
        }
        if (!row.is_null("column_name")) {
            sequence.column_table =
                pg::identifier(row.string("table_schema"), row.string("table_name"));
            sequence.column_name = pg::identifier(row.string("column_name"));
            sequence.column = sequence.column_table + "." + sequence.column_name;
            const auto type = row.string("column_type");
            if (narrowest(sequence.limit, type) != sequence.limit || type == sequence.type) {
                sequence.column_type = type;
                sequence.limit = narrowest(sequence.limit, type);
            }
        }
        facts.sequences.push_back(std::move(sequence));
    }
    return rows.size() < page_of_sequences ? std::nullopt : std::optional(after);
}

}  // namespace

void read_sequences(pg::Connection& advisor, Facts& facts) {
    std::optional<std::int64_t> last = 0;
    while (last) {
        last = read_page_of_sequences(advisor, *last, facts);
    }
    std::ranges::sort(facts.sequences, {},
                      [](const Sequence& each) { return std::pair(each.schema, each.name); });
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
