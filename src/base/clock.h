// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

namespace caisson {

/// Time since it was made, by the monotonic clock.
class Stopwatch {
 public:
    std::chrono::nanoseconds elapsed() const { return std::chrono::steady_clock::now() - start_; }

 private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// The present moment as RFC 3339 in UTC with milliseconds: 2026-03-03T08:00:00.000Z.
std::string timestamp_now();

}  // namespace caisson
