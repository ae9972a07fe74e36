// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// When something is due: the five fields of cron, in UTC, where no hour is missing or comes twice.
/// Pure. Source: crontab(5); POSIX, crontab.

#include <bitset>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace caisson::platform {

using Moment = std::chrono::sys_seconds;

class Cron {
 public:
    /// "30 2 * * 0", "*/15 8-18 * * mon-fri", "@daily". Nothing when it is no such text, or names a
    /// day that never comes (30 February).
    static std::optional<Cron> parse(std::string_view text);

    /// The first moment after `moment` at which it is due.
    Moment next(Moment moment) const;
    /// The last moment up to `moment` at which it was due.
    Moment last(Moment moment) const;
    const std::string& text() const { return text_; }

    // Its fields, for who writes them in another language.
    const std::bitset<60>& at_minutes() const { return minutes_; }
    const std::bitset<24>& at_hours() const { return hours_; }
    const std::bitset<32>& on_days() const { return days_; }
    const std::bitset<13>& in_months() const { return months_; }
    const std::bitset<7>& on_weekdays() const { return weekdays_; }  ///< From Sunday on.
    /// Whether one of day and weekday suffices, because both are restricted.
    bool is_either_day() const { return !any_day_ && !any_weekday_; }

 private:
    bool has_day(std::chrono::sys_days day) const;
    Moment scan(Moment from, int step) const;

    std::string text_;
    std::bitset<60> minutes_;
    std::bitset<24> hours_;
    std::bitset<32> days_;
    std::bitset<13> months_;
    std::bitset<7> weekdays_;
    /// As cron has it: where both days are restricted, one of them suffices.
    bool any_day_ = false;
    bool any_weekday_ = false;
};

}  // namespace caisson::platform
