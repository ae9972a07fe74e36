// SPDX-License-Identifier: Apache-2.0
/// Rows about Caisson itself, beside ages of backups (catalogue_host.cc): what the daemon adds to a
/// sample. Some it exposes itself, too, under the same name and labels (expose/exposition.cc).
#include <array>

#include "operations/monitor/sample/catalogue_rows.h"

namespace caisson::monitor {
namespace {

using enum Kind;
using enum Unit;

constexpr auto rows = std::to_array<Metric>({
    // backups: runs of jobs, drills included
    {"backups.succeeded", counter, count, "job", "Runs of a scheduled job that succeeded.",
     "[backups.schedule]"},
    {"backups.failed", counter, count, "job", "Runs of it that failed.", "[backups.schedule]"},
    {"backups.success_percent", gauge, percent, "job",
     "Of its runs since it became known, those that succeeded; from its first run on.",
     "[backups.schedule]"},
    {"backups.took", gauge, seconds, "job", "What its newest success took.", "[backups.schedule]"},
    {"backups.restore_seconds", gauge, seconds, "",
     "What the newest drill that passed needed from nothing to answering: the recovery time.",
     "the drill's receipt"},
    {"backups.lost_seconds", gauge, seconds, "",
     "What it lost before the moment it restored to: the recovery point.", "the drill's receipt"},

    // pool
    {"pool.in_use", gauge, count, "database", "Connections of the daemon's pool at work.",
     "the daemon"},
    {"pool.max", gauge, count, "database", "Connections that it may have.", "the daemon"},
    {"pool.waiting", gauge, count, "database", "Requests that wait for room in it.", "the daemon",
     above(1, none, "HikariCP: threads that await a connection")},
    {"pool.timeouts", counter, count, "database", "Requests that got no room in time.",
     "the daemon"},
    {"pool.refused", counter, count, "database", "Requests refused because too many waited.",
     "the daemon"},
    {"pool.new_timeouts", gauge, count, "database",
     "Requests that got no room, since the last sample.", "the daemon",
     above(1, none, "HikariCP: connection timeouts")},

    // http
    {"http.answered", counter, count, "", "Requests answered.", "the daemon"},
    {"http.failed", counter, count, "", "Of them, those with a status of 500 and more.",
     "the daemon"},
    {"http.failed_percent", gauge, percent, "",
     "Their share since the last sample; from 20 requests on.", "the daemon",
     above(5, none, "awesome-prometheus-alerts")},
    {"http.per_second", gauge, per_second, "", "Requests since the last sample.", "the daemon"},
    {"http.p99", gauge, seconds, "",
     "What 99 of 100 requests since the last sample took at most; from 20 requests on.",
     "the daemon", above(3, none, "awesome-prometheus-alerts")},

    // migrations
    {"migrations.applied", gauge, count, "database", "Migrations applied.", "caisson.migrations"},
    {"migrations.pending", gauge, count, "database", "Migrations not yet applied.",
     "caisson.migrations", above(1, none, "the platform's files")},
    {"migrations.unfinished", gauge, count, "database",
     "Migrations that stopped in the middle, outside of a transaction.", "caisson.migrations",
     above(none, 1, "caisson.migrations")},

    // cache
    {"cache.kept", counter, count, "pattern", "Values that the cache had, wherever.",
     "the cache's counters in Redis"},
    {"cache.misses", counter, count, "pattern", "Values that had to be loaded for who asked.",
     "the cache's counters in Redis"},
    {"cache.load_failures", counter, count, "pattern", "Loads that failed.",
     "the cache's counters in Redis"},
    {"cache.hit_percent", gauge, percent, "",
     "Values that the cache had, since the last sample; from 100 questions on.",
     "the cache's counters in Redis"},
    {"cache.new_load_failures", gauge, count, "", "Loads that failed since the last sample.",
     "the cache's counters in Redis", above(1, none, "the cache serves old values meanwhile")},
});

}  // namespace

std::span<const Metric> own_rows() { return rows; }

}  // namespace caisson::monitor
