// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "drivers/pg/values.h"

namespace caisson::pg {

/// An interval as PostgreSQL writes it under any IntervalStyle: `1 year 2 mons -3 days
/// +04:05:06.7` (postgres), `@ 1 year 2 mons 4 hours 6.7 secs ago` (postgres_verbose), `+1-2 -3
/// +4:05:06.7` (sql_standard), `P1Y2M-3DT4H5M6.7S` (iso_8601). Tells whether the text was one.
/// Source: EncodeInterval in src/backend/utils/adt/datetime.c.
bool parse_interval(std::string_view text, Interval& interval);

/// A text that means the same under every IntervalStyle: each part has its sign, because under
/// sql_standard one that stands alone in front holds for all parts.
std::string write_interval(const Interval& interval);

}  // namespace caisson::pg
