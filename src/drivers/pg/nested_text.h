// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Arrays, composites and ranges as PostgreSQL writes them in text, cut into what they consist of.
/// Each tells whether the text was of its kind, and adds fields of text to `pieces`, which may
/// lie in `text`. Source: array_out, record_out and range_out below src/backend/utils/adt.

#include <cstdint>
#include <string_view>

#include "drivers/pg/field.h"

namespace caisson::pg {

/// {1,NULL,"a \"b\""}, [2:3]={1,2}. Where `of_arrays`, {{1},{2}} gives the fields {1} and {2}, of
/// the type of the array itself, to be cut again; otherwise such a text is refused, and an array
/// without a nested one is refused where they are asked for. An empty array gives no fields.
bool cut_array_text(std::string_view text, TypeId array, bool of_arrays, detail::Pieces& pieces);
/// (1,"b ""c""",): fields of unknown type; what is empty and without quotes is NULL.
bool cut_composite_text(std::string_view text, detail::Pieces& pieces);

/// What stands around the two bounds of a range, which are the pieces: NULL where infinite.
struct RangeText {
    bool is_empty = false;  ///< Of an empty range both bounds are NULL.
    bool includes_lower = false;
    bool includes_upper = false;
};
/// [1,5), (,"2026-11-26 00:00:00+00"], empty.
bool cut_range_text(std::string_view text, TypeId bound, RangeText& range, detail::Pieces& pieces);

}  // namespace caisson::pg
