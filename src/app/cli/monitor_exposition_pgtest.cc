// SPDX-License-Identifier: Apache-2.0
/// What is read of real servers, under the names that others' rules ask for.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "drivers/pg/connection.h"
#include "operations/monitor/collect/collector.h"
#include "operations/monitor/expose/expose.h"
#include "tests/support/cluster.h"

namespace caisson::monitor {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Rule {
    const char* name;
    std::vector<const char*> reads;  ///< The metrics of its expression.
};

/// Every rule of postgres_exporter's mixin, and of awesome-prometheus-alerts those whose metrics
/// the exporter has without queries of one's own. Source: postgres_mixin/alerts/postgres.libsonnet;
/// dist/rules/postgresql/postgres-exporter.yml.
const std::vector<Rule>& rules() {
    static const std::vector<Rule> all = {
        {"PostgreSQLMaxConnectionsReached",
         {"pg_stat_activity_count", "pg_settings_max_connections",
          "pg_settings_superuser_reserved_connections"}},
        {"PostgreSQLHighConnections",
         {"pg_stat_activity_count", "pg_settings_max_connections",
          "pg_settings_superuser_reserved_connections"}},
        {"PostgreSQLDown", {"pg_up"}},
        {"PostgreSQLSlowQueries", {"pg_stat_activity_max_tx_duration"}},
        {"PostgreSQLQPS", {"pg_stat_database_xact_commit", "pg_stat_database_xact_rollback"}},
        {"PostgreSQLCacheHitRatio", {"pg_stat_database_blks_hit", "pg_stat_database_blks_read"}},
        {"PostgresHasTooManyRollbacks",
         {"pg_stat_database_xact_commit", "pg_stat_database_xact_rollback"}},
        {"PostgresHasHighDeadLocks", {"pg_stat_database_deadlocks"}},
        {"PostgresAcquiredTooManyLocks",
         {"pg_locks_count", "pg_settings_max_locks_per_transaction",
          "pg_settings_max_connections"}},
        {"PostgresXLOGConsumptionVeryLow", {"pg_xlog_position_bytes"}},
        {"PostgresXLOGConsumptionVeryHigh",
         {"pg_xlog_position_bytes", "pg_replication_is_replica"}},
        {"PostgresReplicationStopped", {"pg_stat_replication_pg_xlog_location_diff"}},
        {"PostgresReplicationLaggingMore1Hour",
         {"pg_replication_lag", "pg_replication_is_replica"}},
        {"PostgresReplicationLagBytesAreTooLarge",
         {"pg_xlog_position_bytes", "pg_replication_is_replica"}},
        {"PostgresHasReplicationSlotUsed", {"pg_replication_slots_active"}},
        {"PostgresReplicationRoleChanged", {"pg_replication_is_replica"}},
        {"PostgresHasExporterErrors", {"pg_exporter_last_scrape_error"}},
        {"PostgresHasTooManyDeadTuples",
         {"pg_stat_user_tables_n_dead_tup", "pg_stat_user_tables_n_live_tup",
          "pg_replication_is_replica"}},
        {"PostgresTablesNotVaccumed",
         {"pg_stat_user_tables_n_dead_tup", "pg_stat_user_tables_n_live_tup",
          "pg_settings_autovacuum_vacuum_scale_factor", "pg_settings_autovacuum_vacuum_threshold"}},
        {"PostgresTooManyCheckpointsRequested",
         {"pg_stat_bgwriter_checkpoints_timed_total", "pg_stat_bgwriter_checkpoints_req_total"}},
        {"PostgresqlRestarted", {"pg_postmaster_start_time_seconds"}},
        {"PostgresqlTableNotAutoVacuumed",
         {"pg_stat_user_tables_n_tup_del", "pg_stat_user_tables_n_tup_upd",
          "pg_stat_user_tables_n_tup_hot_upd", "pg_settings_autovacuum_vacuum_threshold",
          "pg_stat_user_tables_last_autovacuum"}},
        {"PostgresqlTableNotAutoAnalyzed",
         {"pg_settings_autovacuum_analyze_threshold", "pg_stat_user_tables_last_autoanalyze"}},
        {"variables and panels of dashboards",
         {"pg_static", "pg_settings_shared_buffers_bytes", "pg_settings_effective_cache_size_bytes",
          "pg_settings_maintenance_work_mem_bytes", "pg_settings_work_mem_bytes",
          "pg_settings_max_wal_size_bytes", "pg_settings_random_page_cost",
          "pg_settings_max_worker_processes", "pg_settings_checkpoint_timeout_seconds",
          "pg_stat_database_conflicts", "pg_stat_database_conflicts_confl_lock",
          "pg_stat_database_sessions_abandoned", "pg_stat_database_sessions_fatal",
          "pg_stat_database_sessions_killed", "pg_stat_database_active_time"}},
    };
    return all;
}

std::string scraped(const test::Cluster& server) {
    Targets targets;
    targets.databases = {{"postgres", server.settings()}};
    return exposition(Collector(targets, Limits()).collect(true));
}

std::set<std::string> names_of(const std::string& text) {
    std::set<std::string> names;
    for (const auto& line : split(text, '\n')) {
        if (!line.starts_with('#')) {
            names.insert(line.substr(0, line.find_first_of("{ ")));
        }
    }
    return names;
}

class Exposition : public testing::Test {
 protected:
    test::Cluster primary;
    pg::Connection admin{primary.settings()};
};

TEST_F(Exposition, RulesOfOthersFindEveryMetricThatTheyRead) {
    admin.script(
        "create table t (a int); insert into t select generate_series(1, 9); "
        "select pg_create_physical_replication_slot('kept', true)");
    const auto replica = test::Cluster::replica_of(primary);
    admin.script("insert into t values (1)");
    const auto names = names_of(scraped(primary) + scraped(*replica));
    for (const auto& rule : rules()) {
        for (const auto* const metric : rule.reads) {
            EXPECT_TRUE(names.contains(metric)) << rule.name << " reads " << metric;
        }
    }
}

TEST_F(Exposition, SettingsAreInBytesAndSecondsAndNotThoseOfOurSession) {
    for (const auto* const change :
         {"work_mem = '5MB'", "checkpoint_timeout = '7min'", "log_min_duration_statement = -1",
          "statement_timeout = '90s'"}) {
        admin.query(std::string("alter system set ") + change);
    }
    admin.query("select pg_reload_conf()");
    while (pg::Connection(primary.settings()).query("show work_mem").front().text(0) != "5MB") {
    }
    const auto text = scraped(primary);
    EXPECT_THAT(text, HasSubstr("\npg_settings_work_mem_bytes 5242880\n"));
    EXPECT_THAT(text, HasSubstr("\npg_settings_checkpoint_timeout_seconds 420\n"));
    EXPECT_THAT(text, HasSubstr("\npg_settings_log_min_duration_statement_seconds -1\n"));
    EXPECT_THAT(text, HasSubstr("\npg_settings_wal_block_size 8192\n"));
    EXPECT_THAT(text, HasSubstr("\npg_settings_track_counts 1\n"));
    EXPECT_THAT(text, Not(HasSubstr("pg_settings_statement_timeout")))
        << "the monitor has one of its own, and would tell that";
    EXPECT_THAT(text, HasSubstr("pg_static{short_version=\"1"));
}

}  // namespace
}  // namespace caisson::monitor
