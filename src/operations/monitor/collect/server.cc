// SPDX-License-Identifier: Apache-2.0
/// The server as a whole: its log, archive, checkpoints, standbys, slots.
#include <fmt/format.h>

#include "operations/monitor/collect/group.h"

namespace caisson::monitor {
namespace {

constexpr std::string_view server = R"sql(
select extract(epoch from pg_postmaster_start_time())::float8 as started,
       pg_is_in_recovery()::int as standby, current_setting('server_version_num')::int as version,
       current_setting('max_connections')::int as max_connections,
       version() as release,
       format('%s.%s.0', current_setting('server_version_num')::int / 10000,
              current_setting('server_version_num')::int % 10000) as short_release,
       (select count(*) from pg_settings where pending_restart) as pending_restart)sql";

/// With postgres_exporter's names: the unit is part of it, and -1 is a word and no size. What our
/// own session or role has otherwise is not the server's value, and that one cannot be seen.
/// max_connections is read with every sample.
constexpr std::string_view settings = R"sql(
select regexp_replace(name, '[^a-zA-Z0-9_]', '_', 'g')
       || case when factor is null then '' when unit in ('ms', 's', 'min') then '_seconds'
               else '_bytes' end as name,
       case when vartype = 'bool' then (setting = 'on')::int
            when setting::float8 = -1 then -1
            else setting::float8 * coalesce(factor, 1) end::float8 as value
  from (select *, case unit when 'ms' then 0.001 when 's' then 1 when 'min' then 60 when 'B' then 1
                      else pg_size_bytes(case when unit ~ '^[0-9]' then unit
                                              else '1 ' || unit end) end as factor
          from pg_settings
         where vartype in ('bool', 'integer', 'real')
           and source not in ('client', 'session', 'user', 'database user')
           and name not like 'transaction\_%' and name not in ('is_superuser', 'max_connections')
         order by name limit 600) s)sql";

/// Standbys that cannot be told apart are one, as late as the latest of them. Their state is no
/// label: one that falls behind and catches up is the same standby. What copies the log and
/// replays nothing (pg_basebackup, pg_receivewal) is none, nor is a subscriber.
constexpr std::string_view senders = R"sql(
select coalesce(application_name, '') as application_name,
       coalesce(host(client_addr), 'local') as client_addr,
       count(*) filter (where state = 'streaming') as streaming,
       count(*) filter (where state in ('streaming', 'catchup') and replay_lsn is not null
                          and not exists (select from pg_replication_slots s
                                           where s.active_pid = r.pid and s.slot_type = 'logical'))
         as connected,
       max(pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_receive_lsn()
                            else pg_current_wal_lsn() end,
                       coalesce(replay_lsn, flush_lsn)))::float8 as behind,
       max(coalesce(extract(epoch from replay_lag),
                case when pg_wal_lsn_diff(case when pg_is_in_recovery()
                                               then pg_last_wal_receive_lsn()
                                               else pg_current_wal_lsn() end, replay_lsn) <= 0
                     then 0 end))::float8 as lag, count(*) over () as number
  from pg_stat_replication r group by 1, 2 order by behind desc nulls last limit $1)sql";

/// A standby that does not stream has replayed all that it received, and is behind all the same.
constexpr std::string_view standby = R"sql(
select exists (select from pg_stat_wal_receiver where status = 'streaming')::int as up,
       case when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
            else extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())
       end::float8 as behind)sql";

constexpr std::string_view slots = R"sql(
select slot_name, slot_type, active::int as active,
       pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn()
                            else pg_current_wal_lsn() end, restart_lsn)::float8 as retained,
       greatest(age(xmin), age(catalog_xmin)) as xmin_age,
       (wal_status = 'lost')::int as lost, {}::float8 as inactive, count(*) over () as number
  from pg_replication_slots order by 4 desc nulls last limit $1)sql";

/// A command that is empty holds the log, and /bin/true lets it go (a private server's, until its
/// first physical backup): neither archives.
constexpr std::string_view archiver = R"sql(
select enabled::int as enabled, archived_count as archived,
       failed_count as failed,
       (last_failed_time is not null
        and (last_archived_time is null or last_failed_time > last_archived_time))::int as failing,
       case when enabled
            then extract(epoch from clock_timestamp() - last_archived_time) end::float8 as age
  from pg_stat_archiver,
       (select current_setting('archive_mode') <> 'off'
               and (current_setting('archive_mode') = 'always' or not pg_is_in_recovery())
               and current_setting('archive_command') not in ('', '(disabled)', '/bin/true')
                   as enabled) as setting)sql";

constexpr std::string_view ready =
    "select count(*) as ready, coalesce(greatest(0, extract(epoch from clock_timestamp() - "
    "min(modification))), 0)::float8 as longest from pg_ls_archive_statusdir() where name like "
    "'%.ready'";

constexpr std::string_view directory =
    "select count(*) as segments, coalesce(sum(size), 0)::float8 as size from pg_ls_waldir() "
    "where name ~ '^[0-9A-F]{24}$'";

constexpr std::string_view vacuum = R"sql(
select (select count(*) from pg_stat_progress_vacuum) as running,
       (select count(*) from pg_stat_activity where backend_type = 'autovacuum worker') as workers,
       100.0 * (select count(*) from pg_stat_activity where backend_type = 'autovacuum worker')
         / current_setting('autovacuum_max_workers')::int as percent)sql";

}  // namespace

void read_server(Collecting& reading) {
    const auto row = reading.connection.repeat(server).front();
    reading.sample.add(
        "server.release", 1,
        {{"short_version", row.string("short_release")}, {"version", row.string("release")}});
    reading.add(row, {},
                {{"server.started_at", "started"},
                 {"server.standby", "standby"},
                 {"server.version", "version"},
                 {"server.max_connections", "max_connections"},
                 {"server.pending_restart", "pending_restart"}});
}

