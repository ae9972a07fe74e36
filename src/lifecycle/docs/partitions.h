// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lifecycle/docs/inventory.h"

namespace caisson::docs {

/// Partitions for ranges of time are made as time goes on, by migrations too: which are there
/// depends on the day. Documents tell them by their series, `events_NNNN_NN`, in which every figure
/// is an N. Another partition is its own name.
std::string series_of(const Partition& partition);

/// The partitions of a table, those of a series in one row. Nothing where it has none.
std::string partitions_section(const Table& table);

}  // namespace caisson::docs
