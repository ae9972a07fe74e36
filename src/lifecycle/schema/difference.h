// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lifecycle/schema/snapshot.h"

namespace caisson::schema {

enum class Change { missing, unexpected, changed };

/// One object that two snapshots do not agree on.
struct Difference {
    std::string kind;
    std::string name;
    Change change;
    std::string expected;  ///< Its definition; empty when it is unexpected.
    std::string found;     ///< Its definition; empty when it is missing.
};

/// Pure: what `found` has otherwise than `expected`, ordered by kind and name. What goes with a
/// table that is missing or unexpected (its columns, constraints, indexes, …) is not repeated.
std::vector<Difference> diff(const Snapshot& expected, const Snapshot& found);

std::string_view to_text(Change change);

}  // namespace caisson::schema
