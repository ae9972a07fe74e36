// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "drivers/pg/connection.h"
#include "lifecycle/queries/describe.h"

namespace caisson::queries {

/// Sixteen hexadecimal digits that are others once answers of queries may be: columns, types, views
/// and functions with all that belongs to them (options of a view, `security definer`, settings),
/// policies and whether they are looked at. Without what Caisson keeps, what extensions bring, and
/// partitions, which come and go with the data. In the words of schema::snapshot(), which are the
/// same for each major version of the server as far as it knows their differences.
std::string schema_version(pg::Connection& connection);

/// Of the answers of one query, in that schema: other SQL and other columns are another one; never
/// zero. Pure.
std::uint64_t answers_version(const Described& query, std::string_view schema_version);

}  // namespace caisson::queries
