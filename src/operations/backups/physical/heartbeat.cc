// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/heartbeat.h"

#include <algorithm>

#include <fmt/format.h>

#include "operations/backups/physical/moments.h"

namespace caisson::backups::physical {
namespace {

bool has_table(pg::Connection& connection) {
    return connection.query("select to_regclass('caisson.heartbeat') is not null as is")
        .front()
        .boolean("is");
}

}  // namespace

trust::CatalogueStep heartbeat_step() {
    return {42, "markers of moments, for drills of backups", R"sql(
create table caisson.heartbeat (
    slot smallint primary key check (slot between 0 and 999),
    at   timestamptz not null
) with (fillfactor = 50);
comment on table caisson.heartbeat is
    'When the daemon was here: a ring of markers that a restore to a moment must bring back';
)sql"};
}

bool beat(pg::Connection& connection, std::chrono::milliseconds interval) {
    const bool may_write = connection
                               .query(
                                   "select not pg_is_in_recovery() and "
                                   "current_setting('transaction_read_only') = 'off' as may")
                               .front()
                               .boolean("may");
    if (!may_write || !has_table(connection)) {
        return false;
    }
    connection.query(
        "insert into caisson.heartbeat as marker (slot, at) "
        "select (extract(epoch from now) * 1000 / $1::bigint)::bigint % $2::bigint, now "
        "from clock_timestamp() as now "
        "on conflict (slot) do update set at = excluded.at",
        {std::to_string(std::max<std::int64_t>(1, interval.count())),
         std::to_string(heartbeat_slots)});
    return true;
}

std::optional<Marker> newest_marker(pg::Connection& connection, const std::string& moment) {
    if (!has_table(connection)) {
        return std::nullopt;
    }
    const auto rows = connection.query(
        "select to_char(at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as at "
        "from caisson.heartbeat where $1 = '' or at <= nullif($1, '')::timestamptz "
        "order by caisson.heartbeat.at desc limit 1",
        {moment});
    if (rows.empty()) {
        return std::nullopt;
    }
    Marker marker{rows.front().string("at"), 0};
    marker.at_microseconds = parse_moment(marker.at).value_or(0);
    return marker;
}

ExpectedMarker expected_marker(pg::Connection& live, const std::string& moment) {
    const auto parsed = parse_moment(moment);
    if (!parsed) {
        return {{}, moment + " is no moment"};
    }
    const auto before = std::chrono::microseconds(marker_delay).count();
    if (auto newest = newest_marker(live, moment_text(*parsed - before))) {
        return {std::move(newest), ""};
    }
    return {{},
            newest_marker(live) ? "the live database has only markers of later"
                                : "the live database has no marker"};
}

MarkerVerdict judge_marker(const ExpectedMarker& expected, const std::optional<Marker>& found,
                           const std::string& moment, std::chrono::milliseconds interval) {
    const auto age = found ? seconds_between(found->at, moment).value_or(0) : 0.0;
    if (expected.newest) {
        if (!found || found->at_microseconds < expected.newest->at_microseconds) {
            return {false, fmt::format("the marker of {} is not there{}", expected.newest->at,
                                       found ? ", but one of " + found->at : "")};
        }
        return {true, fmt::format("the marker of {}, {:.1f} s before the moment", found->at, age)};
    }
    if (!found) {
        return {true, fmt::format("no marker was ever written up to the moment (not compared: {})",
                                  expected.unknown)};
    }
    const std::chrono::duration<double> most = 3 * interval + marker_delay;
    return {age <= most.count(),
            fmt::format("the marker of {}, {:.1f} s before the moment (not compared: {})",
                        found->at, age, expected.unknown)};
}

}  // namespace caisson::backups::physical
