// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lifecycle/docs/layout.h"

namespace caisson::docs {

/// The layer of each box, from 0: a parent's is less than its children's, but for as few lines as
/// circles make necessary. Layers are at most `height` high where their boxes allow it: what does
/// not fit goes into a later one.
std::vector<int> layers_of(const std::vector<Box>& boxes, const std::vector<Line>& lines,
                           int height);

/// Between two boxes of a layer.
inline constexpr int box_gap = 22;

}  // namespace caisson::docs
