// SPDX-License-Identifier: Apache-2.0
/// Sessions and locks.
#include "operations/monitor/collect/group.h"

namespace caisson::monitor {
namespace {

constexpr std::string_view sessions_by_state = R"sql(
select datname, coalesce(state, 'unknown') as state, count(*) as sessions,
       coalesce(extract(epoch from max(clock_timestamp() - xact_start)), 0)::float8 as oldest,
       count(*) over () as number
  from pg_stat_activity
 where backend_type = 'client backend' and pid <> pg_backend_pid() and datname is not null
 group by 1, 2 order by count(*) desc limit $1)sql";

/// The reserved connections are not there for those who would be refused. What a session of another
/// role does is hidden from those who may not see it: its state is then NULL, and these figures
/// would be wrong rather than few. A dump holds its snapshot in an idle session, and copies in one
/// statement a table: how long that takes, the schedule of backups judges.
constexpr std::string_view sessions = R"sql(
select count(*) filter (where client) as connections,
       100.0 * count(*) filter (where client)
         / greatest(1, current_setting('max_connections')::int
                       - current_setting('superuser_reserved_connections')::int) as used_percent,
       count(*) filter (where state = 'active') as active,
       count(*) filter (where state like 'idle in transaction%') as idle,
       coalesce(extract(epoch from max(clock_timestamp() - state_change)
                                   filter (where state like 'idle in transaction%'
                                             and not backup)), 0)::float8 as longest_idle,
       coalesce(extract(epoch from max(clock_timestamp() - xact_start)
                                   filter (where not backup)), 0)::float8 as oldest,
       coalesce(extract(epoch from max(clock_timestamp() - query_start)
                                   filter (where state = 'active'
                                             and not backup)), 0)::float8 as longest,
       coalesce(max(age(backend_xmin)), 0) as snapshot_age,
       count(*) filter (where wait_event_type = 'Lock') as waiting,
       count(*) filter (where hidden) as hidden
  from (select *, backend_type = 'client backend' as client,
               coalesce(usename = any(string_to_array($1, chr(10))), false) as backup,
               query = '<insufficient privilege>' as hidden
          from pg_stat_activity
         where (backend_type in ('client backend', 'parallel worker')
                or query = '<insufficient privilege>')
           and pid <> pg_backend_pid()) s)sql";

constexpr std::string_view prepared = R"sql(
select count(*) as number,
       coalesce(extract(epoch from max(clock_timestamp() - prepared)), 0)::float8 as oldest
  from pg_prepared_xacts)sql";

constexpr std::string_view locks_by_mode = R"sql(
select coalesce(d.datname, 'none') as datname, l.mode, count(*) as held,
       count(*) over () as number
  from pg_locks l left join pg_database d on d.oid = l.database
 where l.pid is distinct from pg_backend_pid()
 group by 1, 2 order by 3 desc limit $1)sql";

/// pg_blocking_pids() takes the lock manager's own locks: it is asked only of those who wait.
constexpr std::string_view blocked = R"sql(
with waiting as (
  select pid, min(waitstart) as since, pg_blocking_pids(pid) as by
    from pg_locks where not granted and pid is not null group by pid),
blocked as (select * from waiting where cardinality(by) > 0)
select (select count(*) from blocked) as blocked,
       (select count(distinct b) from blocked, unnest(by) b
         where b <> 0 and b not in (select pid from blocked)) as blockers,
       (select coalesce(extract(epoch from max(clock_timestamp() - since)), 0)::float8
          from blocked) as longest,
       100.0 * (select count(*) from pg_locks where not fastpath)
         / (current_setting('max_locks_per_transaction')::bigint
            * (current_setting('max_connections')::bigint
               + current_setting('max_prepared_transactions')::bigint)) as used_percent)sql";

}  // namespace

void read_activity(Collecting& reading) {
    const auto most = reading.limits.others;
    const auto all = reading.connection.repeat(sessions, {reading.limits.backup_roles});
    if (const auto row = all.front(); row.integer("hidden") > 0) {
        throw Error(Code::database_rejected,
                    "what other sessions do is hidden from the role: it is not a member of "
                    "pg_monitor");
    }
    reading.add(all.front(), {},
                {{"activity.connections", "connections"},
                 {"activity.used_percent", "used_percent"},
                 {"activity.active", "active"},
                 {"activity.idle_in_transaction", "idle"},
                 {"activity.longest_idle_in_transaction", "longest_idle"},
                 {"activity.oldest_transaction", "oldest"},
                 {"activity.longest_query", "longest"},
                 {"activity.oldest_snapshot_age", "snapshot_age"},
                 {"activity.waiting_for_locks", "waiting"}});
    add_session_witnesses(reading, all.front());
    const auto by_state = reading.connection.repeat(sessions_by_state, {most});
    reading.count_left_out("activity.sessions", by_state);
    for (const auto& row : by_state) {
        reading.add(row, labels_of(row, {"datname", "state"}),
                    {{"activity.sessions", "sessions"}, {"activity.max_tx_duration", "oldest"}});
    }
    const auto left = reading.connection.repeat(prepared);
    reading.add(left.front(), {},
                {{"activity.prepared_transactions", "number"},
                 {"activity.oldest_prepared_transaction", "oldest"}});
    if (left.front().integer("number") > 0) {
        add_prepared_witness(reading);
    }
}

void read_locks(Collecting& reading) {
    const auto waiting = reading.connection.repeat(blocked);
    reading.add(waiting.front(), {},
                {{"locks.blocked", "blocked"},
                 {"locks.blockers", "blockers"},
                 {"locks.longest_wait", "longest"},
                 {"locks.table_used_percent", "used_percent"}});
    if (waiting.front().integer("blocked") > 0) {
        add_lock_witnesses(reading);
    }
    const auto by_mode = reading.connection.repeat(locks_by_mode, {reading.limits.others});
    reading.count_left_out("locks.held", by_mode);
    for (const auto& row : by_mode) {
        reading.add(row, labels_of(row, {"datname", "mode"}), {{"locks.held", "held"}});
    }
}

}  // namespace caisson::monitor