void read_settings(Collecting& reading) {
    for (const auto& row : reading.connection.repeat(settings)) {
        reading.add(row, labels_of(row, {"name"}), {{"settings.value", "value"}});
    }
}

void read_replication(Collecting& reading) {
    const auto rows = reading.connection.repeat(senders, {reading.limits.others});
    reading.count_left_out("replication", rows);
    std::int64_t streaming = 0;
    for (const auto& row : rows) {
        streaming += row.integer("streaming");
        reading.add(row, labels_of(row, {"application_name", "client_addr"}),
                    {{"replication.lag_bytes", "behind"},
                     {"replication.replay_lag", "lag"},
                     {"replication.connected", "connected"}});
    }
    reading.sample.add("replication.senders", static_cast<double>(streaming));
    if (reading.connection.repeat("select pg_is_in_recovery() as standby")
            .front()
            .boolean("standby")) {
        const auto row = reading.connection.repeat(standby).front();
        reading.add(row, {}, {{"replication.receiver_up", "up"}});
        if (row.integer("up") == 1) {
            reading.add(row, {}, {{"replication.behind", "behind"}});
        } else {
            reading.sample.unknowns.push_back(
                {"replication.behind", {}, "the standby does not stream"});
        }
    }
}

void read_slots(Collecting& reading) {
    const auto* const since =
        reading.version() >= 17 ? "extract(epoch from clock_timestamp() - inactive_since)" : "null";
    const auto rows = reading.connection.repeat(fmt::format(slots, since), {reading.limits.others});
    reading.count_left_out("slots", rows);
    for (const auto& row : rows) {
        reading.add(row, labels_of(row, {"slot_name", "slot_type"}),
                    {{"slots.active", "active"},
                     {"slots.retained", "retained"},
                     {"slots.xmin_age", "xmin_age"},
                     {"slots.lost", "lost"},
                     {"slots.inactive", "inactive"}});
    }
}

void read_archiver(Collecting& reading) {
    const auto row = reading.connection.repeat(archiver).front();
    reading.add(row, {},
                {{"archiver.enabled", "enabled"},
                 {"archiver.archived", "archived"},
                 {"archiver.failed", "failed"},
                 {"archiver.failing", "failing"},
                 {"archiver.last_archive_age", "age"}});
    const auto waiting = reading.connection.repeat(ready).front();
    reading.add(waiting, {}, {{"archiver.ready", "ready"}});
    if (row.integer("enabled") == 1) {
        reading.add(waiting, {}, {{"archiver.longest_wait", "longest"}});
    }
}

void read_wal(Collecting& reading) {
    // Times of the log moved to pg_stat_io in version 18.
    const auto* const times = reading.version() >= 18
                                  ? "null::float8 as write, null::float8 as sync"
                                  : "wal_write_time / 1000 as write, wal_sync_time / 1000 as sync";
    const auto row =
        reading.connection
            .query(fmt::format(
                "select wal_bytes::float8 as bytes, wal_records as records, wal_fpi as images, "
                "wal_buffers_full as full, {}, pg_wal_lsn_diff(case when pg_is_in_recovery() then "
                "pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, '0/0')::float8 as "
                "position from pg_stat_wal",
                times))
            .front();
    reading.add(row, {},
                {{"wal.written", "bytes"},
                 {"wal.records", "records"},
                 {"wal.full_page_images", "images"},
                 {"wal.buffers_full", "full"},
                 {"wal.write_seconds", "write"},
                 {"wal.sync_seconds", "sync"},
                 {"wal.position", "position"}});
    reading.add(reading.connection.repeat(directory).front(), {},
                {{"wal.size", "size"}, {"wal.segments", "segments"}});
}

void read_checkpoints(Collecting& reading) {
    const bool is_new = reading.version() >= 17;
    const auto row =
        reading.connection
            .query(is_new ? "select num_timed as timed, num_requested as requested, write_time / "
                            "1000 as write, sync_time / 1000 as sync, buffers_written as buffers, "
                            "null as backend, null as fsync, b.buffers_clean as clean, "
                            "b.maxwritten_clean as stopped, b.buffers_alloc as alloc from "
                            "pg_stat_checkpointer, pg_stat_bgwriter b"
                          : "select checkpoints_timed as timed, checkpoints_req as requested, "
                            "checkpoint_write_time / 1000 as write, checkpoint_sync_time / 1000 "
                            "as sync, buffers_checkpoint as buffers, buffers_backend as backend, "
                            "buffers_backend_fsync as fsync, buffers_clean as clean, "
                            "maxwritten_clean as stopped, buffers_alloc as alloc from "
                            "pg_stat_bgwriter")
            .front();
    reading.add(row, {},
                {{"checkpoints.timed", "timed"},
                 {"checkpoints.requested", "requested"},
                 {"checkpoints.write_seconds", "write"},
                 {"checkpoints.sync_seconds", "sync"},
                 {"checkpoints.buffers", "buffers"},
                 {"checkpoints.buffers_clean", "clean"},
                 {"checkpoints.maxwritten_clean", "stopped"},
                 {"checkpoints.buffers_backend", "backend"},
                 {"checkpoints.backend_fsync", "fsync"},
                 {"checkpoints.buffers_alloc", "alloc"}});
}

void read_vacuum(Collecting& reading) {
    reading.add(reading.connection.repeat(vacuum).front(), {},
                {{"vacuum.running", "running"},
                 {"vacuum.workers", "workers"},
                 {"vacuum.workers_percent", "percent"}});
}

}  // namespace caisson::monitor
