// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// When a disk will be full, from what was free until now.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/moment.h"

namespace caisson::schedule {

/// Bytes of a file system at a moment.
struct SpaceSample {
    Moment at;
    std::uint64_t free = 0;
    std::uint64_t total = 0;
    bool operator==(const SpaceSample&) const = default;
};

/// How samples of a place are kept and read.
struct Watching {
    std::chrono::seconds interval;  ///< Between samples that are kept.
    std::chrono::seconds window;    ///< Older ones are forgotten.
};
/// The log can fill a disk within hours, backups within days.
constexpr Watching log_watching{std::chrono::minutes(1), std::chrono::hours(1)};
constexpr Watching repository_watching{std::chrono::minutes(15), std::chrono::hours(24 * 7)};

/// Oldest first, by the name of the place.
using SpaceSamples = std::map<std::string, std::vector<SpaceSample>>;
/// Adds a sample unless the newest is younger than the interval, and forgets what is too old; what
/// lies in the future was measured by a clock that was wrong. Pure.
void add(std::vector<SpaceSample>& samples, const SpaceSample& sample, const Watching& watching);

enum class Pressure { none, warning, critical };
std::string_view name_of(Pressure pressure);

struct Forecast {
    std::string place;
    std::uint64_t free = 0;
    std::uint64_t total = 0;
    /// By which it fills; the median of all slopes between two samples (Theil and Sen), which a
    /// backup that was removed, or one that is being made, does not move. 0: it does not.
    double bytes_per_second = 0;
    std::optional<std::chrono::seconds> full_in;  ///< Nothing: not as it goes now, or not known.
    bool is_beyond_reach = false;  ///< It fills, and not so soon that what was seen tells when.
    bool is_known = false;         ///< There are samples enough, over a fourth of the window.
    Pressure pressure = Pressure::none;
    std::string text;  ///< "repository local fills in 3 days: 12.0 GB free, 4.1 GB a day".
};
/// Of samples that are not empty. Critical: full within four hours, or 95 % are taken; a warning:
/// within two days, or 85 %. Pure.
Forecast forecast(const std::string& place, const std::vector<SpaceSample>& samples,
                  const Watching& watching);

std::string to_json(const SpaceSamples& samples);
/// Nothing where there is no file, or none that can be read: samples are made anew.
SpaceSamples load_samples(const fs::path& file);

}  // namespace caisson::schedule
