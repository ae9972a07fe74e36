// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protection/isolation/islands.h"

namespace caisson::isolation {

/// What a column of that name refers to in other tables: a table of tenants and its column. Pure.
std::optional<TableColumn> namesake(const IslandPlan& plan, const std::string& bare);

/// Tables of tenants, parents before children, by foreign keys or by the names of columns; a circle
/// is cut somewhere. Pure.
std::vector<const rows::Table*> ordered(const IslandPlan& plan);

}  // namespace caisson::isolation
