// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Moments as text: RFC 3339 in UTC, compared and subtracted to the microsecond. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace caisson::backups::physical {

/// Microseconds since 1970. Takes `T` or a blank between date and time, a fraction, and `Z`, an
/// offset such as +02:00, or nothing, which is UTC. Nothing for another text.
std::optional<std::int64_t> parse_moment(std::string_view text);
/// "2026-11-26T21:33:56.693123Z"; it sorts as the moments do.
std::string moment_text(std::int64_t microseconds);
/// From `from` to `to`; nothing when one of them is no moment.
std::optional<double> seconds_between(std::string_view from, std::string_view to);
/// Where a drill goes between the end of its set and how far the log reaches, both included: within
/// the last hour, and from `ring` on where the stretch goes that far, because older markers are
/// overwritten. `random` chooses.
std::string drill_moment(const std::string& from, const std::string& to, const std::string& ring,
                         std::uint64_t random);

}  // namespace caisson::backups::physical
