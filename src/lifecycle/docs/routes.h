// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lifecycle/docs/layered.h"

namespace caisson::docs {

/// The columns of a piece and the ways of its lines between them.
struct Routes {
    std::vector<int> layer_x;  ///< Of the left edge of each layer.
    int width = 0;
    std::vector<Wire> wires;  ///< By line; those that lead from a box to itself have no points.
};

/// Between two layers each net has an upright of its own, in the order in which fewest cross.
/// `loops`: layers that need room for lines from a box to itself.
Routes route(const Layered& piece, std::size_t lines, const std::vector<bool>& loops);

/// How far a line from a box to itself stands off.
inline constexpr int loop_width = 14;

}  // namespace caisson::docs
