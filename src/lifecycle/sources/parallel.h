// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

namespace caisson::sources {

/// Calls `work(i)` for every i below `count`, on as many threads as the machine has cores where
/// there is enough to do. Returns when all is done; the first exception is thrown again.
void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace caisson::sources
