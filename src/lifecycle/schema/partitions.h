// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>

#include "lifecycle/schema/snapshot.h"

namespace caisson::schema {

/// Partitions come and go with the data: those of next month are made, those of years ago retired.
/// Names of tables.
struct Partitions {
    std::set<std::string> come;  ///< In `found` only, of a table that is expected.
    std::set<std::string> gone;  ///< In `expected` only, of a table that is still there.
};

/// Pure. Partitions of partitions count as well.
Partitions partitions_between(const Snapshot& expected, const Snapshot& found);

/// The snapshot without these tables and all that is theirs.
Snapshot without_tables(Snapshot snapshot, const std::set<std::string>& tables);

}  // namespace caisson::schema
