// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "protection/isolation/islands.h"

namespace caisson::isolation {

/// What makes a row another one to the policies: SQL by Column::name.
using Change = std::map<std::string, std::string>;

/// Values of the columns that policies ask, besides those that tell whose a row is: what they
/// compare them with, every label, both truths, NULL. First each by itself, then two at a time.
/// Pure.
std::vector<Change> changes_of(const IslandPlan& plan, const rows::Table& table,
                               const rows::Tag& tag);

}  // namespace caisson::isolation
