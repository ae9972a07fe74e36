// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// From scans to indexes that could replace them. Pure.

#include <string>
#include <vector>

#include "operations/monitor/advice/facts.h"
#include "operations/monitor/advice/plan.h"

namespace caisson::advice {

/// What a statement was seen to filter.
struct Need {
    const Statement* statement = nullptr;
    Scan scan;
    double cost = 0;       ///< Of the statement's plan; 0: not known.
    std::string source{};  ///< `plans` or `pg_qualstats`.
};

/// Indexes for these needs: columns that are compared for equality come first, those that most
/// statements share before others, then one that is compared by order. One that is the beginning of
/// another is part of it. Scans of small tables and of most of a table give none.
std::vector<Candidate> candidates_for(const std::vector<Need>& needs, const Facts& facts,
                                      const Limits& limits);

}  // namespace caisson::advice
