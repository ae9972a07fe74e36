// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::queries {

/// What a statement's text tells of a column of its result.
enum class Nullness {
    unknown,   ///< It may be NULL.
    never,     ///< Computed so that it is never NULL: count(*), a constant, coalesce(…, 0).
    as_table,  ///< A table's column as it is: NOT NULL there is NOT NULL here.
};

/// For each of `columns` columns of the result. What is not understood is unknown: outer joins,
/// grouping sets, names that may be of either side. The parse tree is asked and not the plan: a
/// planner may turn a join round, and tells what it will do, not what the statement means.
/// Pure. Threads: any.
std::vector<Nullness> nullness_of(std::string_view statement, std::size_t columns);

}  // namespace caisson::queries
