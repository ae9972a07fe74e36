// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace caisson::isolation {

/// How a plan reads a table, or one of its partitions.
struct Scan {
    std::string node;    ///< `Seq Scan`
    std::string filter;  ///< What is asked of each row; empty: nothing.
    /// All expressions that are worked out for each of its rows: the filter, and what stands in the
    /// sub-plans that it asks anew for each.
    std::string each_row;
    bool has_condition = false;  ///< An index leads to the rows.
};

/// The scans of the table that has this alias in the statement, out of EXPLAIN (FORMAT JSON). Pure.
/// Errors: those of Boost.JSON for what is no such document.
std::vector<Scan> scans_of(std::string_view document, const std::string& alias);

/// Whether an expression, as the server words it, calls the function: `public.owns`, with or
/// without its schema. Pure.
bool calls(std::string_view expression, const std::string& function);

}  // namespace caisson::isolation
