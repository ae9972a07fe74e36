// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "drivers/pg/connection.h"
#include "lifecycle/queries/describe.h"

namespace caisson::queries {

/// Sixteen hexadecimal digits that are others once answers of queries may be: columns with their
/// types, labels of enums, domains, what stands behind views and functions. Without what Caisson
/// keeps, what extensions bring, and partitions, which come and go with the data.
std::string schema_version(pg::Connection& connection);

/// Of the answers of one query, in that schema: other SQL and other columns are another one; never
/// zero. Pure.
std::uint64_t answers_version(const Described& query, std::string_view schema_version);

}  // namespace caisson::queries
