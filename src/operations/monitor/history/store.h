// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The tables of the history. Private to this module.

#include <unordered_map>

#include "operations/monitor/history/history.h"
#include "operations/monitor/history/packing.h"
#include "operations/monitor/history/sqlite.h"

namespace caisson::monitor {

using Ms = std::int64_t;  ///< Milliseconds since the epoch.
inline constexpr Ms minute_ms = 60'000;
inline constexpr Ms hour_ms = 3'600'000;
inline constexpr Ms day_ms = 86'400'000;
inline constexpr std::size_t hour_minutes = 60;
inline constexpr std::size_t day_hours = 24;

/// The start of the stretch that the moment is in.
constexpr Ms floor_to(Ms moment, Ms stretch) { return moment - (moment % stretch); }
std::string text_of_labels(const Labels& labels);
Labels labels_of_text(std::string_view text);

/// Of an hour: how many figures, and what they were.
struct HourFigures {
    double count = 0;
    double sum = 0;
    double least = 0;
    double most = 0;
    void add(double value);
    void add(const HourFigures& other);
};
/// A day's row: mean, least, most and count of each hour.
std::string pack_day(const std::vector<HourFigures>& hours);
std::vector<HourFigures> unpack_day(std::string_view bytes);

/// What a row of the file holds; nothing when it is damaged. SQLite sees damage of its own pages
/// only, and one row is not worth the history.
template <typename Read>
auto intact(const Read& read) -> std::optional<decltype(read())> {
    try {
        return read();
    } catch (const Error&) {
        return std::nullopt;
    }
}

/// An open file. Threads: one at a time.
struct History::Store {
    Store(const fs::path& given, const HistoryLimits& bounds);
    bool is_same_file() const;
    std::int64_t series(std::string_view metric, const Labels& labels);
    /// Compares a moment with those of the samples that are there, before one of it is added. A
    /// daemon may have begun with a wrong clock: that is a gap, and what is from the future makes
    /// way.
    void meet_clock(Ms now);
    void add_gap(Ms at, std::string_view what, std::string_view why);
    void add_sample(Ms at, std::vector<Numbered> figures);
    /// Brings minutes and hours up to `now`, from where they ended.
    void roll_up(Ms now);
    /// Samples beyond the limit go; then what is too old, unless the clock has jumped within a day.
    void prune(Ms now);
    void limit_bytes();
    std::uint64_t used_bytes();
    Ms rolled() const { return rolled_; }

    fs::path file;
    HistoryLimits limits;
    Sqlite database;
    std::unordered_map<std::string, std::int64_t> ids;
    std::unordered_map<std::int64_t, bool> wide;

 private:
    void make_tables();
    void load();
    void set_rolled(Ms moment);
    void go_back(Ms at);
    void roll_minutes(const std::map<std::pair<std::int64_t, Ms>, HourFigures>& by_minute);
    void roll_hours(const std::map<std::pair<std::int64_t, Ms>, HourFigures>& by_hour);
    bool is_clock_sure(Ms now);
    std::vector<float> minutes_of(Statement& found, Ms hour);
    std::vector<HourFigures> hours_of(Statement& found, Ms day);
    void forget_unused_series();
    void limit_series();
    void forget(const std::vector<std::int64_t>& gone);

    /// When a series was used last, counted in uses of any: clocks jump.
    std::unordered_map<std::int64_t, std::uint64_t> used_;
    std::uint64_t uses_ = 0;
    std::uint64_t inode_ = 0;
    Ms rolled_ = 0;  ///< Up to here samples are in minutes and hours.
    Ms pruned_ = 0;
};

}  // namespace caisson::monitor
