// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Markers of the present moment, written every few seconds into each database: a restore to a
/// moment must bring back the marker of that moment, and how much older it is than the moment is
/// the most that can have been lost.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "drivers/pg/connection.h"
#include "trust/catalogue.h"

namespace caisson::backups::physical {

/// The table caisson.heartbeat, a ring: number 42.
trust::CatalogueStep heartbeat_step();
/// Its size: nearly three hours at ten seconds each.
inline constexpr int heartbeat_slots = 1000;

/// Writes the marker of now over the oldest one. Nothing, and false, on a standby, in a database
/// without the table, and where transactions are read-only. The session may write the schema.
/// Errors: cannot_connect; database_rejected.
bool beat(pg::Connection& connection, std::chrono::milliseconds interval);

struct Marker {
    std::string at;  ///< RFC 3339, of the server's clock.
    std::int64_t at_microseconds = 0;
};
/// The newest one of `moment` (RFC 3339) or before, of all where it is empty. Nothing where there
/// is none or no table.
std::optional<Marker> newest_marker(pg::Connection& connection, const std::string& moment = {});

/// How far back markers go, less what an interval may be late.
inline std::chrono::milliseconds ring_span(std::chrono::milliseconds interval) {
    return interval * heartbeat_slots * 9 / 10;
}

/// What the live database says of the newest marker that a restore to a moment must bring back.
struct ExpectedMarker {
    std::optional<Marker> newest;
    std::string unknown;  ///< Where there is none: why it cannot be told which one it was.
};
/// A marker is committed a little after it says, at most as long as its statement may take: one of
/// so much before the moment must be there.
inline constexpr std::chrono::seconds marker_delay{4};
/// The newest one of a moment (RFC 3339), by the live database. Errors: as Connection.
ExpectedMarker expected_marker(pg::Connection& live, const std::string& moment);

struct MarkerVerdict {
    bool passed = false;
    std::string detail;
};
/// Whether what a restore to the moment brought back is new enough: not older than what the live
/// database expects, and where that is not known, at most a few intervals old. A ring in which
/// nobody ever wrote is no mistake. Pure.
MarkerVerdict judge_marker(const ExpectedMarker& expected, const std::optional<Marker>& found,
                           const std::string& moment, std::chrono::milliseconds interval);

}  // namespace caisson::backups::physical
