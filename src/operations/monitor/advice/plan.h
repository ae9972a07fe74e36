// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a plan says about tables that are read from end to end. Pure.
/// Source: PostgreSQL, "Using EXPLAIN"; the format is that of EXPLAIN (FORMAT JSON, VERBOSE).

#include <string>
#include <string_view>
#include <vector>

namespace caisson::advice {

/// A sequential scan with a filter.
struct Scan {
    std::string schema;
    std::string table;
    std::vector<std::string> equal;   ///< Columns that are compared with one value.
    std::vector<std::string> ranged;  ///< With <, >, and the like.
    double rows = 0;                  ///< That remain, as the planner thinks.
    bool operator==(const Scan&) const = default;
};

struct Plan {
    double cost = 0;  ///< Of the whole, in the planner's units.
    std::vector<Scan> scans;
    std::vector<std::string> indexes;  ///< That it uses.
};

/// Errors: std::exception for what is no plan.
Plan parse_plan(std::string_view json);

/// The columns in a filter such as `((o.customer = $1) AND (o.at >= $2))` that one index could
/// serve: comparisons of a column of `alias` with something that is none of its columns. What is
/// below an OR or within a function serves no index.
void conditions_of(std::string_view filter, std::string_view alias, Scan& scan);

}  // namespace caisson::advice
