// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/alerts/first_step.h"

#include <map>

namespace caisson::alerts {

std::string_view first_step(std::string_view rule) {
    static const std::map<std::string_view, std::string_view> steps = {
        {"server_up", "read the server's log; caisson up starts a private server"},
        {"activity_used_percent", "caisson monitor locks: end what the others wait for"},
        {"activity_longest_idle_in_transaction",
         "end the session: select pg_terminate_backend(pid)"},
        {"activity_oldest_transaction", "end it, or cut its work into batches"},
        {"activity_oldest_prepared_transaction",
         "see pg_prepared_xacts: commit prepared, or rollback prepared"},
        {"activity_longest_query", "caisson monitor queries; then select pg_cancel_backend(pid)"},
        {"locks_blocked", "caisson monitor locks: end the roots of its trees"},
        {"locks_longest_wait", "caisson monitor locks: end the roots of its trees"},
        {"locks_table_used_percent", "find transactions that touch very many tables"},
        {"replication_lag_bytes", "look at the standby's disk, network and processor"},
        {"replication_replay_lag", "look for a query on the standby that holds replay back"},
        {"replication_missing",
         "start the standby; for good: caisson monitor standbys --forget NAME"},
        {"replication_receiver_up", "read this standby's log; mend its connection to the primary"},
        {"replication_behind", "look at this standby's disk, network and processor"},
        {"slots_inactive", "start its reader, or drop the slot: the log is kept for it"},
        {"slots_retained", "start its reader, or drop the slot: the log is kept for it"},
        {"slots_lost", "drop the slot, and make its replica or subscription again"},
        {"archiver_failing", "caisson backup check; the server's log has the command's words"},
        {"archiver_longest_wait", "caisson backup doctor; does the archive's disk answer?"},
        {"archiver_ready", "caisson backup doctor: it is slower than the writes, or fails"},
        {"databases_new_checksum_failures", "stop writing; restore from a backup that was proven"},
        {"databases_xid_used_percent", "end old transactions and slots, then vacuum (freeze)"},
        {"databases_multixact_used_percent",
         "end old transactions and slots, then vacuum (freeze)"},
        {"databases_rollback_percent", "read the application's log: it fails again and again"},
        {"databases_deadlocks_per_minute", "lock rows in one order everywhere: by key"},
        {"sequences_used_percent", "make its column bigint: caisson monitor advise has the SQL"},
        {"host_cpu_percent", "caisson monitor queries: what costs most"},
        {"host_load_per_core", "caisson monitor queries; look for a slow disk"},
        {"host_memory_available_percent", "fewer connections, less work_mem; see what else grows"},
        {"host_new_oom_kills", "see what was killed: journalctl -k"},
        {"disks_used_percent", "make room on the disk, never in pg_wal; see slots and archiving"},
        {"disks_inodes_used_percent", "remove small files from the disk, never in pg_wal"},
        {"disks_full_in", "make room on the disk, never in pg_wal; see slots and archiving"},
        {"redis_up", "read Redis' log; caisson up starts a private server"},
        {"redis_memory_used_percent", "caisson cache audit: keys that live for ever"},
        {"redis_new_rejected", "fewer clients, or a higher maxclients"},
        {"redis_save_ok", "make room on its disk, and memory for the copy"},
        {"redis_append_ok", "make room on its disk"},
        {"pgbouncer_up", "start its service; its log says why it ended"},
        {"backups_failing", "caisson backup doctor"},
        {"backups_alarm", "caisson backup create, then caisson backup doctor"},
        {"pool_waiting", "caisson monitor queries: what holds connections for long"},
        {"pool_new_timeouts", "caisson monitor queries: what holds connections for long"},
        {"http_failed_percent", "read daemon.log: requests with a status of 500 and more"},
        {"http_p99", "read daemon.log: ms of the requests; caisson monitor queries"},
        {"migrations_pending", "caisson migrate status, then caisson migrate up"},
        {"migrations_unfinished", "caisson migrate status says where; mend it, then migrate up"},
        {"cache_new_load_failures", "read the application's log: it loads what the cache asks for"},
        {"unreadable", "caisson monitor summary says why; caisson provision mends rights"},
    };
    const auto found = steps.find(rule);
    return found == steps.end() ? std::string_view() : found->second;
}

}  // namespace caisson::alerts
