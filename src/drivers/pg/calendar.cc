// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/calendar.h"

namespace caisson::pg {
namespace {

// Years begin in March here, so that the day of a leap year is the last of its year. Source:
// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
constexpr std::int64_t days_in_era = 146'097;  ///< Of 400 years.
constexpr std::int64_t era_of_1970 = 719'468;  ///< Days from 0000-03-01 to 1970-01-01.
constexpr std::int64_t most_years = 9'999'999;

bool is_leap(std::int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

unsigned days_in(std::int64_t year, unsigned month) {
    if (month == 2) {
        return is_leap(year) ? 29 : 28;
    }
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

std::int64_t floored(std::int64_t value, std::int64_t divisor) {
    return (value >= 0 ? value : value - divisor + 1) / divisor;
}

}  // namespace

bool is_valid(const CivilDate& date) {
    return date.year >= -most_years && date.year <= most_years && date.month >= 1 &&
           date.month <= 12 && date.day >= 1 && date.day <= days_in(date.year, date.month);
}

std::int64_t days_of(const CivilDate& date) {
    const auto year = date.year - (date.month <= 2 ? 1 : 0);
    const auto era = floored(year, 400);
    const auto year_of_era = year - era * 400;
    const auto day_of_year = (153 * ((std::int64_t{date.month} + 9) % 12) + 2) / 5 + date.day - 1;
    const auto day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * days_in_era + day_of_era - era_of_1970;
}

CivilDate date_of(std::int64_t days) {
    const auto shifted = days + era_of_1970;
    const auto era = floored(shifted, days_in_era);
    const auto day_of_era = shifted - era * days_in_era;
    const auto year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const auto day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const auto month_from_march = (5 * day_of_year + 2) / 153;
    const auto month =
        static_cast<unsigned>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month,
            static_cast<unsigned>(day_of_year - (153 * month_from_march + 2) / 5 + 1)};
}

}  // namespace caisson::pg
