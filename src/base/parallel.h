// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

namespace caisson {

/// Calls `work(0)` to `work(count - 1)`, as many at once as the machine has processors but at least
/// two, in any order; one item in the calling thread. All have ended when it returns.
/// Errors: of those that failed, the one with the smallest number; after a failure nothing new is
/// begun.
void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace caisson
