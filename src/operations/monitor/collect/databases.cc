// SPDX-License-Identifier: Apache-2.0
/// Databases: their statistics, ages and sizes.
#include "operations/monitor/collect/group.h"

namespace caisson::monitor {
namespace {

/// Writes are refused three million transactions before the end. Source: PostgreSQL, "Preventing
/// Transaction ID Wraparound Failures"; SetTransactionIdLimit(). Of many databases those that are
/// oldest and those that do most; what nobody may connect to has an age all the same.
constexpr std::string_view databases = R"sql(
select d.datname, s.numbackends as backends, d.datconnlimit as connection_limit, s.xact_commit,
       s.xact_rollback, s.blks_read, s.blks_hit, s.tup_returned, s.tup_fetched, s.tup_inserted,
       s.tup_updated, s.tup_deleted, s.conflicts, s.temp_files, s.temp_bytes, s.deadlocks,
       s.checksum_failures, s.blk_read_time / 1000 as read_seconds,
       s.blk_write_time / 1000 as write_seconds, s.active_time / 1000 as active_seconds,
       s.session_time / 1000 as session_seconds,
       s.idle_in_transaction_time / 1000 as idle_in_transaction_seconds,
       s.sessions, s.sessions_abandoned, s.sessions_fatal, s.sessions_killed,
       c.confl_tablespace, c.confl_lock, c.confl_snapshot, c.confl_bufferpin, c.confl_deadlock,
       extract(epoch from s.stats_reset)::float8 as since, age(d.datfrozenxid) as xid_age,
       100.0 * age(d.datfrozenxid) / (2147483648 - 3000000) as xid_percent,
       mxid_age(d.datminmxid) as multixact_age,
       100.0 * mxid_age(d.datminmxid) / (2147483648 - 3000000) as multixact_percent,
       d.datallowconn as is_open, count(*) over () as number
  from pg_database d join pg_stat_database s on s.datid = d.oid
  left join pg_stat_database_conflicts c on c.datid = d.oid
 order by d.datname = current_database() desc,
          least(row_number() over (order by greatest(age(d.datfrozenxid),
                                                     mxid_age(d.datminmxid)) desc),
                row_number() over (order by s.xact_commit desc)), d.oid limit $1)sql";

/// The databases that freeze last count for all, also those that nobody connects to.
constexpr std::string_view sizes = R"sql(
select datname, pg_database_size(oid)::float8 as size, number
  from (select datname, oid, count(*) over () as number from pg_database
         where datallowconn and not datistemplate
           and (has_database_privilege(oid, 'connect')
                or pg_has_role('pg_read_all_stats', 'usage'))
         order by datname = current_database() desc, oid desc limit $1) d)sql";

}  // namespace

void read_databases(Collecting& reading) {
    const auto rows = reading.connection.repeat(databases, {reading.limits.others});
    reading.count_left_out("databases", rows);
    for (const auto& row : rows) {
        const auto labels = labels_of(row, {"datname"});
        reading.add(row, labels,
                    {{"databases.xid_age", "xid_age"},
                     {"databases.xid_used_percent", "xid_percent"},
                     {"databases.multixact_age", "multixact_age"},
                     {"databases.multixact_used_percent", "multixact_percent"}});
        if (!row.boolean("is_open")) {
            continue;
        }
        reading.add(row, labels,
                    {{"databases.backends", "backends"},
                     {"databases.connection_limit", "connection_limit"},
                     {"databases.commits", "xact_commit"},
                     {"databases.rollbacks", "xact_rollback"},
                     {"databases.blocks_read", "blks_read"},
                     {"databases.blocks_hit", "blks_hit"},
                     {"databases.rows_returned", "tup_returned"},
                     {"databases.rows_fetched", "tup_fetched"},
                     {"databases.rows_inserted", "tup_inserted"},
                     {"databases.rows_updated", "tup_updated"},
                     {"databases.rows_deleted", "tup_deleted"},
                     {"databases.conflicts", "conflicts"},
                     {"databases.conflicts_tablespace", "confl_tablespace"},
                     {"databases.conflicts_lock", "confl_lock"},
                     {"databases.conflicts_snapshot", "confl_snapshot"},
                     {"databases.conflicts_pin", "confl_bufferpin"},
                     {"databases.conflicts_deadlock", "confl_deadlock"},
                     {"databases.temp_files", "temp_files"},
                     {"databases.temp_bytes", "temp_bytes"},
                     {"databases.deadlocks", "deadlocks"},
                     {"databases.checksum_failures", "checksum_failures"},
                     {"databases.read_seconds", "read_seconds"},
                     {"databases.write_seconds", "write_seconds"},
                     {"databases.active_seconds", "active_seconds"},
                     {"databases.session_seconds", "session_seconds"},
                     {"databases.idle_in_transaction_seconds", "idle_in_transaction_seconds"},
                     {"databases.sessions", "sessions"},
                     {"databases.sessions_abandoned", "sessions_abandoned"},
                     {"databases.sessions_fatal", "sessions_fatal"},
                     {"databases.sessions_killed", "sessions_killed"},
                     {"databases.since", "since"}});
    }
}

void read_sizes(Collecting& reading) {
    const auto rows = reading.connection.repeat(sizes, {reading.limits.others});
    reading.count_left_out("sizes", rows);
    for (const auto& row : rows) {
        reading.add(row, labels_of(row, {"datname"}), {{"sizes.database", "size"}});
    }
}

}  // namespace caisson::monitor
