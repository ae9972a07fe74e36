// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the prover of continuity found, in sentences and for machines.

#include <string>
#include <vector>

#include <boost/json/array.hpp>

#include "app/cli/context.h"

namespace caisson::cli {

/// What can be restored to a moment, of each repository that has physical sets.
struct Continuity {
    std::vector<std::string> sentences;  ///< "restorable to any moment from A to B".
    std::vector<std::string> grave;      ///< Gaps, what was archived falsely, what is damaged.
    boost::json::array windows;          ///< The same for machines.
};
Continuity continuity_of(Context& context);

}  // namespace caisson::cli
