// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/alerts/default_rules.h"

#include <cmath>

#include "base/text.h"
#include "operations/monitor/alerts/standbys.h"

namespace caisson::alerts {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::optional<double> given(double value) {
    return std::isnan(value) ? std::nullopt : std::optional(value);
}

std::string name_of(std::string_view metric) { return replace_all(std::string(metric), ".", "_"); }

/// A row of the table of rules.
struct Row {
    std::string_view metric;
    milliseconds hold;
    milliseconds stay;
    std::vector<std::string> causes;
    std::string_view summary;
    bool is_grave = false;
};

const std::vector<Row>& rows() {
    static const std::vector<Row> table = {
        {"server.up",
         seconds(0),
         seconds(0),
         {"host_new_oom_kills", "disks_used_percent"},
         "PostgreSQL does not answer",
         true},
        {"activity.used_percent",
         minutes(1),
         minutes(1),
         {"locks_longest_wait", "locks_blocked"},
         "{value} of the connections are in use"},
        {"activity.longest_idle_in_transaction",
         seconds(0),
         seconds(0),
         {},
         "a session has left its transaction open for {value}"},
        {"activity.oldest_transaction",
         seconds(0),
         seconds(0),
         {"activity_longest_idle_in_transaction", "locks_longest_wait"},
         "a transaction runs for {value}"},
        {"activity.oldest_prepared_transaction",
         seconds(0),
         seconds(0),
         {},
         "a prepared transaction waits for its end for {value}"},
        {"activity.longest_query",
         seconds(0),
         seconds(0),
         {"locks_longest_wait"},
         "a statement runs for {value}"},
        {"locks.blocked",
         minutes(1),
         seconds(0),
         {"activity_longest_idle_in_transaction"},
         "{value} sessions wait for others"},
        {"locks.longest_wait",
         seconds(0),
         seconds(0),
         {"activity_longest_idle_in_transaction"},
         "a session has waited for a lock for {value}"},
        {"locks.table_used_percent",
         minutes(1),
         minutes(1),
         {},
         "{value} of the table of locks are used"},
        {"replication.lag_bytes",
         minutes(2),
         minutes(1),
         {"replication_missing", "host_cpu_percent"},
         "a standby is {value} of the log behind ({labels})"},
        {"replication.replay_lag",
         minutes(2),
         minutes(1),
         {"replication_lag_bytes"},
         "a standby replays {value} late ({labels})"},
        {"replication.receiver_up", minutes(1), minutes(1), {}, "this standby receives no log"},
        {"replication.behind",
         minutes(2),
         minutes(1),
         {"replication_receiver_up"},
         "this standby is {value} behind"},
        {"slots.inactive",
         seconds(0),
         seconds(0),
         {},
         "nobody reads from a slot for {value} ({labels})"},
        {"slots.retained",
         minutes(1),
         minutes(1),
         {"slots_inactive"},
         "{value} of the log are kept for a slot ({labels})"},
        {"slots.lost",
         seconds(0),
         seconds(0),
         {"slots_retained", "slots_inactive"},
         "a slot has lost log that its reader needs ({labels})",
         true},
        {"archiver.failing",
         minutes(1),
         minutes(1),
         {"disks_used_percent"},
         "the log cannot be archived",
         true},
        {"archiver.ready",
         minutes(1),
         minutes(1),
         {"archiver_failing"},
         "{value} segments of the log wait to be archived"},
        {"archiver.longest_wait",
         seconds(0),
         seconds(0),
         {"archiver_failing"},
         "a segment of the log has waited to be archived for {value}",
         true},
        {"databases.new_checksum_failures",
         seconds(0),
         std::chrono::hours(24),
         {},
         "{value} pages have wrong checksums ({labels})"},
        {"databases.xid_used_percent",
         seconds(0),
         minutes(5),
         {},
         "{value} of the transaction ids are used ({labels})"},
        {"databases.multixact_used_percent",
         seconds(0),
         minutes(5),
         {},
         "{value} of the multixact ids are used ({labels})"},
        {"databases.rollback_percent",
         minutes(10),
         minutes(5),
         {"locks_longest_wait"},
         "{value} of the transactions are rolled back ({labels})"},
        {"databases.deadlocks_per_minute",
         minutes(2),
         minutes(5),
         {},
         "{value} deadlocks a minute ({labels})"},
        {"sequences.used_percent",
         seconds(0),
         seconds(0),
         {},
         "{value} of a sequence's numbers are used ({labels})"},
        {"host.cpu_percent", minutes(15), minutes(5), {}, "the processors are busy to {value}"},
        {"host.load_per_core",
         minutes(10),
         minutes(5),
         {"host_cpu_percent"},
         "{value} tasks wait for each processor"},
        {"host.memory_available_percent",
         minutes(5),
         minutes(5),
         {},
         "{value} of the memory are left"},
        {"host.new_oom_kills",
         seconds(0),
         minutes(30),
         {"host_memory_available_percent"},
         "the kernel has killed {value} processes for lack of memory"},
        {"disks.used_percent", minutes(1), minutes(1), {}, "a disk is full to {value} ({labels})"},
        {"disks.inodes_used_percent",
         minutes(1),
         minutes(1),
         {},
         "{value} of the files that a disk can have are there ({labels})"},
        {"disks.full_in",
         minutes(10),
         minutes(10),
         {"disks_used_percent", "archiver_failing", "slots_retained"},
         "a disk is full in {value} at this pace ({labels})"},
        {"redis.up", seconds(0), seconds(0), {"host_new_oom_kills"}, "Redis does not answer", true},
        {"redis.memory_used_percent",
         minutes(5),
         minutes(5),
         {},
         "Redis uses {value} of its memory"},
        {"redis.new_rejected",
         seconds(0),
         minutes(10),
         {},
         "Redis has refused {value} connections"},
        {"redis.save_ok",
         seconds(0),
         seconds(0),
         {"disks_used_percent"},
         "Redis could not write its last snapshot",
         true},
        {"redis.append_ok",
         seconds(0),
         seconds(0),
         {"disks_used_percent"},
         "Redis could not write its log",
         true},
        {"pgbouncer.up",
         seconds(0),
         seconds(0),
         {"host_new_oom_kills"},
         "PgBouncer does not answer ({labels})",
         true},
        {"backups.failing",
         seconds(0),
         seconds(0),
         {"archiver_failing", "disks_used_percent"},
         "a backup job has failed ({labels})",
         true},
        {"backups.alarm",
         seconds(0),
         seconds(0),
         {"backups_failing"},
         "a backup job has not succeeded when it should have ({labels})",
         true},
        {"pool.waiting",
         minutes(1),
         minutes(1),
         {"server_up", "activity_used_percent", "locks_longest_wait"},
         "{value} requests wait for room in the pool ({labels})"},
        {"pool.new_timeouts",
         seconds(0),
         minutes(5),
         {"server_up", "activity_used_percent", "locks_longest_wait"},
         "{value} requests got no room in the pool ({labels})"},
        {"http.failed_percent",
         minutes(2),
         minutes(2),
         {"server_up", "redis_up"},
         "{value} of the daemon's requests fail"},
        {"http.p99",
         minutes(2),
         minutes(2),
         {"server_up", "redis_up", "host_cpu_percent"},
         "the slowest of 100 requests of the daemon takes {value}"},
        {"migrations.pending",
         minutes(10),
         seconds(0),
         {},
         "{value} migrations are not applied ({labels})"},
        {"migrations.unfinished",
         minutes(1),
         seconds(0),
         {},
         "{value} migrations have stopped in the middle ({labels})"},
        {"cache.new_load_failures",
         minutes(2),
         minutes(5),
         {"server_up", "redis_up"},
         "{value} loads of the cache have failed"},
    };
    return table;
}

std::vector<Rule> make_rules() {
    std::vector<Rule> rules;
    for (const auto& row : rows()) {
        const auto& metric = monitor::metric(row.metric);
        Rule rule;
        rule.name = name_of(row.metric);
        rule.metric = row.metric;
        rule.below = metric.threshold.bad == monitor::Bad::below;
        rule.warning = given(metric.threshold.warning);
        rule.critical = given(metric.threshold.critical);
        rule.hold = row.hold;
        rule.stay = row.stay;
        rule.causes = row.causes;
        rule.summary = row.summary;
        rule.page = "#" + rule.name;
        rule.is_grave = row.is_grave;
        set_clear(rule);
        rules.push_back(std::move(rule));
    }
    // What cannot be read is not fine: after five minutes somebody should know.
    Rule blind;
    blind.name = "unreadable";
    blind.metric = "monitor.unread";
    blind.warning = 300;
    blind.clear_warning = 300;
    blind.causes = {"server_up", "redis_up"};
    blind.summary = "{labels} could not be read for {value}";
    blind.page = "#unreadable";
    rules.push_back(std::move(blind));
    // A standby that is gone has no figures: that it was there is what we know (standbys.h).
    Rule missing;
    missing.name = "replication_missing";
    missing.metric = standbys_missing;
    missing.warning = 1;
    missing.hold = minutes(1);
    missing.stay = minutes(1);
    missing.settle = minutes(10);
    missing.summary = "a standby that was there streams no more ({labels})";
    missing.page = "#" + missing.name;
    set_clear(missing);
    rules.push_back(std::move(missing));
    return rules;
}

}  // namespace

const std::vector<Rule>& default_rules() {
    static const std::vector<Rule> rules = make_rules();
    return rules;
}

const std::map<std::string_view, std::string_view>& advice_only() {
    static const std::map<std::string_view, std::string_view> metrics = {
        {"server.pending_restart", "waits for a restart that somebody plans"},
        {"checkpoints.requested_percent", "costs time, and is advice"},
        {"databases.hit_percent", "costs time, and is advice"},
        {"databases.new_temp_files", "costs time, and is advice"},
        {"tables.index_use_percent", "costs time, and is advice"},
        {"tables.dead_percent", "costs time and space, and is advice"},
        {"tables.vacuum_age", "costs time and space, and is advice"},
        {"bloat.bytes", "costs space, and is advice"},
        {"bloat.percent", "costs space, and is advice"},
        {"indexes.invalid", "costs time, and is advice"},
    };
    return metrics;
}

}  // namespace caisson::alerts
