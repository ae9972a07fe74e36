// SPDX-License-Identifier: Apache-2.0
/// Replicas: who follows, and how often they have used the indexes.
#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "operations/monitor/advice/reading.h"

namespace caisson::advice {
namespace {

/// Those that replay what a server writes: not pg_receivewal, a base backup, a logical subscriber.
constexpr std::string_view replicas_query = R"(
select count(*) as replicas from pg_catalog.pg_stat_replication r
 where r.replay_lsn is not null and not exists (
   select from pg_catalog.pg_replication_slots s
    where s.active_pid = r.pid and s.slot_type = 'logical'))";

constexpr std::string_view scans_query = R"(
select schemaname || '.' || indexrelname as index, coalesce(idx_scan, 0) as scans
  from pg_catalog.pg_stat_all_indexes where schemaname !~ '^pg_')";

/// Two names of one server have one start, to the microsecond.
constexpr std::string_view identity_query = R"(
select s.system_identifier::text as system, pg_catalog.pg_is_in_recovery() as recovering,
       extract(epoch from pg_catalog.pg_postmaster_start_time())::text as started
  from pg_catalog.pg_control_system() s)";

Identity identity_of(pg::Connection& connection) {
    const auto row = connection.query(identity_query).front();
    return {row.string("system"), row.string("started"), row.boolean("recovering")};
}

void read_replica(pg::Connection& replica, Facts& facts) {
    // Counters of a server that was made anew say nothing about the time before.
    const auto age = replica.query(
        "select extract(epoch from now() - greatest((select stats_reset from "
        "pg_catalog.pg_stat_database where datname = current_database()), stats_reset))::float8 "
        "as age from pg_catalog.pg_stat_bgwriter");
    const auto scans = replica.query(scans_query);
    // Those that follow it in turn.
    facts.replicas += count_replicas(replica);
    for (const auto row : scans) {
        facts.replica_scans[row.string("index")] += row.integer("scans");
    }
    if (facts.statistics_age && !age.front().is_null("age")) {
        facts.statistics_age = std::min(*facts.statistics_age, age.front().real("age"));
    }
    ++facts.replicas_read;
}

}  // namespace

std::string reason_against(const Identity& found, const Identity& primary,
                           const std::set<std::string>& asked) {
    if (found.system != primary.system) {
        return "it is of another cluster";
    }
    if (found.started == primary.started) {
        return "it is the server itself";
    }
    if (!found.is_recovering) {
        return "it is no replica";
    }
    return asked.contains(found.started) ? "it was asked already, by another name" : "";
}

int count_replicas(pg::Connection& connection) {
    return static_cast<int>(connection.query(replicas_query).front().integer("replicas"));
}

void read_replicas(const Sources& sources, Facts& facts) {
    facts.replicas_named = static_cast<int>(sources.replicas.size() + sources.unreachable.size());
    for (const auto& each : sources.unreachable) {
        facts.unreadable.push_back("replica " + each);
    }
    if (sources.replicas.empty()) {
        return;
    }
    const auto primary = identity_of(sources.monitor);
    std::set<std::string> asked;
    for (auto* const replica : sources.replicas) {
        std::string why;
        try {
            limit(*replica);
            const auto found = identity_of(*replica);
            why = reason_against(found, primary, asked);
            if (why.empty()) {
                read_replica(*replica, facts);
                asked.insert(found.started);
            }
        } catch (const Error& error) {
            if (error.code() == Code::interrupted) {
                throw;
            }
            why = error.message();
        }
        if (!why.empty()) {
            facts.unreadable.push_back(fmt::format("replica {}:{}: {}", replica->settings().host,
                                                   replica->settings().port, why));
        }
    }
}

}  // namespace caisson::advice
