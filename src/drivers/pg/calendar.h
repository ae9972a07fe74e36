// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Days and dates as far as PostgreSQL counts them: std::chrono::year ends with 32767, a date of
/// the server with 5874897. Private to this module.

#include <cstdint>

namespace caisson::pg {

/// A date of the Gregorian calendar, extended to before it was made; year 0 is 1 BC.
struct CivilDate {
    std::int64_t year = 1970;
    unsigned month = 1;
    unsigned day = 1;
    bool operator==(const CivilDate&) const = default;
};

/// Whether there is such a day, in a year of at most seven digits.
bool is_valid(const CivilDate& date);
/// Days since 1970-01-01, of a valid date.
std::int64_t days_of(const CivilDate& date);
CivilDate date_of(std::int64_t days);

}  // namespace caisson::pg
